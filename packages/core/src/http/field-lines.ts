// What the names and values of field lines say, as far as it matters to the protocol: octets of the parser's memory, or parts of
// the text of a head.

import { Refusal } from './refusal.ts';

/** For a Content-Length that is none. */
export const Unreadable = -1;

const COLON = 0x3a;

export function isBlank(octet: number): boolean {
  return octet === 0x20 || octet === 0x09;
}

/** Unlike `trim`, which takes a no-break space and other octets for blanks too (RFC 9112 2.2). */
export function withoutBlanks(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text.charCodeAt(start))) start += 1;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end -= 1;
  return text.substring(start, end);
}

/** RFC 9112 2.2: empty lines before a request line are ignored. llhttp ignores bare CRs and LFs there, too. */
export function isEmptyLines(octets: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at += 2) {
    if (octets[at] !== 0x0d || octets[at + 1] !== 0x0a) return false;
  }
  return (end - start) % 2 === 0;
}

/** HOT. Whether the field name at `start` is `name`, which is in lower case, has letters and dashes only, and the right length. */
export function isName(octets: Uint8Array, start: number, name: string): boolean {
  for (let at = 0; at < name.length; at += 1) {
    // The bit makes letters lower and leaves a dash alone; no other octet of a token becomes either by it.
    if (((octets[start + at] as number) | 0x20) !== name.charCodeAt(at)) return false;
  }
  return true;
}

/** HOT. Whether the field name at `start` is `name`, which is in lower case and of the right length. */
export function isSameName(text: string, start: number, name: string): boolean {
  for (let at = 0; at < name.length; at += 1) {
    const octet = text.charCodeAt(start + at);
    const lower = octet >= 0x41 && octet <= 0x5a ? octet | 0x20 : octet;
    if (lower !== name.charCodeAt(at)) return false;
  }
  return true;
}

/** HOT. Whether a Host value has one of the common shapes: letters, digits, dots and dashes, and perhaps a port. */
export function isHost(octets: Uint8Array, start: number, end: number): boolean {
  let at = start;
  while (at < end && plainHost[octets[at] as number] === 1) at += 1;
  if (at === start) return false;
  if (at === end) return true;
  // A port of up to four digits can't be too large.
  if (octets[at] !== COLON || end - at > 5) return false;
  for (at += 1; at < end; at += 1) {
    const octet = octets[at] as number;
    if (octet < 0x30 || octet > 0x39) return false;
  }
  return true;
}

const plainHost = new Uint8Array(256);
for (const character of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-') {
  plainHost[character.charCodeAt(0)] = 1;
}

/** Digits only (RFC 9110 8.6). More than fifteen would lose precision in a number and are beyond any limit. */
export function contentLength(value: string): number {
  if (value.length === 0) return Unreadable;
  let length = 0;
  for (let at = 0; at < value.length; at += 1) {
    const digit = value.charCodeAt(at) - 0x30;
    if (digit < 0 || digit > 9) return Unreadable;
    length = length * 10 + digit;
  }
  return length > Number.MAX_SAFE_INTEGER ? Number.POSITIVE_INFINITY : length;
}

/** RFC 9112 6.1, 6.3: `chunked` must come last and once; a coding that is not implemented is 501. */
export function refusalOfCoding(coding: string): Refusal {
  const codings = coding.split(',').map(withoutBlanks);
  const last = codings.pop();
  return last === 'chunked' && codings.length > 0 && !codings.includes('chunked') && !codings.includes('')
    ? Refusal.coding
    : Refusal.badRequest;
}
