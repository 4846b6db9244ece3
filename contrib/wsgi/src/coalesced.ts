// A task that takes a while and must not run twice at a time. Whoever asks while it runs may know of something that it has missed, so
// it runs once more afterwards: once for all who have asked.

export class Coalesced {
  readonly #task: () => Promise<void>;
  #running: Promise<void> | null = null;
  #next: Promise<void> | null = null;

  constructor(task: () => Promise<void>) {
    this.#task = task;
  }

  get isRunning(): boolean {
    return this.#running !== null;
  }

  /** Settles as the run does that has begun after this call. */
  run(): Promise<void> {
    if (this.#running === null) {
      this.#running = this.#task().finally(() => {
        this.#running = null;
      });
      return this.#running;
    }
    const again = (): Promise<void> => {
      this.#next = null;
      return this.run();
    };
    this.#next ??= this.#running.then(again, again);
    return this.#next;
  }
}
