// The environ: what an application asks of a request is computed at that moment, what it does not ask for is never built.
// Behind the record stands a Proxy, because the names of a request's headers are not known beforehand and because the
// record must still show all its keys when it is enumerated.

import { inspect } from 'node:util';
import type { Exchange } from '../http/exchange.ts';
import { sendHints } from '../http/hints.ts';
import { type ErrorStream, report } from './error-stream.ts';
import { fileWrapper } from './file-wrapper.ts';
import { headerName, visitHeaders } from './header-keys.ts';
import { Input } from './input.ts';
import { parseQuery } from './query.ts';
import type { After, Environ, Headers, RoutingArguments } from './types.ts';

/** What the router found out about a request. */
export interface Routed {
  /** The prefix that led to the application, percent-decoded. */
  readonly scriptName: string;
  /** The rest of the path, percent-decoded. */
  readonly pathInfo: string;
  readonly params: Readonly<Record<string, string>>;
}

/** What a server tells of itself in every environ. */
export interface ServerFacts {
  readonly errors: ErrorStream;
  /** For SERVER_SOFTWARE. */
  readonly ident: string;
  /** Whether other processes serve the same applications. */
  readonly multiprocess: boolean;
}

/** Is told of one key. */
export type VisitEntry = (key: string, value: string | number | boolean) => void;

const version: readonly [1, 0] = Object.freeze([1, 0]) as readonly [1, 0];
const noPositional: readonly string[] = Object.freeze([]) as readonly string[];

type Computed = readonly (readonly [key: string, compute: (environ: LazyEnviron) => unknown])[];

/** Keys whose values are strings, numbers or booleans, and how each is computed; undefined means that this request does not have it. */
const scalars: Computed = [
  ['REQUEST_METHOD', environ => environ.exchange.head.method],
  ['SCRIPT_NAME', environ => environ.routed.scriptName],
  ['PATH_INFO', environ => environ.routed.pathInfo],
  ['QUERY_STRING', environ => environ.exchange.head.query],
  ['CONTENT_TYPE', environ => environ.exchange.head.field('content-type')],
  ['CONTENT_LENGTH', environ => environ.exchange.head.field('content-length')],
  ['SERVER_NAME', environ => environ.serverName],
  ['SERVER_PORT', environ => environ.serverPort],
  ['SERVER_PROTOCOL', environ => (environ.exchange.head.minorVersion === 0 ? 'HTTP/1.0' : 'HTTP/1.1')],
  ['SERVER_SOFTWARE', environ => environ.server.ident],
  ['REMOTE_ADDR', environ => environ.exchange.connection.remote.address],
  ['REMOTE_PORT', environ => environ.remotePort],
  ['REQUEST_URI', environ => environ.exchange.head.target],
  ['wsgi.url_scheme', environ => environ.exchange.connection.preface?.scheme ?? 'http'],
  ['wsgi.multithread', () => false],
  ['wsgi.multiprocess', environ => environ.server.multiprocess],
  ['wsgi.run_once', () => false],
  ['wsgi.input_terminated', () => true],
  // Whoever reads a preface chooses what its details are.
  ['fapws.preface', environ => environ.exchange.connection.preface?.details],
  ['fapws.raw_header', environ => environ.exchange.head.text],
];

/** The others. */
const objects: Computed = [
  ['wsgi.version', () => version],
  ['wsgi.input', environ => environ.input],
  ['wsgi.errors', environ => environ.server.errors],
  ['wsgi.file_wrapper', () => fileWrapper],
  [
    'wsgi.early_hints',
    ({ exchange }) =>
      (headers: Headers) =>
        sendHints(exchange, headers),
  ],
  ['wsgiorg.routing_args', environ => environ.routingArguments],
  ['fapws.signal', environ => environ.exchange.signal],
  ['fapws.after', environ => environ.after],
  ['fapws.stopping', environ => environ.exchange.connection.protocol.stoppingSignal],
  ['fapws.params', environ => environ.parameters],
  ['fapws.headers', environ => environ.headerLines],
];

const computed = new Map([...scalars, ...objects]);

/** Those that not every request has. */
const sometimes: ReadonlySet<string> = new Set(['CONTENT_TYPE', 'CONTENT_LENGTH', 'fapws.preface']);

/**
 * Computes the values of one environ. To add keys of your own to every request, extend it and give it to
 * `server.base({ Environ })`: override `lookup` for the values and `names` for their enumeration.
 */
export class LazyEnviron {
  readonly exchange: Exchange;
  readonly routed: Routed;
  readonly server: ServerFacts;
  /** @internal What an application sees. */
  record: Environ | null = null;
  // What must be the same object each time; the common ones have a field, which costs less than an entry in a map.
  #input: Input | null = null;
  #routingArguments: RoutingArguments | null = null;
  /** Values that were assigned or are kept. Deleted keys are there as undefined. */
  #kept: Map<string, unknown> | null = null;

  constructor(exchange: Exchange, routed: Routed, server: ServerFacts) {
    this.exchange = exchange;
    this.routed = routed;
    this.server = server;
  }

  /** HOT. Computes the value of a key; undefined if this request does not have it. */
  lookup(key: string): unknown {
    const compute = computed.get(key);
    if (compute !== undefined) return compute(this);
    return key.startsWith('HTTP_') ? this.#header(key) : undefined;
  }

  /** The keys that this request has. */
  names(): string[] {
    const names: string[] = [];
    for (const key of computed.keys()) {
      if (sometimes.has(key) && this.lookup(key) === undefined) continue;
      names.push(key);
    }
    visitHeaders(this.exchange.head, key => names.push(key));
    return names;
  }

