// A result that comes piece by piece, on its way to the client: the next piece is asked for when the one before has been
// compressed and taken. Pieces that are there without waiting are compressed together.
//
// It is an iterator by hand and no async generator: a generator that waits can't be told that the client has left, and would
// keep the memory of its encoder for as long as the application waits.

import { Buffer } from 'node:buffer';
import { setImmediate as turn } from 'node:timers/promises';
import { type Chunk, ContractError, FileResult, type Result } from '@fapws/core';
import type { Answer } from './answer.ts';
import { bytesOf, isChunk, isIterable, slicesOf } from './content.ts';
import { GivenUp } from './encoder.ts';
import { Coded, Open, Plain } from './stage.ts';

/** Octets that are compressed together. */
const batchLength = 65_536;
/** Pieces that a result may give before others get their turn. */
const batchPieces = 1024;

const end: IteratorReturnResult<undefined> = { done: true, value: undefined };
const nothing: IteratorYieldResult<Chunk> = { done: false, value: '' };

export class Pieces implements AsyncIterableIterator<Chunk, undefined> {
  readonly #answer: Answer;
  readonly #result: Result;
  #iterator: Iterator<unknown> | AsyncIterator<unknown> | null = null;
  #isAsync = false;
  /** Whether the result has no more pieces, or must not be asked for any. */
  #exhausted = false;
  /** What is to be compressed. */
  #slices: Iterator<Uint8Array> | null = null;
  /** What can be sent. */
  readonly #ready: Chunk[] = [];
  /** Why there will be no more, when what was given before that is sent. */
  #failure: { readonly error: unknown } | null;
  #over = false;

