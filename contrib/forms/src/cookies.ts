// Cookies in and out, by `cookie` of jshttp. What it leaves to the caller, and browsers drop without a word, is an error here.

import type { Environ, Header } from '@fapws/core';
import { parseCookie, stringifySetCookie } from 'cookie';
import { checkNames } from './options.ts';

/** Where a cookie is valid: to forget one, these must be the same as when it was set. */
export interface CookieScope {
  /** @default '/' */
  readonly path?: string | undefined;
  /** @default the host that answers, and no other */
  readonly domain?: string | undefined;
  /** Over TLS only. @default true; browsers take it from http://localhost, too */
  readonly secure?: boolean | undefined;
  /** For pages of other sites that have this one in a frame: each gets a cookie of its own. @default false */
  readonly partitioned?: boolean | undefined;
}

export interface CookieAttributes extends CookieScope {
  /** Seconds until it is forgotten. @default as long as the browser runs */
  readonly maxAge?: number | undefined;
  /** The same as a time; `maxAge` is better, because clocks differ. */
  readonly expires?: Date | undefined;
  /** Hidden from scripts. @default true */
  readonly httpOnly?: boolean | undefined;
  /** Whether it comes along with requests that other sites cause. @default 'Lax' */
  readonly sameSite?: 'Strict' | 'Lax' | 'None' | undefined;
}

const scopeNames = ['path', 'domain', 'secure', 'partitioned'];
const attributeNames = [...scopeNames, 'maxAge', 'expires', 'httpOnly', 'sameSite'];
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** What browsers take of name and value together (RFC 6265bis 5.6). */
const LARGEST = 4096;
/** Octets of `Sun, 06 Nov 1994 08:49:37 GMT`. */
const IMF_FIXDATE = 29;

/**
 * The cookies of a request by their names. Of several with one name the first counts, which is the one with the longest path.
 * @returns a record on which no name means anything but itself
 */
export function parseCookies(environ: Environ): Record<string, string> {
  return Object.assign(Object.create(null), parseCookie(environ.HTTP_COOKIE ?? '')) as Record<string, string>;
}

/**
 * A `Set-Cookie` header line for `startResponse`. The value may be any text; `parseCookies` gives it back.
 * @throws {TypeError} or RangeError for what a browser would drop
 */
export function setCookie(name: string, value: string, attributes: CookieAttributes = {}): Header {
  checkNames('A cookie has no attribute', attributes, attributeNames);
  const {
    path = '/',
    domain,
    secure = true,
    httpOnly = true,
    sameSite = 'Lax',
    partitioned = false,
  } = attributes;
  const { maxAge, expires } = attributes;
  if (typeof name !== 'string' || !token.test(name)) throw new TypeError('The name of a cookie is a token.');
  if (typeof value !== 'string' || /\p{Surrogate}/u.test(value)) {
    throw new TypeError('The value of a cookie is a string of whole characters.');
  }
  if (!path.startsWith('/')) throw new TypeError('The path of a cookie begins with a slash.');
  if (!['Strict', 'Lax', 'None'].includes(sameSite)) {
    throw new TypeError("sameSite of a cookie is 'Strict', 'Lax' or 'None'.");
  }
  if (expires !== undefined && !(expires instanceof Date && expires.toUTCString().length === IMF_FIXDATE)) {
    throw new RangeError('expires of a cookie is a Date with a year of four digits.');
  }
  if (!secure) {
    const because =
      sameSite === 'None' ? "sameSite 'None'" : partitioned ? 'partitioned' : securePrefix(name);
    if (because !== null) throw new TypeError(`A cookie with ${because} is taken with secure only.`);
  }
  if (/^__Host-/i.test(name) && (path !== '/' || domain !== undefined)) {
    throw new TypeError('A cookie with the prefix __Host- has the path / and no domain.');
  }
  const line = stringifySetCookie({
    name,
    value,
    path,
    secure,
    httpOnly,
    partitioned,
    sameSite: sameSite.toLowerCase() as 'strict' | 'lax' | 'none',
    ...(maxAge !== undefined && { maxAge }),
    ...(expires !== undefined && { expires }),
    ...(domain !== undefined && { domain }),
  });
  if (line.indexOf(';') - 1 > LARGEST) {
    throw new RangeError(
      `Name and value of a cookie have ${LARGEST} octets at most: keep what is large on the server.`,
    );
  }
  return ['Set-Cookie', line];
}

/** A `Set-Cookie` header line that makes the browser forget a cookie. */
export function deleteCookie(name: string, scope: CookieScope = {}): Header {
  checkNames('The scope of a cookie has no', scope, scopeNames);
  return setCookie(name, '', { ...scope, maxAge: 0, expires: new Date(0) });
}

function securePrefix(name: string): string | null {
  const prefix = /^__(?:Secure|Host)-/i.exec(name);
  return prefix === null ? null : `the prefix ${prefix[0]}`;
}
