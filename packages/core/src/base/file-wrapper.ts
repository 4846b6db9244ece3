// wsgi.file_wrapper: a file as a result. It reads nothing before the server iterates it.

import { Buffer } from 'node:buffer';
import type { ReadStream } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { ContractError } from '../http/errors.ts';

/** What can be wrapped: a file handle, a readable stream, anything with `read(size)` or that can be iterated. */
export type FileLike =
  | FileHandle
  | ReadStream
  | AsyncIterable<Uint8Array | string>
  | Iterable<Uint8Array | string>
  | { read(size: number): Uint8Array | string | Promise<Uint8Array | string>; close?(): unknown };

const DEFAULT_BLOCK_SIZE = 65_536;

/** A file to be sent from its present position to its end, and closed afterwards. */
export class FileResult implements AsyncIterable<Uint8Array | string> {
  readonly file: FileLike;
  /** Octets read at a time. */
  readonly blockSize: number;
  #closed = false;

  /** @throws {ContractError} FAPWS_FILE when `file` is none of what FileLike lists */
  constructor(file: FileLike, blockSize: number = DEFAULT_BLOCK_SIZE) {
    if (!isFileLike(file)) {
      throw new ContractError(
        'FAPWS_FILE',
        'wsgi.file_wrapper takes a FileHandle, a stream, an iterable of strings or bytes, or an object with read(size).',
      );
    }
    this.file = file;
    this.blockSize = blockSize;
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array | string> {
    return this.blocks();
  }

  /**
   * The file's content, block by block.
   * @param limit octets at most: a file may be longer than the Content-Length that the application gave (PEP 3333)
   */
  blocks(limit: number = Number.POSITIVE_INFINITY): AsyncGenerator<Uint8Array | string, void, void> {
    return limit === Number.POSITIVE_INFINITY ? this.#all() : this.#upTo(limit);
  }

  async *#upTo(limit: number): AsyncGenerator<Uint8Array | string, void, void> {
    let room = limit;
    for await (const block of this.#all()) {
      const bytes = typeof block === 'string' ? Buffer.from(block) : block;
      if (bytes.length >= room) {
        yield bytes.subarray(0, room);
        return;
      }
      room -= bytes.length;
      yield bytes;
    }
  }

  async *#all(): AsyncGenerator<Uint8Array | string, void, void> {
    try {
      yield* this.#read();
    } catch (error) {
      // It is closed in the middle of a read when its client leaves; that the read fails then is nobody's fault.
      if (!this.#closed) throw error;
    }
  }

  async *#read(): AsyncGenerator<Uint8Array | string, void, void> {
    const { file } = this;
    if (isFileHandle(file)) {
      for (;;) {
        const { bytesRead, buffer } = await file.read({ buffer: Buffer.allocUnsafe(this.blockSize) });
        if (bytesRead === 0) return;
        yield bytesRead === buffer.length ? buffer : buffer.subarray(0, bytesRead);
      }
    }
    if (Symbol.asyncIterator in file || Symbol.iterator in file) {
      yield* file;
      return;
    }
    for (;;) {
      const block = await file.read(this.blockSize);
      if (block === null || block === undefined || block.length === 0) return;
      yield block;
    }
  }

  /** Closes the file, however it wants to be closed. */
  async close(): Promise<void> {
    this.#closed = true;
    const { file } = this;
    if ('close' in file && typeof file.close === 'function') await file.close();
    else if ('destroy' in file && typeof file.destroy === 'function') file.destroy();
  }
}

function isFileLike(file: unknown): file is FileLike {
  if (typeof file !== 'object' || file === null) return false;
  return Symbol.asyncIterator in file || Symbol.iterator in file || 'read' in file;
}

function isFileHandle(file: FileLike): file is FileHandle {
  return 'fd' in file && 'read' in file && 'stat' in file;
}

/** `environ['wsgi.file_wrapper']`. @param blockSize octets read at a time */
export function fileWrapper(file: unknown, blockSize?: number): FileResult {
  return new FileResult(file as FileLike, blockSize);
}
