// The atoms of Apache's log format (mod_log_config), by their letter: what each reads from an entry.

import { Buffer } from 'node:buffer';
import { threadId } from 'node:worker_threads';
import type { Environ } from '@fapws/core';
import type { Entry } from './entry.ts';
import { utf8Octets } from './escape.ts';
import { requestIdKey } from './request-id.ts';
import { commonLogTime, oncePerSecond, strftime } from './time.ts';

/** A value for a line; undefined for what there is none of, which is written `-`. */
export type Value = string | number | undefined;
export type Read = (entry: Entry) => Value;

/** What a letter means. */
interface Atom {
  /** Whether `%{argument}x` is meant, or `%x`, or either. */
  readonly argument: 'needed' | 'none' | 'optional';
  /** @throws {RangeError} for an argument that is none */
  readonly make: (argument: string) => Read;
  /** Whether others than the server and the format have a say in the value, so that it has to be escaped. */
  readonly foreign?: boolean;
  /** Whether nothing is written where there is nothing, because the atom stands directly behind another one. */
  readonly mayVanish?: boolean;
  /** Whether its digits are a number in JSON. */
  readonly numeric?: boolean;
  /** Whether it needs to know how long the answer took. */
  readonly timed?: (argument: string) => boolean;
}

const own = (read: Read): Atom => ({ argument: 'none', make: () => read });
const foreign = (read: Read): Atom => ({ ...own(read), foreign: true });

/** HOT. What another end, or a middleware, has put there. */
function stringOf(value: unknown): string | undefined {
  switch (typeof value) {
    case 'string':
      return value;
    case 'number':
    case 'bigint':
    case 'boolean':
      return String(value);
    default:
      return undefined;
  }
}

/** `%l`: whom identd knew, which nobody asks any more. */
export const nothing: Read = () => undefined;

/** Makes `%a` and `%h`: the client, or with `c` the peer that speaks for it. */
const remoteAddress: Atom = {
  argument: 'optional',
  make: argument => {
    switch (argument) {
      case '':
        return ({ environ }) => stringOf(environ.REMOTE_ADDR) || undefined;
      case 'c':
        return ({ environ }) => peerOf(environ);
      default:
        throw new RangeError('takes c or nothing between its braces');
    }
  },
  foreign: true,
};

/** Where @fapws/forwarded, or PROXY, has put another address, the peer's stands beside it. */
function peerOf(environ: Environ): string | undefined {
  const peer = environ['forwarded.peer'] as { readonly address?: unknown } | undefined;
  return stringOf(peer?.address) || stringOf(environ.REMOTE_ADDR) || undefined;
}

/** `%u`: who was authenticated or, unchecked, says to be (RFC 7617). */
function userOf(environ: Environ): string | undefined {
  const known = stringOf(environ['REMOTE_USER']);
  if (known !== undefined) return known;
  const authorization = environ.HTTP_AUTHORIZATION;
  if (authorization === undefined) return undefined;
  const credentials = /^basic +([A-Za-z0-9+/]+={0,2})$/i.exec(authorization)?.[1];
  if (credentials === undefined) return undefined;
  const decoded = Buffer.from(credentials, 'base64').toString('latin1');
  const colon = decoded.indexOf(':');
  return colon === -1 ? undefined : decoded.slice(0, colon);
}

/** `%r`: the request line as it was sent. */
export function requestLineOf({ environ }: Pick<Entry, 'environ'>): string | undefined {
  const head = environ['fapws.raw_header'] as string | undefined;
  if (head !== undefined) {
    // Empty lines may stand before it (RFC 9112 2.2).
    let start = 0;
    while (head.charCodeAt(start) === 0x0d || head.charCodeAt(start) === 0x0a) start += 1;
    const end = head.indexOf('\r\n', start);
    return head.substring(start, end === -1 ? head.length : end);
  }
  const { REQUEST_METHOD: method, REQUEST_URI: target } = environ as { [key: string]: string | undefined };
  return method === undefined ? undefined : target ? `${method} ${target}` : method;
}

function pathOf({ environ }: Entry): string | undefined {
  const target = stringOf(environ.REQUEST_URI);
  if (target === undefined) return undefined;
  const query = target.indexOf('?');
  return query === -1 ? target : target.slice(0, query);
}

function queryOf({ environ }: Entry): string {
  const target = stringOf(environ.REQUEST_URI) ?? '';
  const query = target.indexOf('?');
  return query === -1 ? '' : target.slice(query);
}

/** `%v`: the host that was asked for, without its port. */
function hostOf({ environ }: Entry): string | undefined {
  return environ.HTTP_HOST?.replace(/:\d*$/, '') || stringOf(environ.SERVER_NAME);
}

/** `%X`: Apache's three, and what it has no letter for. */
function connectionOf({ environ, ending }: Entry): string {
  switch (ending) {
    case 'complete':
      return mayGoOn(environ) ? '+' : '-';
    case 'aborted':
      return 'X';
    case 'timeout':
      return 'T';
    case 'failed':
      return 'F';
    case 'refused':
      return 'R';
  }
}

/** As far as the client wants it. */
function mayGoOn(environ: Environ): boolean {
  const options = environ.HTTP_CONNECTION?.toLowerCase().split(/[\t ,]+/) ?? [];
  if (options.includes('close') || environ['fapws.stopping']?.aborted) return false;
  return environ.SERVER_PROTOCOL !== 'HTTP/1.0' || options.includes('keep-alive');
}

/** Looks through the answer's own header lines. */
function answerHeader(name: string): Read {
  const wanted = name.toLowerCase();
  return ({ headers }) => {
    const values = headers.filter(([known]) => known.toLowerCase() === wanted).map(([, value]) => value);
    return values.length === 0 ? undefined : values.join(', ');
  };
}

