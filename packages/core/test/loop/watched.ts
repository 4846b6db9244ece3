// Waiting in tests: for a state, woken by events, never longer than a bound, and told what did not happen.

/** How long anything may take here before its test fails. Milliseconds. */
export const BOUND = 4000;

/** @throws {Error} that says `what` when `promise` has not settled in time */
export function within<T>(promise: Promise<T>, what: string, milliseconds: number = BOUND): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${milliseconds} ms: ${what}`)), milliseconds);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** Something that changes, and wakes those who wait for a state of it. */
export class Watched {
  readonly #looks = new Set<() => void>();

  changed(): void {
    for (const look of [...this.#looks]) look();
  }

  /** Resolves as soon as `reached` answers true; fails at once when `reached` throws. */
  async until(what: string, reached: () => boolean, milliseconds: number = BOUND): Promise<void> {
    if (reached()) return;
    let look: () => void = () => {};
    const seen = new Promise<void>((resolve, reject) => {
      look = () => {
        try {
          if (reached()) resolve();
        } catch (error) {
          reject(error);
        }
      };
      this.#looks.add(look);
    });
    try {
      await within(seen, what, milliseconds);
    } finally {
      this.#looks.delete(look);
    }
  }
}

/** A turn of Node's own loop. */
export function nextTurn(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve));
}
