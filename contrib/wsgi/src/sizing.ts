// How many processes there should be (option workers: { min, max }): more while requests wait, fewer when there is nothing to do.

import type { WorkersSettings } from './supervision-options.ts';
import type { Worker } from './worker.ts';

/** Milliseconds of waiting that call for another process: short bursts are over sooner than a process is there. */
const LONG_WAIT = 100;

export class Sizing {
  readonly #options: WorkersSettings;
  #wanted: number;
  /** How many requests each had had when it was last seen at work, and when that was. */
  readonly #seen = new WeakMap<Worker, { requests: number; at: number }>();

  constructor(options: WorkersSettings) {
    this.#options = options;
    this.#wanted = options.min;
  }

  get wanted(): number {
    return this.#wanted;
  }

  get isElastic(): boolean {
    return this.#options.max > this.#options.min;
  }

  /**
   * Requests wait.
   * @param oldest milliseconds for which the first of them does
   * @param isStarting whether a process is on its way, which may be enough
   * @returns whether one more is wanted
   */
  grow(oldest: number, isStarting: boolean): boolean {
    if (isStarting || oldest < LONG_WAIT || this.#wanted >= this.#options.max) return false;
    this.#wanted += 1;
    return true;
  }

  /** A process that is not needed any more; null if there is none. @param workers those that are ready */
  shrink(workers: readonly Worker[], now: number): Worker | null {
    let idle: Worker | null = null;
    for (const worker of workers) {
      const seen = this.#seen.get(worker);
      if (seen === undefined || worker.inFlight > 0 || seen.requests !== worker.requests) {
        this.#seen.set(worker, { requests: worker.requests, at: now });
        // The last ones get requests only when those before them are busy.
      } else if (now - seen.at >= this.#options.idle * 1000) idle = worker;
    }
    if (idle === null || this.#wanted <= this.#options.min) return null;
    this.#wanted -= 1;
    return idle;
  }
}
