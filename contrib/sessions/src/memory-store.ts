// The store for one process: gone when it ends, bounded while it lasts.

import { checkOptions, wholeNumber } from './checks.ts';
import type { SessionStore } from './store.ts';

export interface MemoryStoreOptions {
  /** Sessions at most; the one that was not used for longest goes first. @default 100_000 */
  readonly maxSessions?: number | undefined;
  /** Characters of all sessions together at most, likewise. @default 67_108_864 */
  readonly maxCharacters?: number | undefined;
}

interface Entry {
  readonly value: string;
  readonly expires: number;
}

/** Keeps sessions in the memory of this process: least recently used go first, expired ones when they are met. */
export class MemoryStore implements SessionStore {
  readonly #maxSessions: number;
  readonly #maxCharacters: number;
  /** In the order of their last use. */
  readonly #entries = new Map<string, Entry>();
  #characters = 0;

  constructor(options: MemoryStoreOptions = {}) {
    checkOptions('MemoryStore', options, ['maxSessions', 'maxCharacters']);
    this.#maxSessions = wholeNumber('MemoryStore', 'maxSessions', options.maxSessions ?? 100_000);
    this.#maxCharacters = wholeNumber('MemoryStore', 'maxCharacters', options.maxCharacters ?? 67_108_864);
  }

  /** Sessions that are kept, of which some may have expired. */
  get size(): number {
    return this.#entries.size;
  }

  get(key: string): string | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    if (entry.expires <= Date.now()) {
      this.delete(key);
      return undefined;
    }
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry.value;
  }

  set(key: string, value: string, ttl: number): void {
    this.delete(key);
    this.#entries.set(key, { value, expires: Date.now() + ttl });
    this.#characters += key.length + value.length;
    this.#evict();
  }

  /** Between the comparison and the change nothing else runs. */
  replace(key: string, expected: string, value: string, ttl: number): boolean {
    if (this.get(key) !== expected) return false;
    this.set(key, value, ttl);
    return true;
  }

  delete(key: string): boolean {
    const entry = this.#entries.get(key);
    if (entry === undefined) return false;
    this.#characters -= key.length + entry.value.length;
    return this.#entries.delete(key);
  }

  #evict(): void {
    const now = Date.now();
    for (const [key, entry] of this.#entries) {
      const tooMuch = this.#entries.size > this.#maxSessions || this.#characters > this.#maxCharacters;
      if (!tooMuch && entry.expires > now) return;
      this.delete(key);
    }
  }
}
