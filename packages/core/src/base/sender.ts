// Sends results that come piece by piece, at the pace of the client. Whatever becomes of them, they are closed once.

import { ContractError } from '../http/errors.ts';
import type { Exchange } from '../http/exchange.ts';
import type { Base } from './base.ts';
import { closeResult, fail, isRequestError, reportRequest } from './failure.ts';
import { FileResult } from './file-wrapper.ts';
import { checkedChunk } from './response.ts';
import type { Chunk } from './types.ts';

/** Octets that a result may send before other connections get their turn. */
const TURN = 262_144;
/** What a piece counts besides its octets: a generator that yields nothing while it waits must not stop the server. */
const PIECE = 1024;

/** Sends a result that is all there; it may follow what `write` has sent. */
export function sendWhole(exchange: Exchange, content: Chunk): void {
  if (exchange.started) {
    exchange.send(content);
    exchange.finish();
  } else exchange.respond(content);
}

/** Sends an iterable piece by piece, at the pace of the client. */
export class Sender {
  readonly #base: Base;
  readonly #exchange: Exchange;
  readonly #result: Iterable<unknown>;
  #iterator: Iterator<unknown> | null = null;
  #over = false;

  constructor(base: Base, exchange: Exchange, result: Iterable<unknown>) {
    this.#base = base;
    this.#exchange = exchange;
    this.#result = result;
    exchange.whenOver(() => this.#end());
  }

  run(): void {
    if (this.#over) return;
    try {
      this.#send();
    } catch (error) {
      this.#end();
      fail(this.#base, this.#exchange, error);
    }
  }

  #send(): void {
    const exchange = this.#exchange;
    this.#iterator ??= this.#result[Symbol.iterator]();
    let sent = 0;
    for (;;) {
      if (sent >= TURN) {
        setImmediate(() => this.run());
        return;
      }
      sent += PIECE;
      const { done, value } = this.#next(this.#iterator);
      if (this.#over) return;
      if (done === true) {
        this.#iterator = null;
        const only = exchange.takeKept();
        if (only !== null) sendWhole(exchange, only);
        else if (exchange.started) exchange.finish();
        else exchange.respond('');
        return;
      }
      // PEP 3333: an empty piece starts nothing. Python's None came through here in Fapws3 and still may.
      if (value === null || value === undefined) continue;
      const chunk = checkedChunk(value);
      if (chunk.length === 0) continue;
      if (!exchange.started) {
        exchange.keep(chunk);
        continue;
      }
      const writable = exchange.send(chunk);
      // Nobody will see the rest of an answer to HEAD.
      if (exchange.head.method === 'HEAD') {
        exchange.finish();
        return;
      }
      sent += chunk.length;
      if (!writable) {
        exchange.whenWritable(() => this.run());
        return;
      }
    }
  }

  #next(iterator: Iterator<unknown>): IteratorResult<unknown> {
    try {
      return checkedStep(iterator.next());
    } catch (error) {
      // An iterator that failed is over: like any loop of the language, nothing more is asked of it.
      this.#iterator = null;
      throw error;
    }
  }

  #end(): void {
    if (this.#over) return;
    this.#over = true;
    const iterator = this.#iterator;
    this.#iterator = null;
    if (iterator !== null)
      void returnFrom(iterator, error => reportRequest(this.#base, this.#exchange, error));
    closeResult(this.#base, this.#exchange, this.#result);
  }
}

/** Tells an iterator that nothing more is wanted. Its failure, at once or later, is reported and changes nothing. */
async function returnFrom(
  iterator: Iterator<unknown> | AsyncIterator<unknown>,
  failed: (error: unknown) => void,
): Promise<void> {
  try {
    await iterator.return?.();
  } catch (error) {
    failed(error);
  }
}

/** Sends an async iterable piece by piece, at the pace of the client. */
export class AsyncSender {
  readonly #base: Base;
  readonly #exchange: Exchange;
  readonly #result: AsyncIterable<unknown>;
  readonly #iterator: AsyncIterator<unknown>;
  #exhausted = false;
  #over = false;

  constructor(base: Base, exchange: Exchange, result: AsyncIterable<unknown>) {
    this.#base = base;
    this.#exchange = exchange;
    this.#result = result;
    this.#iterator =
      result instanceof FileResult ? result.blocks(exchange.room) : result[Symbol.asyncIterator]();
    exchange.whenOver(() => this.#end());
  }

  async run(): Promise<void> {
    try {
      await this.#send();
    } catch (error) {
      this.#end();
      fail(this.#base, this.#exchange, error);
    }
  }

  async #send(): Promise<void> {
    const exchange = this.#exchange;
    let sent = 0;
    while (!this.#over) {
      if (sent >= TURN) {
        // Pieces that are always at hand would otherwise keep everybody else waiting.
        sent = 0;
        await new Promise(resolve => setImmediate(resolve));
        continue;
      }
      sent += PIECE;
      const { done, value } = await this.#next();
      if (this.#over) return;
      if (done === true) {
        this.#exhausted = true;
        if (exchange.started) exchange.finish();
        else exchange.respond('');
        return;
      }
      if (value === null || value === undefined) continue;
      const chunk = checkedChunk(value);
      if (chunk.length === 0) continue;
      const writable = exchange.send(chunk);
      if (exchange.head.method === 'HEAD') {
        exchange.finish();
        return;
      }
      sent += chunk.length;
      if (!writable) await new Promise<void>(resolve => exchange.whenWritable(resolve));
    }
  }

  async #next(): Promise<IteratorResult<unknown>> {
    try {
      return checkedStep(await this.#iterator.next());
    } catch (error) {
      this.#exhausted = true;
      throw error;
    }
  }

  #end(): void {
    if (this.#over) return;
    this.#over = true;
    if (!this.#exhausted) {
      void returnFrom(this.#iterator, error => {
        // That the client has left is no news to report.
        if (!isRequestError(error)) reportRequest(this.#base, this.#exchange, error);
      });
    }
    closeResult(this.#base, this.#exchange, this.#result);
  }
}

/** HOT. As the loops of the language do: without it, an iterator that answers 5 would yield nothing for ever. */
function checkedStep(step: IteratorResult<unknown>): IteratorResult<unknown> {
  if (typeof step === 'object' && step !== null) return step;
  throw new ContractError(
    'FAPWS_RESULT',
    'The iterator of a result gave something that is no iterator result.',
  );
}
