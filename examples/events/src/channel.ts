// A channel: what is published to it reaches all who follow it, those too who were away for a moment. It knows nothing of HTTP.

export interface Message {
  /** Greater than that of any message before. */
  readonly id: number;
  readonly text: string;
}

/** How many messages are kept for those who come back. */
const KEPT = 100;

export class Channel {
  readonly #messages: Message[] = [];
  readonly #waiting = new Set<() => void>();
  /** Begins with the time, so that ids still grow when the server has been started again. */
  #lastId = Date.now();

  get lastId(): number {
    return this.#lastId;
  }

  /** How many wait for the next message. */
  get followers(): number {
    return this.#waiting.size;
  }

  publish(text: string): Message {
    this.#lastId += 1;
    const message = { id: this.#lastId, text };
    this.#messages.push(message);
    if (this.#messages.length > KEPT) this.#messages.shift();
    for (const wake of this.#waiting) wake();
    return message;
  }

  /**
   * Resolves with the messages that came after one: at once if there are any, else with the next one, or with none when one of
   * the signals is aborted or the time is over. Nothing is queued for a follower, so a slow one costs no memory: at worst it
   * misses what is not kept any more.
   */
  after(id: number, signals: readonly AbortSignal[], seconds: number): Promise<readonly Message[]> {
    return new Promise(resolve => {
      const wake = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(wake);
        for (const signal of signals) signal.removeEventListener('abort', wake);
        resolve(this.#messages.filter(message => message.id > id));
      };
      const timer = setTimeout(wake, seconds * 1000);
      this.#waiting.add(wake);
      for (const signal of signals) signal.addEventListener('abort', wake);
      if (this.#lastId > id && this.#messages.length > 0) wake();
      else if (signals.some(({ aborted }) => aborted)) wake();
    });
  }
}
