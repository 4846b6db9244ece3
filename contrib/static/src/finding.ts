// What a path leads to: a file in its forms, a directory's index, its listing, a redirect, or nothing. What was found is kept for
// as long as it is known to hold.

import { Buffer } from 'node:buffer';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { Cache, type Entry, type Weighty } from './cache.ts';
import { contentsOf, listingPage } from './listing.ts';
import { type Absence, type FileState, isSameState, type OpenedFile, Opener } from './opening.ts';
import type { Coding, Settings } from './options.ts';
import { type Loaded, Representation, untilSettled } from './representation.ts';
import { examine, Hidden, Unusable } from './request-path.ts';

const endings: Readonly<Record<Coding, string>> = { br: '.br', zstd: '.zst', gzip: '.gz' };

/** A sibling that is so much older than its file, in nanoseconds, was made of an earlier one. */
const STALE = 60_000_000_000n;

/** Reads of a file that is changed all the while, before it is sent as it comes. */
const MOST_READS = 3;

/** Paths without a file that are remembered, and the longest of them. */
const MOST_MISSES = 1024;
const LONGEST_MISS = 512;

/** A file with all forms that it can be sent in. */
export class FoundFile implements Weighty {
  readonly kind = 'file';
  readonly plain: Representation;
  readonly coded: readonly Representation[];
  /** What was looked at, also what was not there. */
  readonly states: ReadonlyMap<string, FileState | null>;
  readonly bytes: number;

  constructor(
    plain: Representation,
    coded: readonly Representation[],
    states: ReadonlyMap<string, FileState | null>,
  ) {
    this.plain = plain;
    this.coded = coded;
    this.states = states;
    this.bytes = [plain, ...coded].reduce((sum, { content }) => sum + (content?.length ?? 0), 0);
  }

  /** HOT. @param wanted codings, the most wanted first */
  in(wanted: readonly Coding[]): Representation {
    for (const coding of wanted) {
      for (const representation of this.coded) if (representation.coding === coding) return representation;
    }
    return this.plain;
  }

  /** Whether it is certain that a file which looks the same is the same. */
  get settled(): boolean {
    return this.plain.settled && this.coded.every(({ settled }) => settled);
  }
}

/** A directory that is shown as a page; what the page says of its place is made for each visitor. */
export class FoundListing implements Weighty {
  readonly kind = 'listing';
  readonly contents: Awaited<ReturnType<typeof contentsOf>>;

  constructor(contents: FoundListing['contents']) {
    this.contents = contents;
  }

  get bytes(): number {
    return this.contents.items.reduce((sum, { name }) => sum + 2 * name.length + 100, 0);
  }

  page(path: string, isRoot: boolean): string {
    return listingPage(path, isRoot, this.contents);
  }
}

/** A directory that was asked for without its slash. */
class FoundRedirect implements Weighty {
  readonly kind = 'redirect';
  readonly bytes = 0;
}

export type Found = FoundFile | FoundListing | FoundRedirect;

const redirect = new FoundRedirect();

export class Finder {
  readonly opener: Opener;
  readonly #settings: Settings;
  readonly #cache: Cache<Found>;
  /** Paths where nothing is, and until when that is believed. */
  readonly #misses = new Map<string, number>();
  /** What is being looked for. */
  readonly #pending = new Map<string, Promise<Found | Absence>>();

  constructor(settings: Settings) {
    this.#settings = settings;
    this.opener = new Opener(settings);
    this.#cache = new Cache(settings.cache.entries, settings.cache.bytes);
  }

  /** HOT. What is known well enough to be used at once. */
  known(path: string): Found | undefined {
    const entry = this.#cache.get(path);
    return entry !== undefined && entry.freshUntil > performance.now() ? entry.value : undefined;
  }

