// Set-Cookie lines (RFC 6265 4.1), as start_response of Fapws3 could make them. Signed cookies and parsing are @fapws/forms'.

import { ContractError, shown } from '../http/errors.ts';

export interface CookieOptions {
  /** Seconds until the browser forgets it; without it and `expires` it lives as long as the browser. */
  readonly maxAge?: number | undefined;
  readonly expires?: Date | undefined;
  /** @default '/' */
  readonly path?: string | undefined;
  readonly domain?: string | undefined;
  /** Sent over TLS only. */
  readonly secure?: boolean | undefined;
  /** Hidden from scripts. */
  readonly httpOnly?: boolean | undefined;
  readonly sameSite?: 'Strict' | 'Lax' | 'None' | undefined;
}

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** Octets of `Sun, 06 Nov 1994 08:49:37 GMT`. */
const IMF_FIXDATE = 29;
/** cookie-octet: no control, blank, quote, comma, semicolon or backslash; and no percent sign, which readers decode. */
const cookieOctets = /^[\x21\x23\x24\x26-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*$/;
const attributeOctets = /^[\x20-\x3a\x3c-\x7e]*$/;

/**
 * The value of a Set-Cookie header.
 * @param value percent-encoded as UTF-8 if it has characters that a cookie can't carry, or a percent sign
 * @throws {ContractError} FAPWS_HEADER
 */
export function cookieLine(name: string, value: string, options: CookieOptions = {}): string {
  if (!token.test(name)) {
    throw new ContractError('FAPWS_HEADER', `${shown(name)} is not a cookie name.`);
  }
  let line = `${name}=${cookieOctets.test(value) ? value : encodeURIComponent(value)}`;
  if (options.maxAge !== undefined) line += attribute('Max-Age', String(seconds(options.maxAge)));
  if (options.expires !== undefined) line += attribute('Expires', date(options.expires));
  line += attribute('Path', options.path ?? '/');
  if (options.domain !== undefined) line += attribute('Domain', options.domain);
  if (options.secure === true) line += '; Secure';
  if (options.httpOnly === true) line += '; HttpOnly';
  if (options.sameSite !== undefined) line += attribute('SameSite', options.sameSite);
  return line;
}

function seconds(maxAge: number): number {
  if (!Number.isFinite(maxAge)) throw badAttribute('Max-Age', maxAge);
  return Math.trunc(maxAge);
}

function date(expires: Date): string {
  // RFC 9110 5.6.7: a year has four digits. A browser would drop the attribute, or the cookie.
  const valid = expires instanceof Date && expires.toUTCString().length === IMF_FIXDATE;
  if (!valid) throw badAttribute('Expires', expires);
  return expires.toUTCString();
}

function attribute(name: string, value: string): string {
  if (typeof value !== 'string' || !attributeOctets.test(value)) throw badAttribute(name, value);
  return `; ${name}=${value}`;
}

function badAttribute(name: string, value: unknown): ContractError {
  return new ContractError('FAPWS_HEADER', `${shown(value)} is not a cookie's ${name}.`);
}
