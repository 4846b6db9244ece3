// When the next process is started after one that has failed: at once if it was well for a while, else later each time.

/** Milliseconds before the second attempt, and the most that there are between two. */
const FIRST = 250;
const LONGEST = 30_000;
/** Milliseconds after which a process counts as well. */
const HEALTHY = 10_000;

export class BackOff {
  #failures = 0;
  #timer: NodeJS.Timeout | null = null;
  #due = 0;

  /** Whether an attempt is to come. */
  get waiting(): boolean {
    return this.#timer !== null;
  }

  /**
   * A process has come to a bad end.
   * @param lifetime milliseconds for which it was ready
   * @returns milliseconds until the next attempt; 0 for at once
   */
  failed(lifetime: number): number {
    // Several that end together are one failure.
    if (this.#timer !== null) return Math.max(1, this.#due - performance.now());
    if (lifetime >= HEALTHY) this.#failures = 0;
    const delay = this.#failures === 0 && lifetime > 0 ? 0 : Math.min(LONGEST, FIRST * 2 ** this.#failures);
    this.#failures += 1;
    return delay;
  }

  /** Calls `attempt` so much later. One call is enough for all who wait. */
  wait(delay: number, attempt: () => void): void {
    if (this.#timer !== null) return;
    this.#due = performance.now() + delay;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      attempt();
    }, delay).unref();
  }

  /** What was wrong is over. */
  reset(): void {
    this.#failures = 0;
    this.cancel();
  }

  cancel(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
