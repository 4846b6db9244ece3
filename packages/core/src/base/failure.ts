// What is done when an application, or what it returned, fails: the client is told as far as that is still possible, the
// log says what and where, and nothing goes on from here.

import { RequestError } from '../http/errors.ts';
import type { Exchange } from '../http/exchange.ts';
import type { Base } from './base.ts';
import { pageOf } from './error-page.ts';
import { report, textOf } from './error-stream.ts';

/** The application failed, or broke the contract. Never throws. */
export function fail(base: Base, exchange: Exchange, error: unknown): void {
  const expected = isRequestError(error);
  // A client that leaves is no fault of the application, nor is what the application stops because of that.
  const givenUp = exchange.gone && isAbort(exchange, error);
  const departed = givenUp || (exchange.gone && expected);
  if (!departed && !(expected && exchange.complete)) reportRequest(base, exchange, error);
  if (exchange.complete) return;
  // A first piece that was kept back never left, so the client can still be told.
  exchange.takeKept();
  // Nobody gets a page for having left; an incomplete request is refused all the same, to a client that still reads.
  if (exchange.started || (givenUp && !exchange.receiving)) {
    exchange.cut(!exchange.started);
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
export function isRequestError(error: unknown): error is RequestError {
  try {
    return error instanceof RequestError;
  } catch {
    return false;
  }
}

/** Answers with a page of the server's own. */
function respondWithPage(base: Base, exchange: Exchange, status: string, detail: string): void {
  const page = pageOf(base, status, detail, requestOf(exchange));
  exchange.setHead(status, page.headers);
  exchange.respond(page.content);
}

/** Tells `wsgi.errors` what went wrong, and at which request. Never throws. */
export function reportRequest(base: Base, exchange: Exchange, error: unknown): void {
  report(base.errors, requestOf(exchange), error);
}

function requestOf(exchange: Exchange): string {
  return `${exchange.head.method} ${exchange.head.target}`;
}

/** PEP 3333: `close()` is called whatever became of the answer. Its own failure is reported and changes nothing. */
export function closeResult(base: Base, exchange: Exchange, result: unknown): void {
  try {
    const closing = (result as { close?: unknown } | null | undefined)?.close;
    if (typeof closing !== 'function') return;
    const closed: unknown = closing.call(result);
    if (isPromise(closed)) closed.then(undefined, error => reportRequest(base, exchange, error));
  } catch (error) {
    reportRequest(base, exchange, error);
  }
}

/** HOT. */
export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
  );
}