/** An environ shows Content-Type and Content-Length without HTTP_, as CGI does. */
function requestHeader(name: string): Read {
  const key = name.toUpperCase().replaceAll('-', '_');
  const full = key === 'CONTENT_TYPE' || key === 'CONTENT_LENGTH' ? key : `HTTP_${key}`;
  return ({ environ }) => stringOf(environ[full]);
}

function cookie(name: string): Read {
  return ({ environ }) => {
    for (const pair of environ.HTTP_COOKIE?.split(';') ?? []) {
      const equals = pair.indexOf('=');
      if (equals !== -1 && pair.slice(0, equals).trim() === name) return pair.slice(equals + 1).trim();
    }
    return undefined;
  };
}

/** Keys that are octets as they came; all others are text. */
function isOfOctets(key: string): boolean {
  return /^(HTTP_.*|CONTENT_TYPE|REQUEST_URI|QUERY_STRING|fapws\.raw_header)$/.test(key);
}

function environKey(key: string): Read {
  if (isOfOctets(key)) return ({ environ }) => stringOf(environ[key]);
  return ({ environ }) => {
    const value = stringOf(environ[key]);
    return value === undefined ? undefined : utf8Octets(value);
  };
}

/** `%{format}t`, with Apache's `begin:` and `end:`, its numbers and fractions, and strftime. */
function time(argument: string): Read {
  if (argument === '') return ({ began }) => commonLogTime(began);
  const [, moment = 'begin', format = ''] = /^(?:(begin|end):)?([\s\S]*)$/.exec(argument) ?? [];
  const at = (entry: Entry): number => (moment === 'end' ? entry.began + entry.duration : entry.began);
  const fraction = (digits: number): Read => {
    const parts = 10 ** digits;
    return entry => String(Math.floor(((at(entry) % 1000) / 1000) * parts)).padStart(digits, '0');
  };
  switch (format) {
    case '':
      return entry => commonLogTime(at(entry));
    case 'sec':
      return entry => Math.floor(at(entry) / 1000);
    case 'msec':
      return entry => Math.floor(at(entry));
    case 'usec':
      return entry => Math.floor(at(entry)) * 1000 + Math.floor((at(entry) % 1) * 1000);
    case 'msec_frac':
      return fraction(3);
    case 'usec_frac':
      return fraction(6);
    case 'iso':
      return entry => new Date(at(entry)).toISOString();
    default: {
      const render = oncePerSecond(strftime(format));
      return entry => utf8Octets(render(at(entry)));
    }
  }
}

function duration(argument: string): Read {
  switch (argument) {
    case '':
    case 's':
      return entry => Math.floor(entry.duration / 1000);
    case 'ms':
      return entry => Math.floor(entry.duration);
    case 'us':
      return entry => Math.floor(entry.duration * 1000);
    default:
      throw new RangeError('takes s, ms, us or nothing between its braces');
  }
}

function port(argument: string): Read {
  switch (argument) {
    case '':
    case 'canonical':
    case 'local':
      return ({ environ }) => stringOf(environ.SERVER_PORT) || undefined;
    case 'remote':
      return ({ environ }) => stringOf(environ.REMOTE_PORT) || undefined;
    default:
      throw new RangeError('takes canonical, local, remote or nothing between its braces');
  }
}

function processId(argument: string): Read {
  switch (argument) {
    case '':
    case 'pid':
      return () => process.pid;
    case 'tid':
      return () => threadId;
    default:
      throw new RangeError('takes pid, tid or nothing between its braces');
  }
}

function ending(argument: string): Read {
  switch (argument) {
    case '':
      return connectionOf;
    case 'word':
      return entry => entry.ending;
    default:
      throw new RangeError('takes word or nothing between its braces');
  }
}

const status: Atom = { ...own(entry => entry.status || undefined), numeric: true };

export const atoms: Readonly<Record<string, Atom>> = {
  a: remoteAddress,
  h: remoteAddress,
  A: foreign(({ environ }) => stringOf(environ.SERVER_NAME)),
  b: own(({ octets }) => octets || undefined),
  B: own(({ octets }) => octets),
  C: { argument: 'needed', make: cookie, foreign: true },
  D: { ...own(entry => Math.floor(entry.duration * 1000)), timed: () => true },
  e: { argument: 'needed', make: environKey, foreign: true },
  H: foreign(({ environ }) => stringOf(environ.SERVER_PROTOCOL)),
  i: { argument: 'needed', make: requestHeader, foreign: true },
  l: own(nothing),
  L: foreign(({ environ }) => stringOf(environ[requestIdKey])),
  m: foreign(({ environ }) => stringOf(environ.REQUEST_METHOD)),
  o: { argument: 'needed', make: answerHeader, foreign: true },
  p: { argument: 'optional', make: port, foreign: true },
  P: { argument: 'optional', make: processId },
  q: { ...foreign(queryOf), mayVanish: true },
  r: foreign(requestLineOf),
  s: status,
  t: { argument: 'optional', make: time, timed: argument => argument.startsWith('end:') },
  T: { argument: 'optional', make: duration, timed: () => true },
  u: foreign(({ environ }) => userOf(environ)),
  U: foreign(pathOf),
  v: foreign(hostOf),
  V: foreign(hostOf),
  X: { argument: 'optional', make: ending },
};

/** Letters that are Apache's and can't be had here, with the reason. */
export const absent: Readonly<Record<string, string>> = {
  f: 'there is no file behind a request here',
  I: 'octets are counted as content only: %B',
  O: 'octets are counted as content only: %B',
  S: 'octets are counted as content only: %B',
  k: 'requests of a connection are not counted for applications',
  n: 'notes are keys of the environ here: %{NAME}e',
  R: 'applications have no names',
  '^': 'trailers are not kept',
};
