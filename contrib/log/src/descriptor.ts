// Where lines are written: a file descriptor, asked in the way in which it never holds up the process.

import { close, constants, fstatSync, open, openSync, write, writeSync } from 'node:fs';
import { promisify } from 'node:util';

/**
 * Appends, so that several processes can write to one file, and that a file which was truncated begins at its start again. A
 * named pipe without a reader must not hold up the process; with files NONBLOCK means nothing.
 */
const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | (constants.O_NONBLOCK ?? 0);

/** POSIX's PIPE_BUF: as much as a pipe takes whole, whoever else writes to it. */
const pipePiece = 4096;
const filePiece = 1_048_576;

/** Told once, with the octets that were written before anything went wrong. */
export type Written = (error: NodeJS.ErrnoException | null, octets: number) => void;

export class Descriptor {
  /** For messages. */
  readonly name: string;
  /** The most that is to be given at once. */
  readonly piece: number;
  readonly #fd: number;
  /** Whether the system answers at once, instead of waiting until it can write: pipes and sockets. */
  readonly #immediate: boolean;
  readonly #owned: boolean;

  /** @param owned whether `close` is to close it */
  constructor(name: string, fd: number, owned = true) {
    this.name = name;
    this.#fd = fd;
    this.#owned = owned;
    const kind = fstatSync(fd);
    this.#immediate = kind.isFIFO() || kind.isSocket();
    this.piece = this.#immediate ? pipePiece : filePiece;
  }

  /** @throws {Error} of the system, when the file can't be opened or made */
  static openSync(path: string, mode: number): Descriptor {
    return new Descriptor(path, openSync(path, flags, mode));
  }

  static async open(path: string, mode: number): Promise<Descriptor> {
    return new Descriptor(path, await promisify(open)(path, flags, mode));
  }

  /** Writes without waiting. @param done called at once, or later */
  write(octets: Uint8Array, done: Written): void {
    if (!this.#immediate) {
      write(this.#fd, octets, 0, octets.length, null, (error, written) => done(error, written ?? 0));
      return;
    }
    let written = 0;
    let problem: NodeJS.ErrnoException | null = null;
    try {
      written = writeSync(this.#fd, octets);
    } catch (error) {
      problem = error as NodeJS.ErrnoException;
    }
    done(problem, written);
  }

  /** For the end of the process. @throws {Error} of the system */
  writeSync(octets: Uint8Array): number {
    return writeSync(this.#fd, octets);
  }

  close(): void {
    if (!this.#owned) return;
    // All was written before, and what the system says now changes nothing.
    close(this.#fd, () => {});
  }
}

/**
 * Standard output. Node makes pipes and sockets answer at once when its own stream for them is made; without it a reader that
 * is stuck would hold up the process.
 */
export function standardOutput(): Descriptor {
  const { fd } = process.stdout;
  return new Descriptor('standard output', fd, false);
}
