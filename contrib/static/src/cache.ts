// What is known of paths, in bounded memory.

/** Something that takes memory. */
export interface Weighty {
  /** Octets of content. */
  readonly bytes: number;
}

class Entry<T> {
  readonly value: T;
  /** Until when it may be used without another look; milliseconds of `performance.now()`. */
  freshUntil: number;
  /** Whether it was used since it was last considered for leaving. */
  used = false;

  constructor(value: T, freshUntil: number) {
    this.value = value;
    this.freshUntil = freshUntil;
  }
}

export type { Entry };

/** What an entry takes besides its content: headers, names, the tables that hold it; about. */
const ENTRY_BYTES = 2048;

/** Keeps what was used lately: who is first in line but was used goes to the end of it. */
export class Cache<T extends Weighty> {
  readonly #entries = new Map<string, Entry<T>>();
  readonly #mostEntries: number;
  readonly #mostBytes: number;
  #bytes = 0;

  constructor(mostEntries: number, mostBytes: number) {
    this.#mostEntries = mostEntries;
    this.#mostBytes = mostBytes;
  }

  /** Octets of all that is kept. */
  get bytes(): number {
    return this.#bytes;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** HOT. */
  get(path: string): Entry<T> | undefined {
    const entry = this.#entries.get(path);
    if (entry !== undefined) entry.used = true;
    return entry;
  }

  set(path: string, value: T, freshUntil: number): void {
    this.delete(path);
    const weight = weightOf(path, value);
    if (weight > this.#mostBytes || this.#mostEntries === 0) return;
    while (this.#entries.size >= this.#mostEntries || this.#bytes + weight > this.#mostBytes) this.#dropOne();
    this.#entries.set(path, new Entry(value, freshUntil));
    this.#bytes += weight;
  }

  delete(path: string): void {
    const entry = this.#entries.get(path);
    if (entry === undefined) return;
    this.#entries.delete(path);
    this.#bytes -= weightOf(path, entry.value);
  }

  #dropOne(): void {
    for (const [path, entry] of this.#entries) {
      this.#entries.delete(path);
      if (!entry.used) {
        this.#bytes -= weightOf(path, entry.value);
        return;
      }
      entry.used = false;
      this.#entries.set(path, entry);
    }
  }
}

function weightOf(path: string, { bytes }: Weighty): number {
  return ENTRY_BYTES + 2 * path.length + bytes;
}
