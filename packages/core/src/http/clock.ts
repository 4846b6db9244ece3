// The time as answers and timeouts see it.

/** Formats a moment as HTTP wants it (RFC 9110 5.6.7), e.g. `Sun, 06 Nov 1994 08:49:37 GMT`. @param epoch seconds */
export function httpDate(epoch: number): string {
  return new Date(epoch * 1000).toUTCString();
}

/** Reads the time once per event and renders the field lines that go with it once per second. */
export class Clock {
  /** Milliseconds since the epoch, as of the last `update`. */
  now = 0;
  /** `Date: …\r\n` for `now`. */
  dateLine = '';
  /** `dateLine` and `serverLine`; another string each second. */
  dateAndServerLines = '';
  /** The `Server` field line, or empty. */
  readonly serverLine: string;
  readonly #read: () => number;
  #second = -1;

  constructor(serverLine: string, read: () => number = Date.now) {
    this.serverLine = serverLine;
    this.#read = read;
    this.update();
  }

  /** HOT. */
  update(): void {
    this.now = this.#read();
    const second = Math.floor(this.now / 1000);
    if (second === this.#second) return;
    this.#second = second;
    this.dateLine = `Date: ${httpDate(second)}\r\n`;
    this.dateAndServerLines = this.dateLine + this.serverLine;
  }
}
