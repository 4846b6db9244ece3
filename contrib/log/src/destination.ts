// Where the lines of one log go: a file with all that belongs to it, or a function.

import { Buffer } from 'node:buffer';
import { Descriptor, standardOutput } from './descriptor.ts';
import { LineFile, type LineFileOptions } from './line-file.ts';
import { whenProcess } from './process-end.ts';

export interface Destination {
  /** HOT. @param line octets, one character each, with their line end */
  write(line: string): void;
  /** Has lines written as soon as they come. */
  hurry(): void;
  flush(): Promise<void>;
  reopen(): Promise<void>;
  close(): Promise<void>;
  readonly lost: number;
}

/** Lines given to a function of the user's, each without its line end. */
export class ToFunction implements Destination {
  lost = 0;
  readonly #take: (line: string) => unknown;
  readonly #report: (message: string) => void;
  #closed = false;

  constructor(take: (line: string) => unknown, report: (message: string) => void) {
    this.#take = take;
    this.#report = report;
  }

  write(line: string): void {
    if (this.#closed) {
      this.lost += 1;
      return;
    }
    try {
      const taken = this.#take(textOf(line.slice(0, -1)));
      if (taken instanceof Promise) taken.catch((error: unknown) => this.#lose(error));
    } catch (error) {
      this.#lose(error);
    }
  }

  #lose(error: unknown): void {
    this.lost += 1;
    try {
      this.#report(`fapws log: 1 line was lost: ${error instanceof Error ? error.message : String(error)}`);
    } catch {
      // There is no other place to tell of it, and requests must not fail because of their log.
    }
  }

  hurry(): void {}

  async flush(): Promise<void> {}

  async reopen(): Promise<void> {}

  async close(): Promise<void> {
    this.#closed = true;
  }
}

/** Only formats have anything but ASCII in them. */
function textOf(line: string): string {
  return /[^ -~\t]/.test(line) ? Buffer.from(line, 'latin1').toString('utf8') : line;
}

/** What a file has besides what its lines need. */
export interface ToFileOptions extends LineFileOptions {
  readonly mode: number;
  readonly reopenOn: NodeJS.Signals | false;
}

export class ToFile implements Destination {
  readonly #file: LineFile;
  readonly #path: string | null;
  readonly #mode: number;
  readonly #report: (message: string) => void;
  /** Take away what was asked of the process. */
  readonly #listening: (() => void)[] = [];
  #reopening: Promise<void> | null = null;

  /**
   * @param path null for standard output
   * @throws {Error} of the system, when the file can't be opened
   */
  constructor(path: string | null, options: ToFileOptions) {
    const { mode, report, reopenOn } = options;
    const descriptor = path === null ? standardOutput() : Descriptor.openSync(path, mode);
    this.#file = new LineFile(descriptor, options);
    this.#path = path;
    this.#mode = mode;
    this.#report = report;
    this.#listening.push(whenProcess('exit', () => this.#file.flushSync()));
    if (path !== null && reopenOn !== false) {
      this.#listening.push(
        whenProcess(reopenOn, () => {
          this.reopen().catch((error: Error) => this.#report(`fapws log: ${error.message}`));
        }),
      );
    }
  }

  get lost(): number {
    return this.#file.lost;
  }

  write(line: string): void {
    this.#file.write(line);
  }

  hurry(): void {
    this.#file.hurry();
  }

  flush(): Promise<void> {
    return this.#file.flush();
  }

  /** Several at once are several in a row: the last one finds what the path is then. */
  reopen(): Promise<void> {
    const path = this.#path;
    if (path === null) return Promise.resolve();
    const before = this.#reopening ?? Promise.resolve();
    const mine = before
      .catch(() => {})
      .then(() => Descriptor.open(path, this.#mode))
      .then(
        descriptor => this.#file.replace(descriptor),
        (error: Error) => {
          throw new Error(`${path} can't be opened again, so the old file stays: ${error.message}`, {
            cause: error,
          });
        },
      );
    this.#reopening = mine;
    return mine;
  }

  async close(): Promise<void> {
    await this.#reopening?.catch(() => {});
    await this.#file.close();
    for (const forget of this.#listening.splice(0)) forget();
  }
}