  /** @param failure what has failed already: nothing is sent, and the result is closed */
  constructor(answer: Answer, result: Result, failure: { readonly error: unknown } | null = null) {
    this.#answer = answer;
    this.#result = result;
    this.#failure = failure;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Chunk, undefined>> {
    try {
      for (;;) {
        const ready = this.#ready.shift();
        if (ready !== undefined) return { done: false, value: ready };
        // What was made has been sent by now.
        this.#answer.passTurn();
        if (this.#over) return end;
        const slice = this.#slices?.next();
        if (slice?.done === false) await this.#encode(slice.value);
        else if (this.#failure !== null) throw this.#failure.error;
        else if (this.#exhausted || this.#answer.isOverrun) await this.#finish();
        else if (!(await this.#pull())) return nothing;
      }
    } catch (error) {
      // Nobody is there any more.
      if (!(error instanceof GivenUp)) throw error;
      this.#over = true;
      return end;
    }
  }

  async #encode(slice: Uint8Array): Promise<void> {
    await this.#answer.takeTurn();
    this.#ready.push(...(await this.#answer.encode(slice)));
  }

  async #finish(): Promise<void> {
    if (this.#answer.stage === Coded) this.#ready.push(...(await this.#answer.finish()));
    this.#over = true;
  }

  /** @returns false if there was nothing, so that whoever counts can let others have their turn */
  #pull(): Promise<boolean> {
    this.#iterator ??= this.#iterate();
    return this.#isAsync
      ? this.#pullOne(this.#iterator)
      : this.#pullMany(this.#iterator as Iterator<unknown>);
  }

  #iterate(): Iterator<unknown> | AsyncIterator<unknown> {
    const result: unknown = this.#result;
    if (result instanceof FileResult) {
      this.#isAsync = true;
      return result.blocks(this.#answer.room);
    }
    if (result === null || result === undefined || isChunk(result)) return [result].values();
    if (!isIterable(result)) {
      throw new ContractError(
        'FAPWS_RESULT',
        `An application returned a ${typeof result}. Return a string, bytes, an iterable of them, or nothing.`,
      );
    }
    this.#isAsync = Symbol.asyncIterator in result;
    return Symbol.asyncIterator in result ? result[Symbol.asyncIterator]() : result[Symbol.iterator]();
  }

  async #pullOne(iterator: Iterator<unknown> | AsyncIterator<unknown>): Promise<boolean> {
    const piece = checkedPiece(await this.#step(iterator));
    if (this.#over) return true;
    if (piece === null || piece.length === 0) {
      // It may be the end of what has had no content at all.
      if (this.#exhausted && this.#answer.stage === Open) await this.#settle([]);
      return this.#exhausted;
    }
    if (this.#answer.stage === Open) this.#answer.beginStream();
    if (this.#answer.stage === Coded) this.#slices = slicesOf(bytesOf(piece));
    else this.#ready.push(piece);
    return true;
  }

  async #pullMany(iterator: Iterator<unknown>): Promise<boolean> {
    const answer = this.#answer;
    let most = batchLength;
    let octets = 0;
    try {
      for (let count = 0; count < batchPieces && octets <= most && !this.#exhausted; count += 1) {
        const piece = checkedPiece(this.#stepNow(iterator));
        if (piece === null || piece.length === 0) continue;
        if (answer.stage === Open && octets === 0) {
          // Content without a head is for the server to complain of.
          if (answer.hasHead) most = Math.min(answer.syncLimit, answer.room);
          else answer.beginStream();
        }
        if (answer.stage === Plain) {
          this.#ready.push(piece);
          return true;
        }
        const bytes = bytesOf(piece);
        answer.pend(bytes);
        octets += bytes.length;
      }
    } catch (error) {
      // What was given before goes out before, if anything has gone out at all.
      if (answer.stage === Open) throw error;
      this.#failure = { error };
    }
    const pending = answer.takePending();
    if (pending.length === 0 && !this.#exhausted) await turn();
    else if (answer.stage === Open && this.#exhausted) await this.#settle(pending);
    else {
      if (answer.stage === Open) answer.beginStream();
      if (answer.stage === Coded) this.#slices = slicesOf(joined(pending));
      else this.#ready.push(...pending);
    }
    return true;
  }

  /** All of the content is there. */
  async #settle(pieces: readonly Uint8Array[]): Promise<void> {
    const octets = await this.#answer.settlePieces(joined(pieces));
    if (octets.length !== 0) this.#ready.push(octets);
  }

  async #step(iterator: Iterator<unknown> | AsyncIterator<unknown>): Promise<unknown> {
    try {
      return this.#valueOf(await iterator.next());
    } catch (error) {
      // An iterator that failed is over: like any loop of the language, nothing more is asked of it.
      this.#exhausted = true;
      throw error;
    }
  }

  #stepNow(iterator: Iterator<unknown>): unknown {
    try {
      return this.#valueOf(iterator.next());
    } catch (error) {
      this.#exhausted = true;
      throw error;
    }
  }

  #valueOf(step: IteratorResult<unknown>): unknown {
    if (typeof step !== 'object' || step === null) {
      throw new ContractError(
        'FAPWS_RESULT',
        'The iterator of a result gave something that is no iterator result.',
      );
    }
    if (step.done !== true) return step.value;
    this.#exhausted = true;
    return null;
  }

  /** Nothing more is wanted. The result is told at once, even if it waits. */
  async return(): Promise<IteratorReturnResult<undefined>> {
    await this.#leave();
    return end;
  }

  /** Closes the result as the server would. */
  close(): Promise<unknown> {
    return Promise.all([this.#leave(), this.#closeResult()]);
  }

  async #closeResult(): Promise<void> {
    const { close } = (this.#result ?? {}) as { close?: unknown };
    if (typeof close === 'function') await close.call(this.#result);
  }

  async #leave(): Promise<void> {
    this.#over = true;
    this.#ready.length = 0;
    this.#answer.giveUp();
    const iterator = this.#iterator;
    if (iterator === null || this.#exhausted) return;
    this.#exhausted = true;
    await iterator.return?.();
  }
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  return pieces.length === 1 ? (pieces[0] as Uint8Array) : Buffer.concat(pieces);
}

/** The piece that a result gave; null for none. */
function checkedPiece(value: unknown): Chunk | null {
  if (value === null || value === undefined || isChunk(value)) return value ?? null;
  throw new ContractError(
    'FAPWS_CHUNK',
    `Content consists of strings and Uint8Arrays, not of ${typeof value}s. Convert it before you return, yield or write it.`,
  );
}
