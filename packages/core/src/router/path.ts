// The path of a request target, as the attacker sent it, to the one spelling that the tree is matched against:
// decoded once, dot segments resolved, dangerous spellings refused. Must not know what is registered.

/**
 * Stands for a `/` that was sent as `%2F`. Such a slash is text inside a segment and must not separate segments, or
 * `/files/a%2Fb` would reach what `/files/a/b` guards. NUL is free for this: both its spellings are refused.
 */
const ENCODED_SLASH = '\0';

const NUL = 0x00;
const SPACE = 0x20;
const PERCENT = 0x25;
const DOT = 0x2e;
const SLASH = 0x2f;
const BACKSLASH = 0x5c;
const TILDE = 0x7e;

/** 1 for the characters of {@link isOrdinary}. */
const ORDINARY: Uint8Array = new Uint8Array(0x100).fill(1, SPACE, TILDE + 1);
ORDINARY[PERCENT] = 0;
ORDINARY[BACKSLASH] = 0;

/**
 * Whether a character of a raw path stands for itself: no encoding, no backslash, no control, nothing above ASCII. A
 * slash and a dot are ordinary too; what they mean depends on their place.
 */
export function isOrdinary(code: number): boolean {
  return code <= TILDE && ORDINARY[code] === 1;
}

/**
 * Whether a raw path is normalised already from `start`, the start of a segment, to its end. Hot, and so it errs on the
 * safe side: a dot at the start of a segment may turn out to be harmless when {@link normalisePath} looks at it.
 */
export function isNormalRest(raw: string, start: number): boolean {
  let previous = SLASH;
  for (let position = start; position < raw.length; position++) {
    const code = raw.charCodeAt(position);
    if (!isOrdinary(code) || (code === DOT && previous === SLASH)) return false;
    previous = code;
  }
  return true;
}

/** Whether a whole raw path is normalised already, as above. */
export function isNormalPath(raw: string): boolean {
  return raw.charCodeAt(0) === SLASH && isNormalRest(raw, 1);
}

/** The end of the segment of a raw path that begins at `start`; -1 if it is not normalised, as above. Hot. */
export function normalSegmentEnd(raw: string, start: number): number {
  let position = start;
  for (; position < raw.length; position++) {
    const code = raw.charCodeAt(position);
    if (code === SLASH) break;
    if (!isOrdinary(code) || (code === DOT && position === start)) return -1;
  }
  return position;
}

/** The end of the segment of a normalised path that begins at `start`. */
export function segmentEnd(path: string, start: number): number {
  const slash = path.indexOf('/', start);
  return slash < 0 ? path.length : slash;
}

/**
 * Decodes a raw path and resolves its dot segments.
 *
 * @returns the normalised path, beginning with `/`; {@link plainPath} is still to be applied to what leaves the router.
 *   `undefined` if the request is to be answered with 400.
 */
export function normalisePath(raw: string): string | undefined {
  if (raw.length === 0) return '/';
  if (raw.charCodeAt(0) !== SLASH || !isDecodable(raw)) return undefined;
  let path: string;
  try {
    // Strict UTF-8: throws on broken triplets, overlong forms, surrogates and what is cut short. It decodes once, so
    // "%252e" is the text "%2e". The encoded slashes are marked before: afterwards nobody could tell them apart.
    path = decodeURIComponent(/%2f/i.test(raw) ? raw.replaceAll(/%2f/gi, ENCODED_SLASH) : raw);
  } catch {
    return undefined;
  }
  return resolveDotSegments(path);
}

/** The text for people and applications: encoded slashes become slashes. */
export function plainPath(path: string): string {
  return path.includes(ENCODED_SLASH) ? path.replaceAll(ENCODED_SLASH, '/') : path;
}

/**
 * Refuses octets that no URI may hold (RFC 9112 3.2) and encoded control characters, NUL first of all: they end up in
 * log lines, file names and header fields. In UTF-8 an octet below 80 is never a part of another character, so the
 * encoded form alone tells.
 */
function isDecodable(raw: string): boolean {
  for (let position = 0; position < raw.length; position++) {
    const code = raw.charCodeAt(position);
    if (code < SPACE || code > TILDE) return false;
    if (code !== PERCENT) continue;
    const high = raw[position + 1];
    if (high === '0' || high === '1') return false;
    if (high === '7' && (raw[position + 2] === 'F' || raw[position + 2] === 'f')) return false;
  }
  return true;
}

/**
 * Removes `.` and `..` as RFC 3986 5.2.4 does, but refuses to climb above the root instead of staying there. A dot
 * segment that only shows when an encoded slash or a backslash is taken for a separator (`/a%2F..%2Fb`, `/a\..\b`) is
 * refused: to us it is text, to a file system or an application behind us it is a way out.
 */
function resolveDotSegments(path: string): string | undefined {
  let resolvable = false;
  let start = 1;
  for (let position = 1; position <= path.length; position++) {
    const code = position === path.length ? SLASH : path.charCodeAt(position);
    if (code !== SLASH && code !== NUL && code !== BACKSLASH) continue;
    if (isDotSegment(path, start, position)) {
      if (code !== SLASH || path.charCodeAt(start - 1) !== SLASH) return undefined;
      resolvable = true;
    }
    start = position + 1;
  }
  if (!resolvable) return path;

  const segments = path.split('/');
  const last = segments.length - 1;
  const kept = [''];
  for (let index = 1; index <= last; index++) {
    const segment = segments[index] as string;
    if (segment === '..') {
      if (kept.length === 1) return undefined;
      kept.pop();
    } else if (segment !== '.') {
      kept.push(segment);
      continue;
    }
    // What ends in a dot segment names the folder: "/a/b/.." is "/a/".
    if (index === last) kept.push('');
  }
  return kept.join('/');
}

function isDotSegment(path: string, start: number, end: number): boolean {
  if (path.charCodeAt(start) !== DOT) return false;
  return end - start === 1 || (end - start === 2 && path.charCodeAt(start + 1) === DOT);
}
