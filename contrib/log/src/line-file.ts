// Lines on their way to a file: kept in memory for a moment, written many at once and whole, never waited for. When the file is
// slow or full, as many as the bound allows wait, and those that come then are counted as lost.

import { Buffer } from 'node:buffer';
import type { Descriptor } from './descriptor.ts';

/** Octets of text that are made one piece: what they were cut out of, the heads of requests, is then free. */
const sealAt = 16_384;
/** Octets that are written without waiting for more. */
const writeAt = 262_144;
/** Milliseconds from one attempt to the next, where the file is full or gone. */
const retryFailed = 1000;
/** The same for a pipe that is full for the moment: doubled up to the longest. */
const retryBusy = 1;
const longestRetryBusy = 50;
/** Milliseconds from one message on lost lines to the next. */
const tellAgain = 10_000;
/** Milliseconds that the end of the process waits for a pipe, and that `close` waits for a file. */
const patienceAtExit = 500;
const patienceAtClose = 5000;
/** Pieces that are written before anything else has its turn. */
const piecesPerTurn = 16;
const lineFeed = 0x0a;

export interface LineFileOptions {
  /** Milliseconds that a line waits for others at most. */
  readonly flushMs: number;
  /** Octets that wait at most. */
  readonly buffer: number;
  /** Takes what is to be said about the log itself, without a line end. */
  readonly report: (message: string) => void;
}

export class LineFile {
  /** Lines that were not written and never will be. */
  lost = 0;
  #descriptor: Descriptor;
  readonly #buffer: number;
  readonly #report: (message: string) => void;
  #flushMs: number;
  /** Pieces of whole lines; only the first one may have lost its beginning to the file. */
  #sealed: Buffer[] = [];
  #text = '';
  /** Octets of all that waits and is being written. */
  #waiting = 0;
  #writing = false;
  #timer: NodeJS.Timeout | null = null;
  /** Why the last attempt failed; null when it did not. */
  #problem: string | null = null;
  #busyFor = retryBusy;
  /** Lines lost that nobody was told of. */
  #untold = 0;
  #toldAt = Number.NEGATIVE_INFINITY;
  /** Called when nothing waits any more, or an attempt has failed. */
  #flushed: (() => void)[] = [];
  /** Takes the place of the descriptor as soon as that is not in use. */
  #next: Descriptor | null = null;
  #closed = false;
  /** Whether nothing is to be written any more. */
  #over = false;
  #piecesInTurn = 0;

  constructor(descriptor: Descriptor, { flushMs, buffer, report }: LineFileOptions) {
    this.#descriptor = descriptor;
    this.#flushMs = flushMs;
    this.#buffer = buffer;
    this.#report = report;
  }

