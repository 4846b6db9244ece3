// One form of a file as it is sent: its state, its headers, and its content if that is kept. All is built once, when the file is
// looked at; requests only choose among it.

import type { Buffer } from 'node:buffer';
import { extname } from 'node:path';
import { type Header, type Headers, httpDate } from '@fapws/core';
import mime from 'mime-types';
import type { FileState } from './opening.ts';
import { type Coding, immutableCacheControl, type Settings } from './options.ts';

/** Milliseconds behind which a time stamp tells two changes apart: a tick of the kernel, or the two seconds of old file systems. */
const TICK = 20;
const COARSE_TICK = 2000;
const SECOND = 1_000_000_000n;

/**
 * Milliseconds until no further change of a file can have the time stamp that it has; 0 if that is past.
 * @param now milliseconds since the epoch, from before the file was looked at
 */
export function untilSettled({ changed }: FileState, now: number): number {
  const tick = changed % SECOND === 0n ? COARSE_TICK : TICK;
  return Math.max(0, Math.ceil(Number(changed) / 1e6) + tick - now);
}

/** What was found of a file. */
export interface Loaded {
  readonly state: FileState;
  /** Whether a further change is sure to show in its state. */
  readonly settled: boolean;
  /** All of it, where that is to be kept. */
  readonly content: Buffer | null;
}

/** What of a representation comes with a file, whatever coding it is in. */
export interface Origin {
  /** Under the root, without the ending of a coding. */
  readonly path: string;
  /** Whether there are other codings of it. */
  readonly varies: boolean;
}

export class Representation {
  /** Under the root. */
  readonly path: string;
  readonly state: FileState;
  readonly coding: Coding | undefined;
  /** All of it, where that is kept. */
  readonly content: Buffer | null;
  /** Whether a change of the file is sure to be seen in its state. */
  readonly settled: boolean;
  readonly type: string;
  readonly tag: string | undefined;
  /** Seconds since the epoch; undefined if nobody is told. */
  readonly modified: number | undefined;
  readonly lastModified: string | undefined;
  /** For a whole answer whose content is at hand. */
  readonly headers: Headers;
  /** For one whose content is not. */
  readonly sizedHeaders: Headers;
  readonly notModifiedHeaders: Headers;
  readonly #origin: Origin;

  constructor(
    origin: Origin,
    path: string,
    coding: Coding | undefined,
    { state, settled, content }: Loaded,
    settings: Settings,
  ) {
    const { path: originPath, varies } = origin;
    this.#origin = origin;
    this.path = path;
    this.state = state;
    this.coding = coding;
    this.content = content;
    this.settled = settled;
    this.type = typeOf(originPath, settings.types);
    this.tag = tagOf(state, coding, settings.etag, this.settled);
    const seconds = state.modified / SECOND;
    // RFC 9110 8.8.2.1: not later than Date. What is before the epoch or has five digits in its year can't be written.
    if (settings.lastModified && state.modified >= 0n && seconds < 253_402_300_800n) {
      // The second before this one, in place of a time to come: Date is that of the turn in which the request was read.
      const now = Math.floor(Date.now() / 1000);
      this.modified = Number(seconds) > now ? now - 1 : Number(seconds);
      this.lastModified = httpDate(this.modified);
    }
    // Fields that files share come first: core finds a head that was sent before field by field.
    const own: Header[] = [['Content-Type', this.type]];
    if (coding !== undefined) own.push(['Content-Encoding', coding]);
    if (varies) own.push(['Vary', 'Accept-Encoding']);
    if (settings.ranges) own.push(['Accept-Ranges', 'bytes']);
    const cacheControl = settings.immutable(originPath) ? immutableCacheControl : settings.cacheControl;
    if (cacheControl !== undefined) own.push(['Cache-Control', cacheControl]);
    if (this.lastModified !== undefined) own.push(['Last-Modified', this.lastModified]);
    if (this.tag !== undefined) own.push(['ETag', this.tag]);
    const extra = settings.headers?.({
      path: originPath,
      type: this.type,
      size: state.size,
      modified: new Date(Number((state.modified + 500_000n) / 1_000_000n)),
      coding,
    });
    if (extra !== undefined && !Array.isArray(extra)) {
      throw new TypeError('staticFiles: headers gives an array of [name, value] pairs, and nothing else.');
    }
    this.headers = extra === undefined ? own : merged(own, extra);
    this.sizedHeaders = [...this.headers, ['Content-Length', String(state.size)]];
    // Without a tag the date is all that a cache can go by.
    const lastValidator = this.tag === undefined ? 'Last-Modified' : '';
    this.notModifiedHeaders = this.headers.filter(
      ([name]) => name === lastValidator || !describesContent.has(name.toLowerCase()),
    );
  }

  /** The same file in another state, its content not at hand. */
  as(state: FileState, settings: Settings): Representation {
    const settled = untilSettled(state, Date.now()) === 0;
    return new Representation(
      this.#origin,
      this.path,
      this.coding,
      { state, settled, content: null },
      settings,
    );
  }

  get size(): number {
    return this.state.size;
  }
}

/**
 * What a 304 leaves out: it describes content that is not there. What caches go by stays (RFC 9110 15.4.5), and what concerns the
 * browser (policies, cross-origin rules) may have changed since.
 */
const describesContent: ReadonlySet<string> = new Set([
  'content-type',
  'content-encoding',
  'content-language',
  'content-length',
  'content-range',
  'content-disposition',
  'accept-ranges',
  'last-modified',
]);

/** Later lines replace earlier ones of the same name; Vary grows. */
function merged(own: readonly Header[], extra: Headers): Header[] {
  const replaced = new Set(extra.map(([name]) => name.toLowerCase()));
  const vary = own.find(([name]) => name === 'Vary')?.[1];
  replaced.delete('vary');
  const kept = own.filter(([name]) => name !== 'Vary' && !replaced.has(name.toLowerCase()));
  const varied = [vary, ...extra.filter(([name]) => name.toLowerCase() === 'vary').map(([, value]) => value)];
  const all = varied.filter(value => value !== undefined).join(', ');
  const others = extra.filter(([name]) => name.toLowerCase() !== 'vary');
  return [...kept, ...(all === '' ? [] : [['Vary', all] as const]), ...others];
}

function typeOf(path: string, types: Settings['types']): string {
  const extension = extname(path).toLowerCase();
  return types.get(extension) ?? (mime.contentType(extension) || 'application/octet-stream');
}

/** Size and time of change in nanoseconds; the coding, since each has other octets. The same on all machines that serve the file. */
function tagOf(
  { size, modified }: FileState,
  coding: Coding | undefined,
  kind: Settings['etag'],
  settled: boolean,
): string | undefined {
  if (kind === false) return undefined;
  const tag = `"${size.toString(16)}-${modified.toString(16)}${coding === undefined ? '' : `-${coding}`}"`;
  return kind === 'strong' && settled ? tag : `W/${tag}`;
}
