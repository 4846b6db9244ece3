// A clock that stands still while this process is held up, by a callback or by its machine: it reads no answers meanwhile, so that
// time is not the application's.

export class PatientClock {
  readonly #most: number;
  #lookedAt = 0;
  #now = 1;

  /** @param period milliseconds between two ticks */
  constructor(period: number) {
    this.#most = 2 * period;
  }

  /** Ticks are to come from now on. */
  start(): void {
    this.#lookedAt = performance.now();
  }

  /** @returns milliseconds, more than 0 */
  tick(): number {
    const now = performance.now();
    this.#now += Math.min(now - this.#lookedAt, this.#most);
    this.#lookedAt = now;
    return this.#now;
  }
}
