// Compressed content that is kept in case the same content is sent again: the longest unused goes first.

import { Buffer } from 'node:buffer';
import { hash } from 'node:crypto';
import type { Encoding } from './codings.ts';

/** What an entry takes besides its octets: key, buffer and a place in the map. */
const entryCost = 256;

export class Cache {
  readonly #room: number;
  readonly #entries = new Map<string, Buffer>();
  #taken = 0;

  /** @param room octets of memory */
  constructor(room: number) {
    this.#room = room;
  }

  /** The key of content in a coding. Content that differs has another one: it is a cryptographic hash of all of it. */
  keyOf(content: Uint8Array, encoding: Encoding): string {
    return encoding + hash('sha256', content, 'base64');
  }

  get(key: string): Buffer | undefined {
    const compressed = this.#entries.get(key);
    if (compressed === undefined) return undefined;
    // Maps keep the order of insertion.
    this.#entries.delete(key);
    this.#entries.set(key, compressed);
    return compressed;
  }

  set(key: string, compressed: Uint8Array): void {
    const cost = compressed.length + entryCost;
    // One entry must not push out most of the others.
    if (cost > this.#room / 4 || this.#entries.has(key)) return;
    for (const [oldest, { length }] of this.#entries) {
      if (this.#taken + cost <= this.#room) break;
      this.#entries.delete(oldest);
      this.#taken -= length + entryCost;
    }
    // A copy: what is given may be a small part of a large buffer.
    const kept = Buffer.allocUnsafeSlow(compressed.length);
    kept.set(compressed);
    this.#entries.set(key, kept);
    this.#taken += cost;
  }
}
