// llhttp in WebAssembly, one for the whole thread: octets in, a table of spans out.
// It knows nothing of sockets or of what a request means. One message is read at a time; a message that is cut by the end
// of a read is put aside with `save` and taken up again with `restore`, so that no connection needs a parser of its own.

/// <reference path="./webassembly.d.ts" />

import { Buffer } from 'node:buffer';
import { brotliDecompressSync } from 'node:zlib';
import { HeadEnd } from './codes.ts';
import { collectorWasm, llhttpWasmBrotli } from './wasm.generated.ts';

/** Octets of the input buffer: what one read brings at most. */
const INPUT_SIZE = 65_536;
/** Where the collector's table begins and how wide a record is, in 32-bit words. */
const TABLE_START = 4;
const RECORD_WIDTH = 3;

const REQUEST = 1;

/** `toString('latin1', …)` without its detour, which costs a fifth of the call. Every Node has it; its types do not say so. */
interface Latin1Buffer extends Buffer {
  latin1Slice(start: number, end: number): string;
}

interface Llhttp {
  readonly memory: WebAssembly.Memory;
  _initialize(): void;
  malloc(size: number): number;
  llhttp_alloc(type: number): number;
  llhttp_reset(parser: number): void;
  llhttp_resume(parser: number): void;
  llhttp_execute(parser: number, data: number, length: number): number;
  llhttp_get_error_pos(parser: number): number;
  llhttp_get_error_reason(parser: number): number;
  llhttp_get_method(parser: number): number;
}

export class Parser {
  /** llhttp's whole memory. Addresses in the table index it. */
  readonly memory: Latin1Buffer;
  /** The address of the input buffer within `memory`. */
  readonly inputAddress: number;
  /** The input buffer: the loop puts what it reads here. */
  readonly input: Buffer;
  readonly #table: Int32Array;
  readonly #llhttp: Llhttp;
  readonly #state: number;
  readonly #stateSize: number;

  constructor() {
    const collector = instantiate(Buffer.from(collectorWasm, 'base64'), {});
    const llhttpWasm = brotliDecompressSync(Buffer.from(llhttpWasmBrotli, 'base64'));
    const llhttp = instantiate(llhttpWasm, { env: collector }) as unknown as Llhttp;
    llhttp._initialize();
    this.inputAddress = llhttp.malloc(INPUT_SIZE);
    this.#state = llhttp.llhttp_alloc(REQUEST);
    // The distance to the next allocation is the size of llhttp's state and of the allocator's mark; both may be put back.
    this.#stateSize = llhttp.llhttp_alloc(REQUEST) - this.#state;
    // Nothing is allocated from here on: growth of the memory would cut these views off.
    this.memory = Buffer.from(llhttp.memory.buffer) as unknown as Latin1Buffer;
    this.input = this.memory.subarray(this.inputAddress, this.inputAddress + INPUT_SIZE);
    this.#table = new Int32Array((collector['memory'] as WebAssembly.Memory).buffer);
    this.#llhttp = llhttp;
  }

  /** Prepares for a new message. */
  reset(): void {
    this.#llhttp.llhttp_reset(this.#state);
  }

  /** HOT. Reads octets `from` up to `to` (addresses); the table is filled anew. @returns one of the codes in codes.ts */
  execute(from: number, to: number): number {
    this.#table[0] = 0;
    return this.#llhttp.llhttp_execute(this.#state, from, to - from);
  }

  /** Where reading stopped, when `execute` did not answer Ok: the address of the first octet that was not taken. */
  get position(): number {
    return this.#llhttp.llhttp_get_error_pos(this.#state);
  }

  /** llhttp's own sentence for the last error. */
  get reason(): string {
    const start = this.#llhttp.llhttp_get_error_reason(this.#state);
    return this.text(start, this.memory.indexOf(0, start));
  }

  /** Goes on after a pause in the middle of a message. */
  resume(): void {
    this.#llhttp.llhttp_resume(this.#state);
  }

  /** llhttp's number of the method; see methodNames. */
  get method(): number {
    return this.#llhttp.llhttp_get_method(this.#state);
  }

  /** How many records the table holds. */
  get count(): number {
    return this.#table[0] as number;
  }

  /** HOT. The octets from one address to another as a string of one code point each. */
  text(from: number, to: number): string {
    return this.memory.latin1Slice(from, to);
  }

  /** HOT. The record that ends the head among the first `count`, or `count` if there is none. */
  findHeadEnd(count: number): number {
    const table = this.#table;
    // Behind the head of most requests stands only the end of the message.
    let record = count - 2;
    if (record >= 0 && table[TABLE_START + record * RECORD_WIDTH] === HeadEnd) return record;
    record = 0;
    while (record < count && table[TABLE_START + record * RECORD_WIDTH] !== HeadEnd) record += 1;
    return record;
  }

  /** HOT. Start and end of the records `first` to `last`, as places: addresses moved by `shift`. */
  places(first: number, last: number, shift: number): number[] {
    const table = this.#table;
    const places: number[] = new Array((last - first) * 2);
    let word = TABLE_START + first * RECORD_WIDTH + 1;
    for (let at = 0; at < places.length; at += 2) {
      const start = (table[word] as number) + shift;
      places[at] = start;
      places[at + 1] = start + (table[word + 1] as number);
      word += RECORD_WIDTH;
    }
    return places;
  }

  kind(record: number): number {
    return this.#table[TABLE_START + record * RECORD_WIDTH] as number;
  }

  /** The address of the span's first octet. */
  start(record: number): number {
    return this.#table[TABLE_START + record * RECORD_WIDTH + 1] as number;
  }

  length(record: number): number {
    return this.#table[TABLE_START + record * RECORD_WIDTH + 2] as number;
  }

  /** The state of a message that is not complete yet. */
  save(): Uint8Array {
    return Uint8Array.prototype.slice.call(this.memory, this.#state, this.#state + this.#stateSize);
  }

  restore(saved: Uint8Array): void {
    this.memory.set(saved, this.#state);
  }
}

function instantiate(wasm: Uint8Array, imports: WebAssembly.Imports): WebAssembly.Exports {
  return new WebAssembly.Instance(new WebAssembly.Module(wasm), imports).exports;
}

let shared: Parser | undefined;

/** The parser of this thread, made at first use: compiling it takes about a millisecond. */
export function sharedParser(): Parser {
  shared ??= new Parser();
  return shared;
}
