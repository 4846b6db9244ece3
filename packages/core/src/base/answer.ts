// Calls an application and sends what it returns. Whatever it does, its request is answered or its connection is cut,
// its result is closed, and the server lives on.

import { Buffer } from 'node:buffer';
import { ContractError, RequestError } from '../http/errors.ts';
import type { Exchange } from '../http/exchange.ts';
import type { Base } from './base.ts';
import { environOf, type Routed } from './environ.ts';
import { pageOf } from './error-page.ts';
import { report, textOf } from './error-stream.ts';
import { FileResult } from './file-wrapper.ts';
import { checkedChunk, startResponseOf } from './response.ts';
import type { Application, Chunk, Result } from './types.ts';

/** Octets that a result may send before other connections get their turn. */
const TURN = 262_144;
/** What a piece counts besides its octets: a generator that yields nothing while it waits must not stop the server. */
const PIECE = 1024;

/** HOT. Answers one request with `application`. Never throws. */
export function answer(base: Base, exchange: Exchange, application: Application, routed: Routed): void {
  try {
    const environ = environOf(new base.Environ(exchange, routed, base));
    const startResponse = startResponseOf(new base.Response(exchange));
    const result = application(environ, startResponse);
    if (isPromise(result)) {
      // Another library's thenable may settle twice, or with a thenable.
      (result instanceof Promise ? result : Promise.resolve(result)).then(
        settled => deliver(base, exchange, settled),
        error => fail(base, exchange, error),
      );
    } else deliver(base, exchange, result);
  } catch (error) {
    fail(base, exchange, error);
  }
}

/** HOT. Sends a result. Never throws. */
function deliver(base: Base, exchange: Exchange, result: Result): void {
  try {
    if (Array.isArray(result) && result.length === 1 && !exchange.started && !exchange.complete) {
      exchange.respond(checkedChunk(result[0] ?? ''));
      closeResult(base, exchange, result);
    } else if (typeof result === 'string' || result instanceof Uint8Array) {
      sendWhole(exchange, result);
    } else if (result === undefined || result === null) {
      sendWhole(exchange, '');
    } else if (Array.isArray(result)) {
      sendArray(exchange, result);
      closeResult(base, exchange, result);
    } else if (typeof result === 'object' && Symbol.asyncIterator in result) {
      void new AsyncSender(base, exchange, result).run();
    } else if (typeof result === 'object' && Symbol.iterator in result) {
      new Sender(base, exchange, result).run();
    } else {
      throw new ContractError(
        'FAPWS_RESULT',
        `An application returned ${describe(result)}. Return a string, bytes, an iterable of them, or nothing.`,
      );
    }
  } catch (error) {
    closeResult(base, exchange, result);
    fail(base, exchange, error);
  }
}

function sendWhole(exchange: Exchange, content: Chunk): void {
  if (exchange.started) {
    exchange.send(content);
    exchange.finish();
  } else exchange.respond(content);
}

/** All pieces are here, so their length is known: one answer with Content-Length. */
function sendArray(exchange: Exchange, pieces: readonly unknown[]): void {
  const bytes: Uint8Array[] = [];
  let text = '';
  for (const piece of pieces) {
    if (piece === null || piece === undefined) continue;
    const chunk = checkedChunk(piece);
    if (typeof chunk === 'string') {
      text += chunk;
      continue;
    }
    if (text !== '') bytes.push(Buffer.from(text));
    text = '';
    bytes.push(chunk);
  }
  if (bytes.length === 0) {
    sendWhole(exchange, text);
    return;
  }
  if (text !== '') bytes.push(Buffer.from(text));
  sendWhole(exchange, bytes.length === 1 ? (bytes[0] as Uint8Array) : Buffer.concat(bytes));
}

