// Temporary files for the content of requests that is too much for the memory, or slow to come: the worker that answers such a
// request is occupied from the moment on when all of it is here.

import { Buffer } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import { statSync, unlinkSync } from 'node:fs';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { join } from 'node:path';

/** Octets that are gathered for one write, and pieces: a client may send each octet as a chunk of its own. */
const WRITE = 65_536;
const MOST_PIECES = 256;

/** Content can't be stored. */
export class SpoolError extends Error {
  override readonly name = 'SpoolError';
  /** Of the answer to the request. */
  readonly status: '507 Insufficient Storage' | '500 Internal Server Error';

  constructor(message: string, isFull: boolean) {
    super(message);
    this.status = isFull ? '507 Insufficient Storage' : '500 Internal Server Error';
  }
}

/** Content in a file. Whoever has it calls `release` when no worker can want it any more. */
export class SpooledContent {
  /** What a worker opens. */
  readonly path: string;
  octets = 0;
  readonly #spool: Spool;
  readonly #file: FileHandle;

  /** @param name where the file is; null when it has none any more */
  constructor(spool: Spool, file: FileHandle, name: string | null) {
    this.#spool = spool;
    this.#file = file;
    if (name === null) this.path = linkTo(file.fd);
    else {
      this.path = name;
      named.add(name);
    }
  }

  /** Appends what arrives, up to its end. */
  async fill(pieces: AsyncIterable<Uint8Array>): Promise<void> {
    let gathered: Uint8Array[] = [];
    let octets = 0;
    for await (const piece of pieces) {
      gathered.push(piece);
      octets += piece.length;
      if (octets < WRITE && gathered.length < MOST_PIECES) continue;
      await this.append(gathered, octets);
      gathered = [];
      octets = 0;
    }
    if (octets !== 0) await this.append(gathered, octets);
  }

  async append(pieces: readonly Uint8Array[], octets: number): Promise<void> {
    this.#spool.use(octets);
    this.octets += octets;
    try {
      const { bytesWritten } = await this.#file.writev(pieces);
      if (bytesWritten === octets) return;
      // There was no room for all of it. The next write says why, if there still is none.
      let rest = Buffer.concat(pieces).subarray(bytesWritten);
      while (rest.length !== 0) rest = rest.subarray((await this.#file.write(rest)).bytesWritten);
    } catch (error) {
      throw this.#spool.failure(error as NodeJS.ErrnoException);
    }
  }

  release(): void {
    this.#spool.use(-this.octets);
    this.octets = 0;
    // Nothing depends on it any more, so nobody has to hear of a failure.
    this.#file.close().catch(() => {});
    if (named.delete(this.path)) unlink(this.path).catch(() => {});
  }
}

export interface SpoolSettings {
  readonly directory: string;
  /** Octets of all files together. */
  readonly limit: number;
}

export class Spool {
  readonly #settings: SpoolSettings;
  readonly #nameless: boolean;
  #used = 0;

  /** @param nameless whether files need no name */
  constructor(settings: SpoolSettings, nameless: boolean = linksWork()) {
    this.#settings = settings;
    this.#nameless = nameless;
    if (nameless) return;
    process.removeListener('exit', removeNamed);
    process.once('exit', removeNamed);
  }

  /**
   * Stores content.
   * @param beginning what has been read of it
   * @throws {SpoolError}, or what reading fails with; then nothing is left of it
   */
  async store(beginning: Uint8Array, rest: AsyncIterable<Uint8Array>): Promise<SpooledContent> {
    const content = await this.#create();
    try {
      if (beginning.length !== 0) await content.append([beginning], beginning.length);
      await content.fill(rest);
      return content;
    } catch (error) {
      content.release();
      throw error;
    }
  }

  async #create(): Promise<SpooledContent> {
    const path = join(this.#settings.directory, `fapws-content-${randomBytes(12).toString('hex')}`);
    try {
      const file = await open(path, 'wx+', 0o600);
      if (!this.#nameless) return new SpooledContent(this, file, path);
      // Without a name the file is gone when nobody has it open any more, however this process ends.
      try {
        await unlink(path);
      } catch (error) {
        await file.close();
        throw error;
      }
      return new SpooledContent(this, file, null);
    } catch (error) {
      throw this.failure(error as NodeJS.ErrnoException);
    }
  }

  /** Octets more, or fewer, are in the files. */
  use(octets: number): void {
    if (this.#used + octets > this.#settings.limit) {
      throw new SpoolError(
        `The content of requests would take more than the ${this.#settings.limit} octets that spool.limit allows.`,
        true,
      );
    }
    this.#used += octets;
  }

  failure(error: NodeJS.ErrnoException): SpoolError {
    const isFull = error.code === 'ENOSPC' || error.code === 'EDQUOT';
    return new SpoolError(
      `The content of a request can't be stored in ${this.#settings.directory}: ${error.message}. ` +
        (isFull
          ? 'Make room there, or say with the option spool which directory has some.'
          : 'Say with the option spool which directory may be written to, or spool: false to hand content on as it arrives.'),
      isFull,
    );
  }
}

/** Where Linux shows an open file of this process: the worker can open it although it has no name any more. */
function linkTo(descriptor: number): string {
  return `/proc/${process.pid}/fd/${descriptor}`;
}

/** Whether a worker, which is of the same user, may open what is there. Not if this program was given capabilities of its own: then it is root's. */
function linksWork(): boolean {
  try {
    return process.platform === 'linux' && statSync('/proc/self/fd').uid === process.geteuid?.();
  } catch {
    return false;
  }
}

/** Files that have a name. */
const named = new Set<string>();

function removeNamed(): void {
  for (const path of named) {
    try {
      unlinkSync(path);
    } catch {
      // It is in nobody's way, and there is nobody left to tell.
    }
  }
}
