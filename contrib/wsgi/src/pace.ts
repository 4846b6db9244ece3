// How many requests a worker may hold beyond those that it works on. Some ahead save it a round trip for each: they, and
// their answers, travel together. But what waits there waits behind whatever is in front of it, so it should not wait for long.

/** Milliseconds of work that may wait at a worker. */
const AHEAD = 1;
const MOST_AHEAD = 64;
/** The weight of what was just seen. */
const NEW = 0.2;

export class Pace {
  /** Milliseconds per request, lately. */
  #each: number = AHEAD;
  #since = 0;

  /** Work begins after a rest. */
  begin(): void {
    this.#since = performance.now();
  }

  /** HOT. So many requests have come to their end since the last time. */
  ended(requests: number): void {
    const now = performance.now();
    this.#each += NEW * ((now - this.#since) / requests - this.#each);
    this.#since = now;
  }

  /** Requests that may wait. */
  get ahead(): number {
    return Math.min(MOST_AHEAD, Math.floor(AHEAD / Math.max(this.#each, 0.001)));
  }
}
