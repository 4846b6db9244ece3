// A stream of zlib that is fed by whoever wants its octets, one piece at a time: nothing is taken in before what came out is
// gone. Small pieces are compressed at once, others beside the event loop.

import { Buffer } from 'node:buffer';
import { setImmediate as turn } from 'node:timers/promises';
import { atOnce, type Process, worksAtOnce } from './at-once.ts';
import { codings, createStream, type Encoding, unknownSize, type ZlibStream } from './codings.ts';

/** The encoder was given up before it was done: nobody waits for its octets any more. */
export class GivenUp extends Error {}

/** Octets that are compressed at once before others get their turn. */
const turnLength = 65_536;

export class Encoder {
  readonly #encoding: Encoding;
  readonly #stream: ZlibStream;
  readonly #syncLimit: number;
  /** Null where pieces can't be compressed at once. */
  readonly #process: Process | null;
  #sinceTurn = 0;
  #ready: Buffer[] = [];
  #fail: ((error: Error) => void) | null = null;
  #failure: Error | null = null;

  /**
   * @param size octets of all the content, or unknownSize: then what is pushed comes out without waiting for more
   * @param syncLimit octets of a piece that is compressed at once
   */
  constructor(encoding: Encoding, level: number, size: number = unknownSize, syncLimit = 0) {
    this.#encoding = encoding;
    this.#syncLimit = syncLimit;
    this.#stream = createStream(encoding, level, size);
    this.#process = syncLimit > 0 && worksAtOnce(encoding) ? atOnce(this.#stream) : null;
    this.#stream.on('data', (octets: Buffer) => this.#ready.push(octets));
    this.#stream.on('error', error => this.#failed(error));
  }

  /** Puts in some of the content. To be called again when it has answered. @returns what comes out */
  async push(content: Uint8Array): Promise<Buffer[]> {
    if (this.#process !== null && content.length <= this.#syncLimit) {
      const octets = this.#now(content, codings[this.#encoding].flush);
      this.#sinceTurn += content.length;
      if (this.#sinceTurn < turnLength) return octets;
      this.#sinceTurn = 0;
      await turn();
      return octets;
    }
    return this.#wait(done => {
      this.#stream.write(content, error => {
        if (error === null || error === undefined) done();
      });
    });
  }

  /** Ends the content. @returns what is left of it */
  async finish(content?: Uint8Array): Promise<Buffer[]> {
    if (this.#process !== null && content === undefined) {
      return this.#now(Buffer.alloc(0), codings[this.#encoding].finish);
    }
    return this.#wait(done => {
      this.#stream.once('end', done);
      if (content === undefined) this.#stream.end();
      else this.#stream.end(content);
    });
  }

  /** Frees its memory, as soon as the piece that is being compressed is done; who waits is answered GivenUp. */
  destroy(): void {
    this.#stream.destroy();
    this.#failed(new GivenUp('The answer was given up.'));
  }

  #now(content: Uint8Array, operation: number): Buffer[] {
    if (this.#failure !== null) throw this.#failure;
    const octets = (this.#process as Process)(content, operation);
    return octets.length === 0 ? [] : [octets];
  }

  #wait(work: (done: () => void) => void): Promise<Buffer[]> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== null) {
        reject(this.#failure);
        return;
      }
      this.#fail = reject;
      work(() => {
        this.#fail = null;
        // What has come out may not have been told yet.
        while (this.#stream.read() !== null);
        const ready = this.#ready;
        this.#ready = [];
        resolve(ready);
      });
    });
  }

  #failed(error: Error): void {
    this.#failure ??= error;
    const fail = this.#fail;
    this.#fail = null;
    fail?.(error);
  }
}
