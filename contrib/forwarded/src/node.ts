// Nodes: how `Forwarded` and `X-Forwarded-For` name the two ends of a connection.

import { type IpAddress, parseAddress } from './address.ts';
import { Refused } from './refused.ts';
import { unixClient } from './trust.ts';

/** One end of a connection on the way of a request. */
export interface Node {
  /** Null for one that is not named by its address. */
  readonly ip: IpAddress | null;
  /** The address in its canonical form; else `unknown`, an obfuscated identifier (`_hidden`) or `unix:`. */
  readonly address: string;
  /** Decimal digits; empty when it was not told, or is obfuscated. */
  readonly port: string;
}

const obfuscated = /^_[\w.-]+$/;

/**
 * The value of `for` in `Forwarded` (RFC 7239 6): an address, in brackets if it is IPv6, `unknown` or `_name`; perhaps a port.
 * @throws {Refused}
 */
export function parseForwardedNode(text: string): Node {
  const bracket = text.indexOf(']');
  const colon = text.indexOf(':', bracket === -1 ? 0 : bracket);
  const name = colon === -1 ? text : text.slice(0, colon);
  const port = colon === -1 ? '' : portOf(text.slice(colon + 1));
  if (name.toLowerCase() === 'unknown') return { ip: null, address: 'unknown', port };
  if (obfuscated.test(name)) return { ip: null, address: name, port };
  const bracketed = name.startsWith('[') && name.endsWith(']');
  const ip = parseAddress(bracketed ? name.slice(1, -1) : name);
  if (ip === null || bracketed !== name.includes(':')) {
    throw new Refused(
      'The proxy in front names the client in a way that is not an address, "unknown" or an identifier that begins with "_".',
    );
  }
  return { ip, address: ip.text, port };
}

/**
 * HOT. An entry of `X-Forwarded-For`, which no standard describes: what `Forwarded` allows, IPv6 without brackets, and
 * what nginx writes for a client on a unix socket.
 * @throws {Refused}
 */
export function parseXForwardedNode(text: string): Node {
  const ip = parseAddress(text);
  if (ip !== null) return { ip, address: ip.text, port: '' };
  if (text === unixClient) return { ip: null, address: unixClient, port: '' };
  return parseForwardedNode(text);
}

/** RFC 7239 6.3: digits, or obfuscated, which tells nothing. @throws {Refused} */
function portOf(text: string): string {
  if (obfuscated.test(text)) return '';
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535) {
    throw new Refused("The proxy in front names a client's port that is not a number from 0 to 65535.");
  }
  return String(Number(text));
}
