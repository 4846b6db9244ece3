// The keys that header lines have in an environ. Clients say the same names again and again, and mostly in the same order:
// what a name means is found out once, and then found again by comparing it with what followed the last time.

import { Buffer } from 'node:buffer';
import type { RequestHead } from '../http/request-head.ts';

/** A header that has a key. */
interface KnownHeader {
  /** `HTTP_USER_AGENT` */
  readonly key: string;
  /** `user-agent` */
  readonly name: string;
  /** The last walk in which it occurred. */
  walk: number;
}

/** A name as a client writes it. */
interface Spelling {
  readonly text: string;
  /** null for a name that must not be shown. */
  readonly header: KnownHeader | null;
  /** What followed it the last time. */
  next: Spelling | null;
}

/** Octets of names that are remembered: clients make them up, so all are forgotten when there are more. */
const MOST_OCTETS = 32_768;

const spellings = new Map<string, Spelling>();
/** By their key. */
const headers = new Map<string, KnownHeader>();
/** What comes before the first name of a head. */
const beginning: Spelling = { text: '', header: null, next: null };
let remembered = 0;
let walks = 0;

/**
 * Those without a key of this form. Content-Type and Content-Length have one of their own, and programs take HTTP_PROXY for
 * their own configuration (CVE-2016-5385).
 */
const unshown: ReadonlySet<string> = new Set(['HTTP_CONTENT_TYPE', 'HTTP_CONTENT_LENGTH', 'HTTP_PROXY']);

/** HOT. Calls `visit` with every key that the header lines of a request have, and its value. */
export function visitHeaders(head: RequestHead, visit: (key: string, value: string) => void): void {
  const { text, spans } = head;
  // Never in the middle of a head: its names must stay the same objects.
  if (remembered > MOST_OCTETS) forget();
  walks += 1;
  /** By line; null for one that is not shown, or whose name has come before. */
  const found: (KnownHeader | null)[] = [];
  let repeated: KnownHeader[] | null = null;
  let spelling = beginning;
  for (let at = 0; at < spans.length; at += 4) {
    spelling = spellingAfter(spelling, text, spans[at] as number, spans[at + 1] as number);
    let { header } = spelling;
    if (header !== null && header.walk === walks) {
      repeated ??= [];
      repeated.push(header);
      header = null;
    } else if (header !== null) header.walk = walks;
    found.push(header);
  }
  for (let line = 0; line < found.length; line += 1) {
    const header = found[line] as KnownHeader | null;
    if (header === null) continue;
    if (header.key === 'HTTP_HOST') {
      if (head.host !== '') visit(header.key, head.host);
    } else if (repeated?.includes(header)) visit(header.key, head.field(header.name) as string);
    else visit(header.key, head.fieldValue(line));
  }
}

/** HOT. */
function spellingAfter(before: Spelling, text: string, start: number, end: number): Spelling {
  const { next } = before;
  if (next !== null && next.text.length === end - start && text.startsWith(next.text, start)) return next;
  const found = spellings.get(text.substring(start, end)) ?? learn(text.substring(start, end));
  before.next = found;
  return found;
}

function learn(name: string): Spelling {
  const key = keyOf(name);
  let header: KnownHeader | null = null;
  // An underscore in a header's name would make it look like another one here (CVE-2015-0219).
  if (!name.includes('_') && !unshown.has(key)) {
    header = headers.get(key) ?? { key, name: name.toLowerCase(), walk: 0 };
    headers.set(key, header);
  }
  // Copied: a part of a string keeps all of it, which here is the head of a request.
  const text = Buffer.from(name, 'latin1').toString('latin1');
  const spelling = { text, header, next: null };
  spellings.set(text, spelling);
  remembered += name.length;
  return spelling;
}

function forget(): void {
  spellings.clear();
  headers.clear();
  beginning.next = null;
  remembered = 0;
}

const names = new Map<string, string>();

/** HOT. `HTTP_USER_AGENT` → `user-agent`; empty for what is no key. The keys that applications ask for are few. */
export function headerName(key: string): string {
  const known = names.get(key);
  if (known !== undefined) return known;
  let name = key.slice(5).toLowerCase().replaceAll('_', '-');
  // `HTTP_user-agent` is no key: a header has exactly one.
  if (keyOf(name) !== key || unshown.has(key)) name = '';
  if (names.size >= 256) names.clear();
  names.set(key, name);
  return name;
}

function keyOf(name: string): string {
  return `HTTP_${name.toUpperCase().replaceAll('-', '_')}`;
}
