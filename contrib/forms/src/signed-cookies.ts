// Cookies that a client can read and keep, and not change: an HMAC-SHA256 over name, value and end.

import { Buffer } from 'node:buffer';
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Environ, Header } from '@fapws/core';
import { type CookieAttributes, type CookieScope, deleteCookie, parseCookies, setCookie } from './cookies.ts';
import { checkNames } from './options.ts';

export interface SignedCookiesOptions {
  /**
   * Secrets of at least 32 octets, for instance `openssl rand -base64 32`. The first one signs, all of them are believed: put a
   * new one in front, and take an old one out when the cookies that it signed have ended.
   */
  readonly keys: readonly (string | Uint8Array)[];
}

export interface SignedCookies {
  /** As `setCookie`. With `maxAge` or `expires` the signature ends then, too, whatever the client does. */
  set(name: string, value: string, attributes?: CookieAttributes): Header;
  /** The value; undefined when there is none, or it was not signed here for this name, or has ended. */
  get(environ: Environ, name: string): string | undefined;
  /** As `deleteCookie`. */
  delete(name: string, scope?: CookieScope): Header;
}

const SHORTEST_KEY = 32;

/** @throws {TypeError} or RangeError for keys that are none */
export function signedCookies(options: SignedCookiesOptions): SignedCookies {
  if (typeof options !== 'object' || options === null)
    throw new TypeError('signedCookies takes { keys: [secret] }.');
  checkNames('signedCookies has no option called', options, ['keys']);
  const { keys } = options;
  if (!Array.isArray(keys) || keys.length === 0)
    throw new TypeError('keys is a list of secrets, at least one.');
  const secrets = keys.map(keyOf);
  const [current] = secrets as [Buffer];

  return {
    set(name, value, attributes = {}) {
      if (typeof value !== 'string') throw new TypeError('The value of a cookie is a string.');
      // From the right: a dot, the signature, a dot, the end. The value may have dots of its own.
      const signed = `${value}.${endOf(attributes)}`;
      return setCookie(name, `${signed}.${signature(current, name, signed)}`, attributes);
    },
    get(environ, name) {
      const text = parseCookies(environ)[name];
      if (text === undefined) return undefined;
      const dot = text.lastIndexOf('.');
      if (dot === -1) return undefined;
      const signed = text.slice(0, dot);
      const given = Buffer.from(text.slice(dot + 1));
      const matches = (secret: Buffer): boolean => equal(given, Buffer.from(signature(secret, name, signed)));
      if (!secrets.some(matches)) return undefined;
      const end = signed.lastIndexOf('.');
      const seconds = signed.slice(end + 1);
      if (seconds !== '' && Number(seconds) * 1000 <= Date.now()) return undefined;
      return signed.slice(0, end);
    },
    delete: deleteCookie,
  };
}

function keyOf(key: unknown): Buffer {
  if (typeof key !== 'string' && !(key instanceof Uint8Array)) {
    throw new TypeError('A key in keys is a string or a Uint8Array.');
  }
  const secret = Buffer.from(key as string);
  if (secret.length < SHORTEST_KEY)
    throw new RangeError(`A key in keys has at least ${SHORTEST_KEY} octets.`);
  return secret;
}

/** Seconds since 1970; empty for a cookie without an end. */
function endOf({ maxAge, expires }: CookieAttributes): string {
  if (maxAge !== undefined) return String(Math.floor(Date.now() / 1000) + maxAge);
  return expires === undefined ? '' : String(Math.floor(expires.getTime() / 1000));
}

/** A name has no `=`, so no other name and value look the same. The prefix keeps this apart from other uses of the key. */
function signature(secret: Buffer, name: string, signed: string): string {
  return createHmac('sha256', secret).update(`@fapws/forms cookie\n${name}=${signed}`).digest('base64url');
}

function equal(given: Buffer, expected: Buffer): boolean {
  return given.length === expected.length && timingSafeEqual(given, expected);
}
