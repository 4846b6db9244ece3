// The requests that wait for a worker, in the order of their arrival. It must not know what a worker is.

import type { Call } from './call.ts';

/** How long requests have waited, in milliseconds; those that did not wait are not among them. */
export interface WaitStatistics {
  count: number;
  total: number;
  longest: number;
}

/** Entries that have gone ahead of the first before the rest is moved together. */
const MOST_GONE = 1024;

export class Queue {
  /** Nothing but calls from the first on; before it are those that are gone. */
  #calls: (Call | undefined)[] = [];
  #first = 0;
  readonly waits: WaitStatistics = { count: 0, total: 0, longest: 0 };

  /** HOT. Those whose client has left are among them until the next {@link sweep}. */
  get length(): number {
    return this.#calls.length - this.#first;
  }

  /** Milliseconds for which the first one has waited. */
  oldest(now: number): number {
    const call = this.#calls[this.#first];
    return call === undefined ? 0 : now - call.queuedAt;
  }

  push(call: Call, now: number): void {
    call.queuedAt = now;
    this.#calls.push(call);
  }

  /** Puts requests that were taken already, and not begun, in front of all others. */
  putBack(calls: readonly Call[], now: number): void {
    // They have not waited here so far, and their place is in front in any case.
    for (const call of calls) if (call.queuedAt === 0) call.queuedAt = now;
    this.#calls.splice(0, this.#first, ...calls);
    this.#first = 0;
  }

  /** HOT. The next one that somebody still waits for; undefined when there is none. */
  shift(): Call | undefined {
    while (this.#first < this.#calls.length) {
      const call = this.#calls[this.#first] as Call;
      // What has been answered is not to be kept for as long as others wait.
      this.#calls[this.#first] = undefined;
      this.#first += 1;
      if (this.#first === this.#calls.length) {
        this.#calls = [];
        this.#first = 0;
      } else if (this.#first === MOST_GONE) {
        this.#calls.splice(0, this.#first);
        this.#first = 0;
      }
      if (!call.settled) return call;
    }
    return undefined;
  }

  /** Counts one that was taken and gets what it has waited for. */
  served(call: Call, now: number): void {
    const waited = now - call.queuedAt;
    this.waits.count += 1;
    this.waits.total += waited;
    if (waited > this.waits.longest) this.waits.longest = waited;
  }

  /** Lets go of those whose client has left. @returns those that have waited since before `before`, which go too */
  sweep(before: number): Call[] {
    const late: Call[] = [];
    const rest: Call[] = [];
    for (let at = this.#first; at < this.#calls.length; at += 1) {
      const call = this.#calls[at] as Call;
      call.watch();
      if (call.settled) continue;
      if (call.queuedAt < before) late.push(call);
      else rest.push(call);
    }
    this.#calls = rest;
    this.#first = 0;
    return late;
  }

  /** Empties it. */
  takeAll(): Call[] {
    const all = (this.#calls.slice(this.#first) as Call[]).filter(call => !call.settled);
    this.#calls = [];
    this.#first = 0;
    return all;
  }
}
