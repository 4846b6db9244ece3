// Calls an application and sends what it returns. Whatever it does, its request is answered or its connection is cut,
// its result is closed, and the server lives on.

import { Buffer } from 'node:buffer';
import { ContractError } from '../http/errors.ts';
import type { Exchange } from '../http/exchange.ts';
import type { Base } from './base.ts';
import { environOf, type Routed } from './environ.ts';
import { closeResult, fail, isPromise } from './failure.ts';
import { FileSender } from './file-sender.ts';
import { FileResult, isFileHandle } from './file-wrapper.ts';
import { checkedChunk, startResponseOf } from './response.ts';
import { AsyncSender, Sender, sendWhole } from './sender.ts';
import type { Application, Result } from './types.ts';

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
    } else if (result instanceof FileResult && isFileHandle(result.file)) {
      new FileSender(base, exchange, result, result.file).run();
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

function describe(value: unknown): string {
  return typeof value === 'object' ? 'an object that is not iterable' : `a ${typeof value}`;
}
