// The content of one request on its way from the connection to whoever reads it. At most what one read brought waits
// here; the connection reads on when it was taken.

import { Buffer } from 'node:buffer';
import type { ContractError, RequestError } from './errors.ts';

/** What the content needs of its connection. */
export interface ContentSource {
  /** Somebody waits for content: say 100 Continue if the client waits for that, read on. */
  contentWanted(): void;
}

/** Who waits for content. */
export interface ContentReader {
  /** There is something to take now, or an end, or an error. */
  contentArrived(): void;
}

export class RequestBody {
  readonly #source: ContentSource;
  #chunks: Uint8Array[] = [];
  /** Octets so far. */
  received = 0;
  /** Octets in `#chunks`. */
  #waiting = 0;
  #ended = false;
  #error: RequestError | ContractError | null = null;
  #reader: ContentReader | null = null;

  constructor(source: ContentSource) {
    this.#source = source;
  }

  /** Octets that arrived and were not taken. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Whether all content has arrived. */
  get ended(): boolean {
    return this.#ended;
  }

  /**
   * Takes a copy of the octets of `memory` between two places.
   * @returns false when they are more than `limit` with what came before
   */
  receive(memory: Buffer, from: number, to: number, limit: number): boolean {
    this.received += to - from;
    if (this.received > limit) return false;
    // A copy that owns its memory: the input buffer is used again by the next read.
    const chunk = Buffer.allocUnsafe(to - from);
    memory.copy(chunk, 0, from, to);
    this.#chunks.push(chunk);
    this.#waiting += chunk.length;
    this.#notify();
    return true;
  }

  end(): void {
    this.#ended = true;
    this.#notify();
  }

  /** The content will never be complete, if it is not yet. What has arrived can't be read any more. */
  fail(error: RequestError | ContractError): void {
    // The first reason is the true one.
    if (this.#ended || this.#error !== null) return;
    this.#error = error;
    this.#chunks = [];
    this.#waiting = 0;
    this.#notify();
  }

  /**
   * The next octets.
   * @returns undefined at the end of the content; null when nothing is here yet, and then `reader` is told once
   * @throws {RequestError} or ContractError FAPWS_ANSWERED
   */
  take(reader: ContentReader): Uint8Array | null | undefined {
    if (this.#error !== null) throw this.#error;
    const chunk = this.#chunks.shift();
    if (chunk !== undefined) {
      this.#waiting -= chunk.length;
      return chunk;
    }
    if (this.#ended) return undefined;
    this.#reader = reader;
    this.#source.contentWanted();
    return null;
  }

  /** Puts back what a reader took too much of. */
  putBack(chunk: Uint8Array): void {
    this.#chunks.unshift(chunk);
    this.#waiting += chunk.length;
  }

  #notify(): void {
    const reader = this.#reader;
    this.#reader = null;
    reader?.contentArrived();
  }
}