/** The application failed, or broke the contract. Never throws. */
export function fail(base: Base, exchange: Exchange, error: unknown): void {
  const expected = isRequestError(error);
  // A client that leaves is no fault of the application, nor is what the application stops because of that.
  const departed = exchange.gone && (expected || isAbort(exchange, error));
  if (!departed && !(expected && exchange.complete)) reportRequest(base, exchange, error);
  if (exchange.complete) return;
  // A first piece that was kept back never left, so the client can still be told.
  exchange.takeKept();
  if (exchange.started) {
    exchange.cut();
    return;
  }
  const status = expected ? error.status : '500 Internal Server Error';
  const detail = expected
    ? error.message
    : base.traceback
      ? `Traceback\n${textOf(error)}`
      : 'The application failed.';
  try {
    respondWithPage(base, exchange, status, detail);
  } catch (second) {
    // The status of a RequestError of the application's own making is no status.
    if (expected) fail(base, exchange, second);
    else exchange.cut();
  }
}

/** Whether an error says that something was given up because `fapws.signal` fired. Never throws. */
function isAbort(exchange: Exchange, error: unknown): boolean {
  try {
    return error === exchange.signal.reason || (error as Error | null)?.name === 'AbortError';
  } catch {
    return false;
  }
}

/** Never throws: what was thrown may be a Proxy whose traps throw. */
function isRequestError(error: unknown): error is RequestError {
  try {
    return error instanceof RequestError;
  } catch {
    return false;
  }
}

/** Answers with a page of the server's own. @param more further headers, such as Allow */
export function respondWithPage(
  base: Base,
  exchange: Exchange,
  status: string,
  detail: string,
  more: readonly (readonly [string, string])[] = [],
): void {
  const page = pageOf(base, status, detail, requestOf(exchange));
  exchange.setHead(status, [...page.headers, ...more]);
  exchange.respond(page.content);
}

/** Tells `wsgi.errors` what went wrong, and at which request. Never throws. */
function reportRequest(base: Base, exchange: Exchange, error: unknown): void {
  report(base.errors, requestOf(exchange), error);
}

function requestOf(exchange: Exchange): string {
  return `${exchange.head.method} ${exchange.head.target}`;
}

/** PEP 3333: `close()` is called whatever became of the answer. Its own failure is reported and changes nothing. */
function closeResult(base: Base, exchange: Exchange, result: unknown): void {
  try {
    const closing = (result as { close?: unknown } | null | undefined)?.close;
    if (typeof closing !== 'function') return;
    const closed: unknown = closing.call(result);
    if (isPromise(closed)) closed.then(undefined, error => reportRequest(base, exchange, error));
  } catch (error) {
    reportRequest(base, exchange, error);
  }
}

/** Sends an iterable piece by piece, at the pace of the client. */
class Sender {
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
        this.#requireHead();
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

  #requireHead(): void {
    if (this.#exchange.responseHead === null) throw notStarted();
  }

  #end(): void {
    if (this.#over) return;
    this.#over = true;
    const iterator = this.#iterator;
    this.#iterator = null;
    try {
      iterator?.return?.();
    } catch (error) {
      reportRequest(this.#base, this.#exchange, error);
    }
    closeResult(this.#base, this.#exchange, this.#result);
  }
}

/** Sends an async iterable piece by piece, at the pace of the client. */
class AsyncSender {
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
    if (!this.#exhausted) void this.#return();
    closeResult(this.#base, this.#exchange, this.#result);
  }

  async #return(): Promise<void> {
    try {
      await this.#iterator.return?.();
    } catch (error) {
      // That the client has left is no news to report.
      if (!isRequestError(error)) reportRequest(this.#base, this.#exchange, error);
    }
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

function notStarted(): ContractError {
  return new ContractError(
    'FAPWS_NOT_STARTED',
    'Content was sent before startResponse(status, headers) was called.',
  );
}

/** HOT. */
function isPromise(value: unknown): value is Promise<Result> {
  return (
    typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
  );
}

function describe(value: unknown): string {
  return typeof value === 'object' ? 'an object that is not iterable' : `a ${typeof value}`;
}
