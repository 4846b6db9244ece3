// The four forms of a request target (RFC 9112 3.2), told apart and checked in one pass.

/** What a target is. Invalid ones are refused with 400, foreign ones (an https target on a plain connection) with 421. */
export const OriginForm = 0;
export const AbsoluteForm = 1;
export const AsteriskForm = 2;
export const AuthorityForm = 3;
export const InvalidTarget = 4;
export const MisdirectedTarget = 5;

/** A target that is not in origin-form, taken apart. */
export interface ParsedTarget {
  readonly form: number;
  /** Path, still percent-encoded; `/` if the target has none. */
  readonly path: string;
  /** What follows the first `?`, without it. */
  readonly query: string;
  /** Host and optional port of an absolute-form target, else empty. */
  readonly authority: string;
}

const invalid: ParsedTarget = { form: InvalidTarget, path: '', query: '', authority: '' };
const misdirected: ParsedTarget = { form: MisdirectedTarget, path: '', query: '', authority: '' };
const asterisk: ParsedTarget = { form: AsteriskForm, path: '*', query: '', authority: '' };

/**
 * 1 for the octets that a path or query may hold: what RFC 3986 allows there, and `|`, `^`, backtick, brackets and braces,
 * which browsers send unencoded. Quotes, angle brackets, backslash, `#`, controls, space and what is above 7E are refused.
 */
const allowed = new Uint8Array(256);
for (let octet = 0x21; octet < 0x7f; octet += 1) allowed[octet] = 1;
for (const character of '"<>\\#') allowed[character.charCodeAt(0)] = 0;

const QUESTION_MARK = 0x3f;

/**
 * HOT. Where the path of a target in origin-form ends: at the first `?`, or at `end`.
 * @returns -1 if an octet between `start` and `end` can't be in a path or a query
 */
export function endOfPath(octets: Uint8Array, start: number, end: number): number {
  let pathEnd = end;
  for (let at = start; at < end; at += 1) {
    const octet = octets[at] as number;
    if (allowed[octet] !== 1) return -1;
    if (octet === QUESTION_MARK && pathEnd === end) pathEnd = at;
  }
  return pathEnd;
}

function isClean(target: string): boolean {
  for (let at = 0; at < target.length; at += 1) {
    if (allowed[target.charCodeAt(at)] !== 1) return false;
  }
  return true;
}

/** Takes apart a target that does not begin with a slash. */
export function parseOtherTarget(method: string, target: string): ParsedTarget {
  if (target === '*') return method === 'OPTIONS' ? asterisk : invalid;
  if (method === 'CONNECT') {
    // RFC 9110 9.3.6: with a port, and not an empty one.
    return isAuthority(target) && /:\d+$/.test(target)
      ? { form: AuthorityForm, path: '', query: '', authority: target }
      : invalid;
  }
  const schemeEnd = target.indexOf('://');
  if (schemeEnd < 1 || !isClean(target)) return invalid;
  const scheme = target.slice(0, schemeEnd).toLowerCase();
  const authorityEnd = endOfAuthority(target, schemeEnd + 3);
  const authority = target.slice(schemeEnd + 3, authorityEnd);
  // RFC 9110 4.2.1, 4.2.4: an http target has a host and, from an untrusted source, no user information.
  if (!isAuthority(authority)) return invalid;
  if (scheme === 'https') return misdirected;
  if (scheme !== 'http') return invalid;
  const queryStart = target.indexOf('?', authorityEnd);
  const pathEnd = queryStart === -1 ? target.length : queryStart;
  return {
    form: AbsoluteForm,
    path: pathEnd === authorityEnd ? '/' : target.slice(authorityEnd, pathEnd),
    query: queryStart === -1 ? '' : target.slice(queryStart + 1),
    authority,
  };
}

function endOfAuthority(target: string, start: number): number {
  for (let at = start; at < target.length; at += 1) {
    const character = target.charCodeAt(at);
    if (character === 0x2f || character === 0x3f) return at;
  }
  return target.length;
}

/** unreserved and sub-delims of RFC 3986, and `%`, which is looked at further. */
const regName = new Uint8Array(256);
for (const character of "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+;=%") {
  regName[character.charCodeAt(0)] = 1;
}

/**
 * Whether `value` is a host with an optional port (RFC 9110 7.2): a name, an IPv4 address or a bracketed IPv6 address.
 * A comma, which RFC 3986 would let into a name, is refused: it is what two joined Host lines look like.
 */
export function isAuthority(value: string): boolean {
  if (value.length === 0) return false;
  let at: number;
  if (value.charCodeAt(0) === 0x5b) {
    at = value.indexOf(']') + 1;
    if (at < 4 || !isIpv6(value.slice(1, at - 1))) return false;
  } else {
    at = 0;
    while (at < value.length && regName[value.charCodeAt(at)] === 1) {
      if (value.charCodeAt(at) === 0x25 && !isEncodedOctet(value, at)) return false;
      at += 1;
    }
    if (at === 0) return false;
  }
  if (at === value.length) return true;
  if (value.charCodeAt(at) !== 0x3a) return false;
  return isPort(value, at + 1);
}

/** Whether two authorities of http URIs name the same host and port (RFC 9110 4.2.3): in any case, and port 80 may be left out. */
export function isSameAuthority(one: string, other: string): boolean {
  return one === other || withoutDefaultPort(one) === withoutDefaultPort(other);
}

function withoutDefaultPort(authority: string): string {
  return authority.toLowerCase().replace(/:(?:0*80)?$/, '');
}

/** An empty port is allowed (RFC 3986 3.2.3). */
function isPort(value: string, start: number): boolean {
  if (value.length - start > 5) return false;
  for (let at = start; at < value.length; at += 1) {
    const digit = value.charCodeAt(at) - 0x30;
    if (digit < 0 || digit > 9) return false;
  }
  return start === value.length || Number(value.slice(start)) <= 65_535;
}

function isEncodedOctet(value: string, at: number): boolean {
  const octet = value.slice(at + 1, at + 3);
  return octet.length === 2 && !Number.isNaN(Number(`0x${octet}`)) && octet !== '00';
}

function isIpv6(address: string): boolean {
  // Eight groups of hexadecimal digits; `::` once for the missing ones; the last two may be written as IPv4.
  const halves = address.split('::');
  if (halves.length > 2) return false;
  let groups = 0;
  for (const [half, text] of halves.entries()) {
    if (text === '') continue;
    const parts = text.split(':');
    for (const [at, part] of parts.entries()) {
      const last = at === parts.length - 1 && half === halves.length - 1;
      if (last && part.includes('.')) {
        if (!isIpv4(part)) return false;
        groups += 2;
      } else {
        if (!/^[0-9a-f]{1,4}$/i.test(part)) return false;
        groups += 1;
      }
    }
  }
  return halves.length === 2 ? groups < 8 : groups === 8;
}

function isIpv4(address: string): boolean {
  const parts = address.split('.');
  return parts.length === 4 && parts.every(part => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255);
}
