// Where the content of a file goes, piece by piece: each write is awaited, so the client sends no faster than that.

import { once } from 'node:events';
import type { FileHandle } from 'node:fs/promises';
import { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { WritableStream } from 'node:stream/web';
import type { Temporaries } from './temporaries.ts';

export interface Sink {
  write(octets: Uint8Array): Promise<void>;
  /** All of the file is here. @returns where it is, if that is a temporary file */
  end(): Promise<string | null>;
  /** The file will never be complete. Never fails. */
  abort(error: Error): Promise<void>;
}

/** A temporary file, made with its first octets: an empty file input leaves nothing behind. */
export class TemporarySink implements Sink {
  readonly #temporaries: Temporaries;
  #path: string | null = null;
  #handle: FileHandle | null = null;

  constructor(temporaries: Temporaries) {
    this.#temporaries = temporaries;
  }

  async write(octets: Uint8Array): Promise<void> {
    this.#temporaries.checkOpen();
    const handle = this.#handle ?? (await this.#create());
    await handle.writeFile(octets);
  }

  async end(): Promise<string | null> {
    const handle = this.#handle ?? (await this.#create());
    this.#handle = null;
    await handle.close();
    return this.#path;
  }

  async abort(): Promise<void> {
    const handle = this.#handle;
    this.#handle = null;
    // What it could not write any more does not matter: the file is removed.
    await handle?.close().catch(() => {});
  }

  async #create(): Promise<FileHandle> {
    const { path, handle } = await this.#temporaries.create();
    this.#path = path;
    this.#handle = handle;
    return handle;
  }
}

/** A stream of the callback's. It is ended, or destroyed with the error because of which its file is not whole. */
export class StreamSink implements Sink {
  readonly #stream: Writable;
  readonly #closed: Promise<void>;
  readonly #signal: AbortSignal | undefined;
  readonly #destroy = (): void => {
    this.#stream.destroy(this.#signal?.reason as Error);
  };

  /** @param signal aborted when the client leaves, so that a stream which stalls is let go */
  constructor(stream: Writable | WritableStream<Uint8Array>, signal: AbortSignal | undefined) {
    this.#stream = stream instanceof Writable ? stream : Writable.fromWeb(stream);
    this.#closed = finished(this.#stream, { readable: false });
    // Looked at with the next write.
    this.#closed.catch(() => {});
    this.#signal = signal;
    if (signal?.aborted) this.#destroy();
    else signal?.addEventListener('abort', this.#destroy, { once: true });
  }

  async write(octets: Uint8Array): Promise<void> {
    if (!this.#stream.destroyed && this.#stream.write(octets)) return;
    const waiting = new AbortController();
    try {
      await Promise.race([once(this.#stream, 'drain', { signal: waiting.signal }), this.#closed]);
    } finally {
      waiting.abort();
    }
    if (!this.#stream.destroyed) return;
    throw new Error('The stream of a file was closed before the file had come to its end.');
  }

  async end(): Promise<null> {
    this.#stream.end();
    try {
      await this.#closed;
    } finally {
      this.#signal?.removeEventListener('abort', this.#destroy);
    }
    return null;
  }

  async abort(error: Error): Promise<void> {
    this.#signal?.removeEventListener('abort', this.#destroy);
    // `finished` keeps listening: a stream without a listener of its own does not end the process.
    this.#stream.destroy(error);
  }
}

/** Nowhere. */
export const nowhere: Sink = {
  async write() {},
  async end() {
    return null;
  },
  async abort() {},
};
