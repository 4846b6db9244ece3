// The time as answers and timeouts see it.

import { performance } from 'node:perf_hooks';

/** Formats a moment as HTTP wants it (RFC 9110 5.6.7), e.g. `Sun, 06 Nov 1994 08:49:37 GMT`. @param epoch seconds */
export function httpDate(epoch: number): string {
  return new Date(epoch * 1000).toUTCString();
}

const monotonic = (): number => performance.now();

/**
 * Reads the time once per event and renders the field lines that go with it once per second. Deadlines hang on a clock that only
 * goes forward: a step of the wall clock must not end all connections.
 */
export class Clock {
  /** Milliseconds since some moment, as of the last `update`. */
  now = 0;
  /** `Date: …\r\n` for `now`. */
  dateLine = '';
  /** `dateLine` and `serverLine`; another string each second. */
  dateAndServerLines = '';
  /** The `Server` field line, or empty. */
  readonly serverLine: string;
  readonly #read: () => number;
  readonly #readWall: () => number;
  /** What makes `now` milliseconds since the epoch. */
  #toEpoch = 0;
  #second = -1;

  /** @param fake milliseconds since the epoch, in place of both clocks */
  constructor(serverLine: string, fake?: () => number) {
    this.serverLine = serverLine;
    this.#read = fake ?? monotonic;
    this.#readWall = fake ?? Date.now;
    this.synchronise();
  }

  /** Takes over what the wall clock says; to be called from time to time. */
  synchronise(): void {
    this.#toEpoch = this.#readWall() - this.#read();
    this.update();
  }

  /** HOT. */
  update(): void {
    this.now = this.#read();
    const second = Math.floor((this.now + this.#toEpoch) / 1000);
    if (second === this.#second) return;
    this.#second = second;
    this.dateLine = `Date: ${httpDate(second)}\r\n`;
    this.dateAndServerLines = this.dateLine + this.serverLine;
  }
}
