// The contract: what applications, middlewares and the server promise each other. docs/contract.md has every clause.

import type { Outcome } from '../http/events.ts';
import type { Chunk } from '../http/exchange.ts';
import type { Header } from '../http/response-head.ts';
import type { ErrorStream } from './error-stream.ts';
import type { FileResult } from './file-wrapper.ts';
import type { Input } from './input.ts';
import type { WsgiResponse } from './response.ts';

export type { Chunk, Header, Outcome };

/** Has a function called once, when the answer is over: sent as far as the server can tell, cut, or without a client. */
export type After = (task: (outcome: Outcome) => void) => void;

/** A web application: called once per request. A class instance with a `__call__` of its own becomes one by an arrow function. */
export type Application<E extends Environ<unknown> = Environ> = (
  environ: E,
  startResponse: StartResponse,
) => Result | Promise<Result>;

/**
 * What an application returns: its content. It may have a `close()` method, which is called when the answer is complete,
 * and when it never will be.
 */
export type Result =
  | Chunk
  | Iterable<Chunk | null | undefined>
  | AsyncIterable<Chunk | null | undefined>
  | FileResult
  | null
  | undefined
  // biome-ignore lint/suspicious/noConfusingVoidType: a callback without `return` is a callback.
  | void;

/** Takes an application and gives another one. `log(gzip(app))` is all that a plugin framework would do. */
export type Middleware = (application: Application) => Application;

/** Header list: pairs of name and value, in order, names may repeat. */
export type Headers = readonly Header[];

/**
 * Sends a piece of content at once, before anything that the application returns.
 * @returns undefined when more may follow, or a promise of that moment when the client is slow: `await write(chunk)` is always right
 */
export type Write = (chunk: Chunk) => Promise<void> | undefined;

/** Begins the answer: nothing is sent before the first content, so it may be replaced until then. */
export interface StartResponse {
  /**
   * @param status three digits, a space and a reason, e.g. `200 OK`
   * @param headers checked at once: CR, LF, NUL, hop-by-hop headers are refused
   * @param excInfo the error because of which an answer is begun anew; it is thrown again if the head is out already
   * @throws {ContractError} FAPWS_STARTED_TWICE for a second call without `excInfo`; FAPWS_STATUS, FAPWS_HEADER …
   */
  (status: string, headers: Headers, excInfo?: unknown): Write;
  /** The answer being built; absent when a middleware has put a function of its own in place of the server's. */
  readonly response?: WsgiResponse | undefined;
}

/** The named parameters of a route and, first, the positional ones, of which Fapws has none. */
export type RoutingArguments<P = Record<string, string>> = readonly [positional: readonly string[], named: P];

/**
 * What is known of a request: a record of CGI variables, `wsgi.*` and `fapws.*` keys. A key is computed when it is first
 * read; it can be replaced, added and deleted like any property.
 */
export interface Environ<P = Record<string, string>> {
  REQUEST_METHOD: string;
  /** The part of the path that led to the application: the mount's prefix, or empty. */
  SCRIPT_NAME: string;
  /** The rest of the path, percent-decoded. */
  PATH_INFO: string;
  /** What follows `?`, as it was sent; empty if there is none. */
  QUERY_STRING: string;
  CONTENT_TYPE?: string;
  /** Decimal digits, when the request announced its length. */
  CONTENT_LENGTH?: string;
  SERVER_NAME: string;
  SERVER_PORT: string;
  /** `HTTP/1.1` or `HTTP/1.0`. */
  SERVER_PROTOCOL: string;
  SERVER_SOFTWARE: string;
  /** The address of the client's end; empty for a unix socket. */
  REMOTE_ADDR: string;
  /** Empty for a unix socket. */
  REMOTE_PORT: string;
  /** The request target as it was sent. */
  REQUEST_URI: string;
  'wsgi.version': readonly [1, 0];
  'wsgi.url_scheme': 'http' | 'https';
  /** The content of the request. */
  'wsgi.input': Input;
  /** Where an application reports trouble. */
  'wsgi.errors': ErrorStream;
  'wsgi.multithread': boolean;
  'wsgi.multiprocess': boolean;
  'wsgi.run_once': boolean;
  /** True: `wsgi.input` ends where the content ends, even without CONTENT_LENGTH. */
  'wsgi.input_terminated': true;
  /** Makes a result of a file: `environ['wsgi.file_wrapper'](file, blockSize)`. */
  'wsgi.file_wrapper': (file: unknown, blockSize?: number) => FileResult;
  /**
   * Sends headers ahead of the answer, as 103 Early Hints: `[['Link', '</style.css>; rel=preload; as=style']]`. Checked as those of
   * an answer. Does nothing for a client of HTTP/1.0, or when content has been given.
   */
  'wsgi.early_hints': (headers: Headers) => void;
  /** The values of a route's `:name` and `*name`, percent-decoded: `environ['wsgiorg.routing_args'][1].name`. */
  'wsgiorg.routing_args': RoutingArguments<P>;
  /** Aborted when the client goes away, or a timeout strikes, before its answer is complete. */
  'fapws.signal': AbortSignal;
  /** `environ['fapws.after'](outcome => …)`: what became of the answer, when it is over. */
  'fapws.after': After;
  /** Aborted when the server begins to stop: an answer without an end should come to one. */
  'fapws.stopping': AbortSignal;
  /** What the preface of the connection says beyond addresses and scheme; see the server option `preface`. */
  'fapws.preface'?: unknown;
  /** The query's parameters, each name with all its values, as in Fapws3. */
  'fapws.params': Record<string, string[]>;
  /** The head of the request as it was sent, one code point per octet. */
  'fapws.raw_header': string;
  /** Header lines as sent: name, value. */
  'fapws.headers': [string, string][];
  /** `HTTP_ACCEPT`, `HTTP_X_FORWARDED_FOR` …: values of one name joined, names with an underscore left out. */
  [header: `HTTP_${string}`]: string | undefined;
  /** Keys of middlewares and applications. */
  [key: string]: unknown;
}
