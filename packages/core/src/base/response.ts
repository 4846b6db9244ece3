// The answer as an application builds it: what startResponse does, and what Fapws3's start_response could do besides.

import { ContractError } from '../http/errors.ts';
import type { Chunk, Exchange } from '../http/exchange.ts';
import type { Header } from '../http/response-head.ts';
import { type CookieOptions, cookieLine } from './cookie.ts';
import type { Headers, StartResponse, Write } from './types.ts';

const noHeaders: Headers = [];

/** Makes the answer of one request. Replace it with a class of your own through `server.base({ Response })`. */
export class WsgiResponse {
  protected readonly exchange: Exchange;
  #status = '';
  #headers: Headers = noHeaders;
  #startCalled = false;
  #started = false;
  #write: Write | null = null;

  constructor(exchange: Exchange) {
    this.exchange = exchange;
  }

  /** HOT. What a call of `startResponse` does; see StartResponse. */
  start(status: string, headers: Headers, excInfo?: unknown): Write {
    if (excInfo !== undefined && excInfo !== null) {
      // PEP 3333: too late for another answer; the application's own error goes on.
      if (this.exchange.started) throw excInfo;
    } else if (this.#startCalled) {
      throw new ContractError(
        'FAPWS_STARTED_TWICE',
        'startResponse was called twice. To replace an answer because of an error, pass the error as third argument.',
      );
    }
    this.#startCalled = true;
    this.#set(status, this.#headers.length === 0 || this.#started ? headers : [...this.#headers, ...headers]);
    this.#started = true;
    this.#write ??= chunk => this.write(chunk);
    return this.#write;
  }

  /** The status that was set, e.g. `200 OK`; empty before startResponse. */
  get status(): string {
    return this.#status;
  }

  /** The status code that was set; 0 before startResponse. */
  get statusCode(): number {
    return Number(this.#status.slice(0, 3));
  }

  get headers(): Headers {
    return this.#headers;
  }

  /** Whether the head is out; from then on nothing of it can change. */
  get sent(): boolean {
    return this.exchange.started;
  }

  /** Replaces the status and keeps the headers. */
  setStatus(status: string): void {
    this.#set(status, this.#headers);
  }

  /** The value of the first header of this name, in whatever case. */
  header(name: string): string | undefined {
    const wanted = name.toLowerCase();
    return this.#headers.find(([known]) => known.toLowerCase() === wanted)?.[1];
  }

  /** Adds a header line; one of the same name stays. Before startResponse too. */
  addHeader(name: string, value: string): void {
    this.#change([...this.#headers, [name, value]]);
  }

  /** Replaces all header lines of this name by one. */
  setHeader(name: string, value: string): void {
    this.#change([...this.#without(name), [name, value]]);
  }

  removeHeader(name: string): void {
    this.#change(this.#without(name));
  }

  /** Adds a Set-Cookie line. */
  setCookie(name: string, value: string, options?: CookieOptions): void {
    this.addHeader('Set-Cookie', cookieLine(name, value, options));
  }

  /** Makes the browser forget a cookie; path and domain must be those with which it was set. */
  deleteCookie(name: string, options: Pick<CookieOptions, 'path' | 'domain'> = {}): void {
    this.setCookie(name, '', { ...options, maxAge: 0, expires: new Date(0) });
  }

  /** Sends a piece of content at once; see Write. */
  write(chunk: Chunk): Promise<void> | undefined {
    if (this.exchange.send(checkedChunk(chunk))) return undefined;
    return new Promise(resolve => this.exchange.whenWritable(resolve));
  }

  #without(name: string): Header[] {
    const unwanted = name.toLowerCase();
    return this.#headers.filter(([known]) => known.toLowerCase() !== unwanted);
  }

  #change(headers: Headers): void {
    if (this.#status !== '') this.#set(this.#status, headers);
    else this.#headers = headers;
  }

  #set(status: string, headers: Headers): void {
    this.exchange.setHead(status, headers);
    this.#status = status;
    this.#headers = headers;
  }
}

/** HOT. @throws {ContractError} FAPWS_CHUNK for anything but a string or bytes */
export function checkedChunk(chunk: unknown): Chunk {
  if (typeof chunk === 'string' || chunk instanceof Uint8Array) return chunk;
  throw new ContractError(
    'FAPWS_CHUNK',
    `Content consists of strings and Uint8Arrays, not of ${chunk === null ? 'null' : typeof chunk}s. Convert it before you return, yield or write it.`,
  );
}

/** HOT. The function that an application is given. */
export function startResponseOf(response: WsgiResponse): StartResponse {
  const startResponse = (status: string, headers: Headers, excInfo?: unknown): Write =>
    response.start(status, headers, excInfo);
  startResponse.response = response;
  return startResponse;
}
