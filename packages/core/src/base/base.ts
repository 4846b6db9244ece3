// The base: the WSGI face of the server, every part of which can be replaced with server.base({ … }).

import { responseHeadOf } from '../http/response-head.ts';
import { LazyEnviron, type ServerFacts } from './environ.ts';
import { type ErrorPage, plainErrorPage } from './error-page.ts';
import { type ErrorStream, standardError } from './error-stream.ts';
import { WsgiResponse } from './response.ts';

/** The parts of the base. What is left out stays as it is. */
export interface BaseOptions {
  /** Computes environs. @default LazyEnviron */
  readonly Environ?: typeof LazyEnviron | undefined;
  /** Builds answers: what `startResponse` does. @default WsgiResponse */
  readonly Response?: typeof WsgiResponse | undefined;
  /** The `Server` field and SERVER_SOFTWARE; empty for no field. @default 'fapws' */
  readonly ident?: string | undefined;
  /** Makes the pages for 404, 500 and all that the server answers itself. @default plain text, one line */
  readonly errorPage?: ((status: string, detail: string) => ErrorPage) | undefined;
  /** Methods that reach applications; all others are answered 501. @default GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, QUERY */
  readonly methods?: readonly string[] | undefined;
  /** Whether the page of a failed callback shows its stack. Never in production. @default false */
  readonly traceback?: boolean | undefined;
  /** Where `wsgi.errors` and the server's own reports go. @default standard error */
  readonly errors?: ErrorStream | undefined;
  /** `wsgi.multiprocess`. @default false */
  readonly multiprocess?: boolean | undefined;
}

/** The names of the parts. */
export const baseParts: readonly (keyof BaseOptions)[] = [
  'Environ',
  'Response',
  'ident',
  'errorPage',
  'methods',
  'traceback',
  'errors',
  'multiprocess',
];

export class Base implements ServerFacts {
  readonly Environ: typeof LazyEnviron;
  readonly Response: typeof WsgiResponse;
  readonly ident: string;
  readonly errorPage: (status: string, detail: string) => ErrorPage;
  readonly methods: ReadonlySet<string>;
  readonly traceback: boolean;
  readonly errors: ErrorStream;
  readonly multiprocess: boolean;

  /**
   * @param before what holds where `options` says nothing
   * @throws {ContractError} FAPWS_HEADER for an `ident` that is no header value
   */
  constructor(options: BaseOptions, before?: Base) {
    this.Environ = options.Environ ?? before?.Environ ?? LazyEnviron;
    this.Response = options.Response ?? before?.Response ?? WsgiResponse;
    this.ident = options.ident ?? before?.ident ?? 'fapws';
    // Throws for what a header can't carry: it goes out with every answer, unchecked.
    responseHeadOf('200 OK', [['Server', this.ident]]);
    this.errorPage = options.errorPage ?? before?.errorPage ?? plainErrorPage;
    this.methods =
      options.methods === undefined ? (before?.methods ?? defaultMethods) : new Set(options.methods);
    this.traceback = options.traceback ?? before?.traceback ?? false;
    this.errors = options.errors ?? before?.errors ?? standardError;
    this.multiprocess = options.multiprocess ?? before?.multiprocess ?? false;
  }
}

const defaultMethods: ReadonlySet<string> = new Set([
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
  'QUERY',
]);
