// What single claims mean: scheme, host, port and prefix, each checked before it gets anywhere.

import { parseAddress } from './address.ts';
import { Refused } from './refused.ts';

export type Scheme = 'http' | 'https';

/** Host and port as a client addressed them. */
export interface Host {
  /** A name or an IPv4 address, or an IPv6 address in brackets. */
  readonly name: string;
  /** Empty if it was not said. */
  readonly port: string;
}

/** HOT. @throws {Refused} */
export function parseScheme(text: string): Scheme {
  if (text === 'https' || text === 'http') return text;
  const scheme = text.toLowerCase();
  if (scheme === 'https' || scheme === 'http') return scheme;
  throw new Refused('The proxy in front names a scheme that is neither "http" nor "https".');
}

/** Narrower than RFC 3986: nothing that somebody further in might take for a delimiter. */
const hostName = /^[a-z0-9._~-]+$/i;

/** @throws {Refused} */
export function parseHost(text: string): Host {
  const host = splitHost(text);
  if (host === null) {
    throw new Refused(
      'The proxy in front names a host that is not a name or an address, perhaps with a port.',
    );
  }
  return { name: host.name, port: host.port === '' ? '' : parsePort(host.port) };
}

/** A host taken apart; null for what is none. The port is not looked at. */
function splitHost(text: string): Host | null {
  const bracket = text.indexOf(']');
  const colon = text.indexOf(':', bracket === -1 ? 0 : bracket);
  const name = colon === -1 ? text : text.slice(0, colon);
  const port = colon === -1 ? '' : text.slice(colon + 1);
  if (colon !== -1 && port === '') return null;
  if (hostName.test(name)) return { name, port };
  if (!name.startsWith('[') || !name.endsWith(']') || !name.includes(':')) return null;
  return parseAddress(name.slice(1, -1)) === null ? null : { name, port };
}

/** @throws {Refused} */
export function parsePort(text: string): string {
  if (/^[1-9]\d{0,4}$/.test(text) && Number(text) <= 65_535) return text;
  throw new Refused('The proxy in front names a port that is not a number from 1 to 65535.');
}

/**
 * The part of the path that the proxy took off, percent-decoded and without a slash at its end, as SCRIPT_NAME has it.
 * @throws {Refused} for what could be taken for another host (`//host`), for another path (`/..`), or for no path at all
 */
export function parsePrefix(text: string): string {
  if (text === '/') return '';
  const prefix = decoded(text.endsWith('/') ? text.slice(0, -1) : text);
  if (prefix === null || !prefix.startsWith('/') || !prefix.slice(1).split('/').every(isSegment)) {
    throw new Refused(
      'The proxy in front names a prefix that is not a plain path: it begins with one "/" and has no empty segments, ' +
        'no "." or "..", no backslash and no control characters.',
    );
  }
  return prefix;
}

/** What RFC 3986 allows in a path, but the comma, which is what two prefixes joined look like. */
const pathText = /^(?:[a-z0-9\-._~!$&'()*+;=:@/]|%[0-9a-f]{2})+$/i;

function decoded(text: string): string | null {
  // An encoded slash would be one more segment here, and none to the proxy.
  if (!pathText.test(text) || /%2f/i.test(text)) return null;
  try {
    return decodeURIComponent(text);
  } catch {
    // Not UTF-8.
    return null;
  }
}

function isSegment(segment: string): boolean {
  return segment !== '' && segment !== '.' && segment !== '..' && !/[\p{Cc}\\]/u.test(segment);
}