  /** HOT. @param line octets, one character each, with their line end */
  write(line: string): void {
    if (this.#closed || this.#waiting + line.length > this.#buffer) {
      this.#lose(1);
      return;
    }
    this.#text += line;
    this.#waiting += line.length;
    if (this.#text.length >= sealAt) this.#sealAndWrite();
    if (this.#timer === null && !this.#writing) this.#wait(this.#flushMs);
  }

  /** From now on lines are written at the end of the turn of the loop in which they come. */
  hurry(): void {
    this.#flushMs = 0;
    if (this.#problem === null && this.#waiting > 0 && !this.#writing) this.#wait(0);
  }

  /** Resolves when all lines so far are written, or when that has failed; they are then still kept. */
  flush(): Promise<void> {
    return new Promise(resolve => {
      if (this.#waiting === 0) {
        resolve();
        return;
      }
      this.#flushed.push(resolve);
      if (!this.#writing) this.#pump();
    });
  }

  /** Continues in another file. Lines that wait are written there. */
  replace(descriptor: Descriptor): void {
    if (this.#closed) {
      descriptor.close();
      return;
    }
    this.#next?.close();
    this.#next = descriptor;
    if (this.#writing) return;
    this.#takeNext();
    // What could not be written to the old one may be written at once.
    if (this.#waiting > 0) this.#pump();
  }

  /** Writes what waits and takes no more; what can't be written is lost. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#flushWithin(patienceAtClose);
    this.#over = true;
    this.#stopTimer();
    this.#giveUp();
    this.#tellLost();
    this.#next?.close();
    // What is still being written needs its descriptor.
    if (!this.#writing) this.#descriptor.close();
  }

  async #flushWithin(milliseconds: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const over = new Promise<void>(resolve => {
      timer = setTimeout(resolve, milliseconds);
    });
    await Promise.race([this.flush(), over]);
    clearTimeout(timer);
  }

  /** At the end of the process: what waits is written now or never. */
  flushSync(): void {
    this.#stopTimer();
    this.#takeNext();
    this.#seal();
    // What is being written is in the hands of the system, which finishes it before the process ends.
    let octets: Uint8Array = Buffer.concat(this.#sealed);
    const giveUpAt = Date.now() + patienceAtExit;
    try {
      while (octets.length > 0) {
        const piece = wholeLines(octets, this.#descriptor.piece);
        const written = this.#tryNow(piece, giveUpAt);
        octets = octets.subarray(written);
      }
    } catch (error) {
      this.#problem ??= messageOf(error);
    }
    this.#sealed = octets.length === 0 ? [] : [Buffer.from(octets)];
    this.#waiting = octets.length;
    this.#giveUp();
    this.#tellLost();
  }

  #tryNow(octets: Uint8Array, giveUpAt: number): number {
    for (;;) {
      try {
        return this.#descriptor.writeSync(octets);
      } catch (error) {
        if (!isBusy(error) || Date.now() >= giveUpAt) throw error;
        // The process is at its end: nothing else is to be done meanwhile.
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
      }
    }
  }

  #seal(): void {
    if (this.#text === '') return;
    this.#sealed.push(Buffer.from(this.#text, 'latin1'));
    this.#text = '';
  }

  #sealAndWrite(): void {
    this.#seal();
    const enough = this.#sealed.length * sealAt >= writeAt;
    // Where an attempt has failed, the next one has its time.
    if (enough && !this.#writing && this.#problem === null && this.#busyFor === retryBusy) this.#pump();
  }

  #wait(milliseconds: number): void {
    this.#stopTimer();
    this.#timer = setTimeout(() => {
      this.#piecesInTurn = 0;
      this.#pump();
    }, milliseconds);
    // The end of the process flushes too: nothing has to live for this, unless somebody waits for it.
    if (this.#flushed.length === 0) this.#timer.unref();
  }

  #stopTimer(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  /** Writes a piece of what waits; goes on until nothing does, or until the file has had enough. */
  #pump(): void {
    this.#stopTimer();
    this.#takeNext();
    this.#seal();
    const octets = this.#sealed.length === 1 ? (this.#sealed[0] as Buffer) : Buffer.concat(this.#sealed);
    if (octets.length === 0) {
      this.#tellFlushed();
      return;
    }
    const piece = wholeLines(octets, this.#descriptor.piece);
    this.#sealed = piece.length === octets.length ? [] : [octets.subarray(piece.length)];
    this.#writing = true;
    this.#descriptor.write(piece, (error, written) => this.#written(piece, error, written));
  }

  #written(piece: Buffer, error: NodeJS.ErrnoException | null, written: number): void {
    this.#writing = false;
    if (this.#over) {
      this.#descriptor.close();
      return;
    }
    this.#waiting -= written;
    if (written < piece.length) this.#sealed.unshift(piece.subarray(written));
    if (error !== null) this.#failed(error);
    else {
      this.#succeeded();
      if (this.#sealed.length > 0 || this.#flushed.length > 0) this.#goOn();
      else if (this.#text !== '') this.#wait(this.#flushMs);
    }
  }

  /** A pipe answers at once: other things have their turn after so many pieces. */
  #goOn(): void {
    this.#piecesInTurn += 1;
    if (this.#piecesInTurn < piecesPerTurn) {
      this.#pump();
      return;
    }
    setImmediate(() => {
      this.#piecesInTurn = 0;
      if (!this.#writing) this.#pump();
    });
  }

  #succeeded(): void {
    this.#busyFor = retryBusy;
    if (this.#problem === null) return;
    this.#problem = null;
    this.#say(`${this.#descriptor.name} can be written again; ${lines(this.#untold)} lost.`);
    this.#untold = 0;
    this.#toldAt = Number.NEGATIVE_INFINITY;
  }

  #failed(error: NodeJS.ErrnoException): void {
    if (isBusy(error)) {
      this.#wait(this.#busyFor);
      this.#busyFor = Math.min(this.#busyFor * 2, longestRetryBusy);
      return;
    }
    if (this.#problem === null) {
      this.#problem = messageOf(error);
      this.#say(
        `${this.#descriptor.name} can't be written: ${this.#problem}. Lines wait, up to ${this.#buffer} octets; more are lost.`,
      );
    }
    this.#wait(retryFailed);
    this.#tellFlushed();
  }

  #tellFlushed(): void {
    const waiters = this.#flushed;
    this.#flushed = [];
    for (const resolve of waiters) resolve();
  }

  #takeNext(): void {
    if (this.#next === null || this.#writing) return;
    this.#descriptor.close();
    this.#descriptor = this.#next;
    this.#next = null;
  }

  /** What waits is lost. */
  #giveUp(): void {
    this.#seal();
    let count = 0;
    for (const octets of this.#sealed) {
      for (const octet of octets) if (octet === lineFeed) count += 1;
    }
    this.#sealed = [];
    this.#waiting = 0;
    if (count > 0) this.#lose(count);
  }

  #lose(count: number): void {
    this.lost += count;
    this.#untold += count;
    if (this.#closed) return;
    const now = performance.now();
    if (now - this.#toldAt < tellAgain) return;
    this.#toldAt = now;
    this.#tellLost();
  }

  #tellLost(): void {
    if (this.#untold === 0) return;
    const reason = this.#problem ?? 'it takes them too slowly';
    this.#say(`${lines(this.#untold)} lost for ${this.#descriptor.name}: ${reason}.`);
    this.#untold = 0;
  }

  #say(message: string): void {
    try {
      this.#report(`fapws log: ${message}`);
    } catch {
      // There is no other place to tell of it, and requests must not fail because of their log.
    }
  }
}

/** As many whole lines as a piece holds; a line that is longer alone. */
function wholeLines(octets: Uint8Array, most: number): Buffer {
  const all = Buffer.from(octets.buffer, octets.byteOffset, octets.length);
  if (all.length <= most) return all;
  const last = all.lastIndexOf(lineFeed, most - 1);
  if (last !== -1) return all.subarray(0, last + 1);
  const end = all.indexOf(lineFeed, most);
  return end === -1 ? all : all.subarray(0, end + 1);
}

function isBusy(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'EAGAIN' || code === 'EWOULDBLOCK' || code === 'EINTR';
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function lines(count: number): string {
  return count === 1 ? '1 line was' : `${count} lines were`;
}
