// A result that runs code of the application while it is sent: the session is stored before its first piece, because the
// head goes out with that, and once more at its end.

import type { Chunk, Result } from '@fapws/core';
import type { Answering } from './answering.ts';

type Piece = Chunk | null | undefined;
type Pieces = Iterable<Piece> | AsyncIterable<Piece>;

export class SettlingResult implements AsyncIterable<Piece>, AsyncIterator<Piece, undefined> {
  readonly #answering: Answering;
  readonly #result: Pieces;
  #inner: Iterator<Piece> | AsyncIterator<Piece> | null = null;
  #isHeadOut = false;
  #over = false;

  constructor(answering: Answering, result: Result & Pieces) {
    this.#answering = answering;
    this.#result = result;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Piece, undefined>> {
    if (this.#over) return { done: true, value: undefined };
    let step: IteratorResult<Piece, unknown>;
    try {
      this.#inner ??=
        Symbol.asyncIterator in this.#result
          ? this.#result[Symbol.asyncIterator]()
          : this.#result[Symbol.iterator]();
      step = await this.#inner.next();
    } catch (error) {
      this.#over = true;
      return this.#failed(error);
    }
    if (step.done === true) this.#over = true;
    else if (this.#isHeadOut || isEmpty(step.value)) return step;
    try {
      await this.#answering.settle();
    } catch (error) {
      await this.return();
      return this.#failed(error);
    }
    if (step.done === true) return { done: true, value: undefined };
    this.#isHeadOut = true;
    this.#answering.headLeaves();
    return step;
  }

  async return(): Promise<IteratorResult<Piece, undefined>> {
    if (!this.#over) {
      this.#over = true;
      await this.#inner?.return?.();
    }
    return { done: true, value: undefined };
  }

  /** PEP 3333: whoever wraps a result passes this on. */
  close(): unknown {
    return (this.#result as { close?: () => unknown }).close?.();
  }

  /** A conflict's page is all that is left to send. */
  #failed(error: unknown): IteratorResult<Piece, undefined> {
    return { done: false, value: this.#answering.failed(error) };
  }
}

function isEmpty(piece: Piece): boolean {
  return piece === null || piece === undefined || piece.length === 0;
}
