// A stream of zlib that is fed by whoever wants its octets, one piece at a time: nothing is taken in before what came out is
// gone. The work is done beside the event loop.

import type { Buffer } from 'node:buffer';
import { createStream, type Encoding, unknownSize, type ZlibStream } from './codings.ts';

/** The encoder was given up before it was done: nobody waits for its octets any more. */
export class GivenUp extends Error {}

export class Encoder {
  readonly #stream: ZlibStream;
  #ready: Buffer[] = [];
  #fail: ((error: Error) => void) | null = null;
  #failure: Error | null = null;

  /** @param size octets of all the content, or unknownSize: then what is pushed comes out at once */
  constructor(encoding: Encoding, level: number, size: number = unknownSize) {
    this.#stream = createStream(encoding, level, size);
    this.#stream.on('data', (octets: Buffer) => this.#ready.push(octets));
    this.#stream.on('error', error => this.#failed(error));
  }

  /** Puts in some of the content. To be called again when it has answered. @returns what comes out */
  push(content: Uint8Array): Promise<Buffer[]> {
    return this.#wait(done => {
      this.#stream.write(content, error => {
        if (error === null || error === undefined) done();
      });
    });
  }

  /** Ends the content. @returns what is left of it */
  finish(content?: Uint8Array): Promise<Buffer[]> {
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