  /** What a path leads to. */
  find(path: string): Promise<Found | Absence> {
    const pending = this.#pending.get(path);
    // With no time to be believed for, what began before this request is too old for it.
    if (pending !== undefined && this.#settings.cache.seconds > 0) return pending;
    const found = this.#find(path);
    this.#pending.set(path, found);
    const forget = (): void => {
      if (this.#pending.get(path) === found) this.#pending.delete(path);
    };
    found.then(forget, forget);
    return found;
  }

  /** Paths that are remembered as leading nowhere. */
  get misses(): number {
    return this.#misses.size;
  }

  /** Something else is there than was found. */
  forget(path: string): void {
    this.#cache.delete(path);
  }

  async #find(path: string): Promise<Found | Absence> {
    const now = performance.now();
    const freshUntil = now + this.#settings.cache.seconds * 1000;
    const entry = this.#cache.get(path);
    if (entry !== undefined && (await this.#stillHolds(entry))) {
      entry.freshUntil = freshUntil;
      return entry.value;
    }
    const missUntil = this.#misses.get(path);
    if (missUntil !== undefined && missUntil > now) return 'missing';
    const found = await this.#lookFor(path);
    if (typeof found !== 'string') this.#cache.set(path, found, freshUntil);
    else {
      this.#cache.delete(path);
      if (found === 'missing') this.#miss(path, freshUntil);
    }
    return found;
  }

  async #stillHolds({ value }: Entry<Found>): Promise<boolean> {
    if (value.kind !== 'file' || !value.settled) return false;
    const looks = [...value.states].map(async ([path, state]) =>
      isSameState(state, await this.opener.look(path)),
    );
    return (await Promise.all(looks)).every(same => same);
  }

  #miss(path: string, until: number): void {
    if (path.length > LONGEST_MISS || this.#settings.cache.entries === 0) return;
    if (this.#misses.size >= MOST_MISSES) this.#misses.clear();
    this.#misses.set(path, until);
  }

  async #lookFor(path: string): Promise<Found | Absence> {
    const { dotfiles, index, listing } = this.#settings;
    // Empty is the root without its slash.
    const examined = examine(path || '/', process.platform);
    if (examined === Unusable) return 'missing';
    if (examined === Hidden && dotfiles !== 'allow') return dotfiles === 'deny' ? 'forbidden' : 'missing';
    if (!path.endsWith('/')) {
      const found = await this.#file(path);
      return found === 'directory' ? this.#redirect(path) : found;
    }
    if (index !== false) {
      const found = await this.#file(path + index);
      if (found !== 'missing' && found !== 'directory') return found;
    }
    return listing ? this.#list(path) : 'missing';
  }

  /** Only to where there is something: whether a directory exists is nobody's business otherwise. */
  async #redirect(path: string): Promise<Found | Absence> {
    if (!this.#settings.redirect) return 'missing';
    const target = await this.#lookFor(`${path}/`);
    return typeof target === 'string' ? target : redirect;
  }

  async #list(path: string): Promise<Found | Absence> {
    return this.opener.inDirectory(
      path.slice(0, -1),
      async name => new FoundListing(await contentsOf(path, name, this.opener, this.#settings)),
    );
  }

  async #file(path: string): Promise<FoundFile | Absence> {
    const plain = await this.#load(path);
    if (typeof plain === 'string') return plain;
    const { codings } = this.#settings;
    const siblings = await Promise.all(codings.map(coding => this.#load(path + endings[coding])));
    const states = new Map<string, FileState | null>([[path, plain.state]]);
    const usable: [Coding, Loaded][] = [];
    codings.forEach((coding, at) => {
      const sibling = siblings[at] as Loaded | Absence;
      const name = path + endings[coding];
      if (typeof sibling === 'string') states.set(name, null);
      else {
        states.set(name, sibling.state);
        if (sibling.state.modified >= plain.state.modified - STALE) usable.push([coding, sibling]);
      }
    });
    const origin = { path, varies: usable.length > 0 };
    return new FoundFile(
      new Representation(origin, path, undefined, plain, this.#settings),
      usable.map(
        ([coding, sibling]) =>
          new Representation(origin, path + endings[coding], coding, sibling, this.#settings),
      ),
      states,
    );
  }

  /** A file's state and, if it is small, its content in that very state. */
  async #load(path: string): Promise<Loaded | Absence> {
    for (let reads = 1, rests = 0; ; reads += 1) {
      const now = Date.now();
      const opened = await this.opener.open(path);
      if (typeof opened === 'string') return opened;
      const { handle, state } = opened;
      try {
        // A change within the same tick of the clock would not show: it is awaited, where a tick is short.
        const unsettled = untilSettled(state, now);
        if (unsettled > 0 && unsettled < LONGEST_REST && rests < MOST_RESTS) {
          rests += 1;
          reads -= 1;
          // Timers and clocks are exact to the millisecond.
          await sleep(unsettled + 2);
          continue;
        }
        const settled = unsettled === 0;
        if (state.size > this.#settings.cache.fileBytes || this.#settings.cache.entries === 0)
          return { state, settled, content: null };
        const content = await contentOf(opened);
        if (content !== null && isSameState(state, await this.opener.stateOf(handle)))
          return { state, settled, content };
        if (reads >= MOST_READS) return { state, settled: false, content: null };
      } finally {
        await handle.close();
      }
    }
  }
}

/** Milliseconds that a file which has just been changed is waited for, and how often. */
const LONGEST_REST = 100;
const MOST_RESTS = 2;

/** All of a file; null if it became shorter. */
async function contentOf({ handle, state }: OpenedFile): Promise<Buffer | null> {
  const content = Buffer.allocUnsafeSlow(state.size);
  for (let at = 0; at < content.length; ) {
    const { bytesRead } = await handle.read(content, at, content.length - at, at);
    if (bytesRead === 0) return null;
    at += bytesRead;
  }
  return content;
}
