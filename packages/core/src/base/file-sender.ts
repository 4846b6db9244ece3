// Sends a file at the pace of the client, block by block through one buffer: memory stays bounded, and sending gigabytes
// leaves nothing of their size to the garbage collector.

import { Buffer } from 'node:buffer';
import type { FileHandle } from 'node:fs/promises';
import type { Exchange } from '../http/exchange.ts';
import type { Base } from './base.ts';
import { closeResult, fail } from './failure.ts';
import { DEFAULT_BLOCK_SIZE, type FileResult } from './file-wrapper.ts';

/** Blocks that wait for the next file; as many as are kept at most. */
const spare: Buffer[] = [];
const MOST_SPARE = 8;

/** Sends what FileResult wraps around a FileHandle. A read from the disk lets other connections have their turn. */
export class FileSender {
  readonly #base: Base;
  readonly #exchange: Exchange;
  readonly #result: FileResult;
  readonly #handle: FileHandle;
  readonly #blockSize: number;
  /** Where the next read begins; null goes on from the present position. */
  #position: number | null;
  /** Octets that may still be read. */
  #left: number;
  #block: Buffer | null = null;
  #reading = false;
  #over = false;
  // One function each for the whole file, not one per block.
  readonly #take = (taken: { bytesRead: number }): void => this.#taken(taken.bytesRead);
  readonly #failed = (error: unknown): void => this.#readFailed(error);
  readonly #goOn = (): void => this.#read();

  constructor(base: Base, exchange: Exchange, result: FileResult, handle: FileHandle) {
    this.#base = base;
    this.#exchange = exchange;
    this.#result = result;
    this.#handle = handle;
    this.#position = result.start;
    this.#left = Math.min(result.length, exchange.room);
    // A block that nobody fills is memory for nothing.
    this.#blockSize = Math.max(1, Math.min(result.blockSize, this.#left));
    exchange.whenOver(() => this.#end());
  }

  run(): void {
    if (!this.#over) this.#read();
  }

  #read(): void {
    if (this.#over) return;
    if (this.#left === 0) {
      this.#finish();
      return;
    }
    // The transport keeps bytes until the kernel has them, and until then they must not change.
    if (this.#exchange.connection.transport.backlog !== 0) this.#block = null;
    this.#block ??= this.#takeBlock();
    const length = Math.min(this.#blockSize, this.#left);
    this.#reading = true;
    this.#handle.read(this.#block, 0, length, this.#position).then(this.#take, this.#failed);
  }

  #taken(octets: number): void {
    this.#reading = false;
    if (this.#over) {
      this.#giveBlockBack();
      return;
    }
    try {
      if (octets === 0) this.#finish();
      else this.#send(octets);
    } catch (error) {
      this.#fail(error);
    }
  }

  #send(octets: number): void {
    const exchange = this.#exchange;
    const block = this.#block as Buffer;
    this.#left -= octets;
    if (this.#position !== null) this.#position += octets;
    const writable = exchange.send(octets === block.length ? block : block.subarray(0, octets));
    if (this.#over) return;
    // Nobody will see the rest of an answer to HEAD.
    if (exchange.head.method === 'HEAD') exchange.finish();
    else if (!writable) exchange.whenWritable(this.#goOn);
    else if (exchange.connection.transport.backlog === 0) this.#read();
    // What was gathered leaves at the end of this turn, and the block is free again.
    else setImmediate(this.#goOn);
  }

  #finish(): void {
    const exchange = this.#exchange;
    if (exchange.started) exchange.finish();
    else exchange.respond('');
  }

  #readFailed(error: unknown): void {
    this.#reading = false;
    // It is closed in the middle of a read when its client leaves; that the read fails then is nobody's fault.
    if (this.#over) this.#giveBlockBack();
    else this.#fail(error);
  }

  #fail(error: unknown): void {
    this.#end();
    fail(this.#base, this.#exchange, error);
  }

  #end(): void {
    if (this.#over) return;
    this.#over = true;
    if (!this.#reading) this.#giveBlockBack();
    closeResult(this.#base, this.#exchange, this.#result);
  }

  #takeBlock(): Buffer {
    if (this.#blockSize === DEFAULT_BLOCK_SIZE) return spare.pop() ?? Buffer.allocUnsafeSlow(this.#blockSize);
    return Buffer.allocUnsafeSlow(this.#blockSize);
  }

  /** The last block may still wait for the end of this turn. What the kernel does not have by then, nobody reuses. */
  #giveBlockBack(): void {
    const block = this.#block;
    this.#block = null;
    if (block === null || block.length !== DEFAULT_BLOCK_SIZE) return;
    const { transport } = this.#exchange.connection;
    setImmediate(() => {
      if (transport.backlog === 0 && spare.length < MOST_SPARE) spare.push(block);
    });
  }
}
