// The way of an answer through the middleware: its head is held back until the session is stored, because the cookie belongs
// to it; a request that does not touch its session is answered as without the middleware.

import {
  type Application,
  type Chunk,
  ContractError,
  type Environ,
  FileResult,
  type Header,
  type Headers,
  plainErrorPage,
  type Result,
  type StartResponse,
  type Write,
} from '@fapws/core';
import { SessionConflict, SessionError } from './errors.ts';
import type { RequestSession } from './session.ts';
import { SettlingResult } from './settling-result.ts';

export class Answering {
  readonly #environ: Environ;
  readonly #outer: StartResponse;
  #session!: RequestSession;
  /** What the application gave to startResponse, while it is kept: only behind a middleware that hides `response`. */
  #kept: [status: string, headers: Headers, excInfo: unknown] | null = null;
  #started = false;
  /** From now on calls go through: the session has been seen to. */
  #settled = false;
  #contentSent = false;
  #outerWrite: Write | null = null;
  /** The Set-Cookie line that the answer has. */
  #line: string | null = null;

  constructor(environ: Environ, outer: StartResponse) {
    this.#environ = environ;
    this.#outer = outer;
  }

  get isHeadOut(): boolean {
    return this.#contentSent || this.#outer.response?.sent === true;
  }

  run(application: Application, session: RequestSession): Result | Promise<Result> {
    this.#session = session;
    const startResponse: StartResponse = Object.assign(
      (status: string, headers: Headers, excInfo?: unknown) => this.#start(status, headers, excInfo),
      this.#outer.response === undefined ? {} : { response: this.#outer.response },
    );
    try {
      const result = application(this.#environ, startResponse);
      if (isThenable(result)) {
        return Promise.resolve(result).then(
          settled => this.#deliver(settled),
          error => this.failed(error),
        );
      }
      return this.#deliver(result);
    } catch (error) {
      return this.failed(error);
    }
  }

  /** Stores the session, and completes the head with what follows from it. */
  async settle(): Promise<void> {
    await this.#session.save();
    this.#complete();
  }

  /** The head goes out with the content that follows now. */
  headLeaves(): void {
    this.#contentSent = true;
  }

  /** A conflict is answered, as long as that is possible; any other error is the application's. */
  failed(error: unknown): Chunk {
    if (!(error instanceof SessionConflict) || this.isHeadOut) throw error;
    const { REQUEST_METHOD: method, REQUEST_URI: target } = this.#environ;
    this.#environ['wsgi.errors'].write(`fapws: sessions: ${method} ${target}: ${error.message}\n`);
    const page = plainErrorPage('409 Conflict', 'Another request changed the session. Try again.');
    this.#kept = null;
    // A cookie of an earlier save() is still true.
    this.#outer('409 Conflict', this.#completed(page.headers), error);
    return page.content;
  }

  #deliver(result: Result): Result | Promise<Result> {
    const isTouched = this.#session.touched;
    if (isPieces(result)) {
      // A synchronous result can't wait for a session that it has not got by now.
      if (isTouched || Symbol.asyncIterator in result) return new SettlingResult(this, result);
    } else if (isTouched) return this.#deliverWhole(result);
    this.#complete();
    return result;
  }

  async #deliverWhole(result: Result): Promise<Result> {
    try {
      await this.settle();
      return result;
    } catch (error) {
      // Nobody else will see it.
      await (result as { close?: () => unknown } | null | undefined)?.close?.();
      return this.failed(error);
    }
  }

  #start(status: string, headers: Headers, excInfo?: unknown): Write {
    if (this.#outer.response !== undefined) {
      this.#outerWrite = this.#outer(status, headers, excInfo);
    } else if (this.#settled) {
      this.#outerWrite = this.#outer(status, this.#completed(headers), excInfo);
    } else {
      if (this.#started && (excInfo === undefined || excInfo === null)) {
        throw new ContractError(
          'FAPWS_STARTED_TWICE',
          'startResponse was called twice. To replace an answer because of an error, pass the error as third argument.',
        );
      }
      this.#kept = [status, headers.map(([name, value]): Header => [name, value]), excInfo];
    }
    this.#started = true;
    return this.#write;
  }

  readonly #write: Write = chunk => {
    // Nothing begins with an empty piece, so the head is kept all the same.
    if (chunk.length === 0 && this.#kept !== null) return undefined;
    if (!this.isHeadOut && this.#session.needsCookie) {
      throw new SessionError(
        'FAPWS_SESSION_LATE',
        'The session has changes that need a cookie, and write() sends the head. Call `await session.save()` before it.',
      );
    }
    this.#complete();
    if (chunk.length !== 0) this.headLeaves();
    return (this.#outerWrite as Write)(chunk);
  };

  /** Passes on what was kept, with the lines that the session adds. */
  #complete(): void {
    const kept = this.#kept;
    this.#kept = null;
    this.#settled = true;
    if (kept !== null) {
      const [status, headers, excInfo] = kept;
      this.#outerWrite = this.#outer(status, this.#completed(headers), excInfo);
    } else this.#completeResponse();
  }

  #completeResponse(): void {
    const { response } = this.#outer;
    if (response === undefined || this.isHeadOut || !this.#session.touched) return;
    const before = response.headers;
    const after = this.#completed(before);
    for (const name of ['Set-Cookie', 'Vary', 'Cache-Control']) {
      const lines = linesOf(after, name);
      if (lines.join('\n') === linesOf(before, name).join('\n')) continue;
      response.removeHeader(name);
      for (const line of lines) response.addHeader(name, line);
    }
  }

  /** Header lines, and those that the session adds. */
  #completed(headers: Headers): Headers {
    if (!this.#session.touched) return headers;
    const old = this.#line;
    const lines = headers.filter(([, value]) => value !== old);
    const vary = linesOf(lines, 'Vary')
      .join(',')
      .toLowerCase()
      .split(/[\t ,]+/);
    // What was made with a session is nobody else's, whether or not a cache believes that of cookies.
    if (!vary.includes('cookie') && !vary.includes('*')) lines.push(['Vary', 'Cookie']);
    const { cookie } = this.#session;
    this.#line = cookie;
    if (cookie === null) return lines;
    lines.push(['Set-Cookie', cookie]);
    if (linesOf(lines, 'Cache-Control').length === 0) lines.push(['Cache-Control', 'private']);
    return lines;
  }
}

function linesOf(headers: Headers, name: string): string[] {
  const wanted = name.toLowerCase();
  return headers.filter(([known]) => known.toLowerCase() === wanted).map(([, value]) => value);
}

function isThenable(value: unknown): value is PromiseLike<Result> {
  return typeof (value as PromiseLike<unknown> | null | undefined)?.then === 'function';
}

/** Whether a result may run code of the application while it is sent. */
function isPieces(result: Result): result is Exclude<Result & object, Uint8Array | FileResult> {
  if (typeof result !== 'object' || result === null) return false;
  if (result instanceof Uint8Array || result instanceof FileResult || Array.isArray(result)) return false;
  return Symbol.asyncIterator in result || Symbol.iterator in result;
}
