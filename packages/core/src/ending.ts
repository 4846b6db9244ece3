// How a server comes to its end: the time in which only its health says so, the grace period, and further calls that shorten both.

import type { Protocol } from './http/protocol.ts';

export interface StopOptions {
  /** How long requests in progress may take to finish, in milliseconds; what is left then is cut. @default 10000 */
  readonly graceMs?: number | undefined;
  /**
   * How long the server goes on as before and only its `health` says that it stops, in milliseconds: the time that balancers
   * need to notice. The grace period begins afterwards. @default 0
   */
  readonly lameDuckMs?: number | undefined;
}

export interface StopReport {
  /** Requests that were cut because the grace period was over. */
  readonly cut: number;
}

const DEFAULT_GRACE = 10_000;
/** What a timer of Node can hold: 24 days, for those who say Infinity. */
const LONGEST = 2_147_483_647;

/** @internal The end of one server. Its times begin with it. */
export class Ending {
  readonly #protocol: Protocol;
  readonly #graceMs: number;
  /** Over when the lame-duck time is. */
  readonly lameDuckTime: Promise<void>;
  /** Ends the lame-duck time. */
  #endLameDuck: (() => void) | null = null;
  #isOver = false;
  readonly #timers: NodeJS.Timeout[] = [];
  /** Requests cut so far. */
  #cut = 0;

  constructor(protocol: Protocol, { graceMs = DEFAULT_GRACE, lameDuckMs = 0 }: StopOptions) {
    this.#protocol = protocol;
    this.#graceMs = graceMs;
    this.lameDuckTime = new Promise(resolve => {
      this.#endLameDuck = resolve;
    });
    this.#after(lameDuckMs, () => this.#stopForGood());
  }

  /** A further call of stop: what it allows counts if that is less. */
  shorten({ graceMs = DEFAULT_GRACE, lameDuckMs = 0 }: StopOptions): void {
    if (this.#isOver) return;
    const lameDuck = this.#endLameDuck === null ? 0 : lameDuckMs;
    this.#after(lameDuck, () => this.#stopForGood());
    this.#after(lameDuck + graceMs, () => {
      this.#cut += this.#protocol.cutAll();
    });
  }

  /** At once where there is no time to wait, so that a callback which stops the server still tells its client that the connection ends. */
  #after(milliseconds: number, task: () => void): void {
    if (milliseconds > 0) this.#timers.push(setTimeout(task, Math.min(milliseconds, LONGEST)));
    else task();
  }

  #stopForGood(): void {
    this.#protocol.beginStop();
    this.#endLameDuck?.();
    this.#endLameDuck = null;
  }

  /** Lets what is left finish within the grace period. @returns how many requests were cut */
  async finish(): Promise<number> {
    const cut = await this.#protocol.finish(Math.min(this.#graceMs, LONGEST));
    // Added afterwards: another call of stop may have cut some meanwhile.
    this.#cut += cut;
    this.over();
    return this.#cut;
  }

  /** Nothing more is waited for. */
  over(): void {
    this.#isOver = true;
    for (const timer of this.#timers) clearTimeout(timer);
  }
}