  /** HOT. */
  get(key: string): unknown {
    if (this.#kept?.has(key)) return this.#kept.get(key);
    return this.lookup(key);
  }

  set(key: string, value: unknown): void {
    this.#kept ??= new Map();
    this.#kept.set(key, value);
  }

  has(key: string): boolean {
    return this.get(key) !== undefined;
  }

  keys(): string[] {
    const names = this.names();
    if (this.#kept === null) return names;
    const all = new Set(names);
    for (const [key, value] of this.#kept) {
      if (value === undefined) all.delete(key);
      else all.add(key);
    }
    return [...all];
  }

  /** @internal HOT. As `visitEnviron`. */
  visit(visit: VisitEntry): void {
    const kept = this.#kept;
    if (kept !== null) for (const [key, value] of kept) visitScalar(key, value, visit);
    for (let at = 0; at < scalars.length; at += 1) {
      const [key, compute] = scalars[at] as Computed[number];
      if (!kept?.has(key)) visitScalar(key, compute(this), visit);
    }
    visitHeaders(
      this.exchange.head,
      kept === null
        ? visit
        : (key, value) => {
            if (!kept.has(key)) visit(key, value);
          },
    );
  }

  get input(): Input {
    this.#input ??= new Input(this.exchange);
    return this.#input;
  }

  get routingArguments(): RoutingArguments {
    this.#routingArguments ??= [noPositional, this.routed.params];
    return this.#routingArguments;
  }

  get after(): After {
    const { exchange, server } = this;
    return task => {
      exchange.whenOver(() => {
        try {
          task(exchange.outcome);
        } catch (error) {
          report(server.errors, `after ${exchange.head.method} ${exchange.head.target}`, error);
        }
      });
    };
  }

  get parameters(): Record<string, string[]> {
    const value = parseQuery(this.exchange.head.query);
    this.set('fapws.params', value);
    return value;
  }

  get headerLines(): [string, string][] {
    const { head } = this.exchange;
    const lines: [string, string][] = [];
    for (let index = 0; index < head.fieldCount; index += 1) {
      lines.push([head.fieldName(index), head.fieldValue(index)]);
    }
    return lines;
  }

  /** Where the client reached us; a unix socket has no address, so there the client's word has to do. */
  get serverName(): string {
    const { address } = this.exchange.connection.local;
    if (address !== '') return address;
    const { host } = this.exchange.head;
    return host.replace(/:\d*$/, '') || 'localhost';
  }

  /** Empty for a unix socket, like REMOTE_ADDR. */
  get remotePort(): string {
    const { port } = this.exchange.connection.remote;
    return port === 0 ? '' : String(port);
  }

  get serverPort(): string {
    const { address, port } = this.exchange.connection.local;
    if (address !== '') return String(port);
    return /:(\d+)$/.exec(this.exchange.head.host)?.[1] ?? '80';
  }

  /** HOT. */
  #header(key: string): string | undefined {
    if (key === 'HTTP_HOST') return this.exchange.head.host || undefined;
    return this.exchange.head.field(headerName(key));
  }
}

// console.log looks for this behind the Proxy and calls it on the Proxy; it shows what an application sees.
Object.defineProperty(LazyEnviron.prototype, inspect.custom, {
  value(this: object): Record<string, unknown> {
    return { ...(this instanceof LazyEnviron ? environOf(this) : this) };
  },
});

/** What leads from an environ to what is behind it. */
const behind: unique symbol = Symbol('behind');

const handler: ProxyHandler<LazyEnviron> = {
  get(environ, key) {
    if (typeof key === 'string') return environ.get(key);
    return key === behind ? environ : undefined;
  },
  set(environ, key, value) {
    if (typeof key !== 'string') return false;
    environ.set(key, value);
    return true;
  },
  has: (environ, key) => typeof key === 'string' && environ.has(key),
  deleteProperty(environ, key) {
    if (typeof key === 'string') environ.set(key, undefined);
    return true;
  },
  ownKeys: environ => environ.keys(),
  getOwnPropertyDescriptor(environ, key) {
    if (typeof key !== 'string' || !environ.has(key)) return undefined;
    return { value: environ.get(key), writable: true, enumerable: true, configurable: true };
  },
  defineProperty(environ, key, descriptor) {
    if (typeof key !== 'string' || !('value' in descriptor)) return false;
    environ.set(key, descriptor.value);
    return true;
  },
  // A frozen environ could not keep what it computes; Object.freeze throws instead of breaking it.
  preventExtensions: () => false,
  setPrototypeOf: () => false,
  getPrototypeOf: () => Object.prototype,
};

/** @internal HOT. The record that an application is given. */
export function environOf(environ: LazyEnviron): Environ {
  const record = new Proxy(environ, handler) as unknown as Environ;
  environ.record = record;
  return record;
}

/**
 * HOT. Calls `visit` with every key of an environ whose value is a string, a number or a boolean, and with that value; in no
 * particular order. It finds what `Object.entries` finds, in a tenth of the time and without building the other values.
 * For gateways, which hand an environ on.
 */
export function visitEnviron(environ: Environ, visit: VisitEntry): void {
  const lazy = (environ as { [behind]?: LazyEnviron })[behind];
  // What somebody has put around an environ may show something else than what is in it.
  if (lazy?.record === environ && lazy.constructor === LazyEnviron) {
    lazy.visit(visit);
    return;
  }
  for (const key of Object.keys(environ)) visitScalar(key, environ[key], visit);
}

/** HOT. */
function visitScalar(key: string, value: unknown, visit: VisitEntry): void {
  const type = typeof value;
  if (type === 'string' || type === 'number' || type === 'boolean') visit(key, value as string);
}
