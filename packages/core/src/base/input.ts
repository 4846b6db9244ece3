// wsgi.input: the content of the request as a file that is read once, from front to back. Reading pulls from the socket;
// what is not asked for stays there.

import { Buffer } from 'node:buffer';
import type { Exchange } from '../http/exchange.ts';
import type { RequestBody } from '../http/request-body.ts';

const LINE_FEED = 0x0a;
const empty: Uint8Array = new Uint8Array(0);

/**
 * The content of a request.
 * Every method fails with a RequestError when the client goes away, sends too slowly or sends something malformed, and
 * with ContractError FAPWS_ANSWERED when the answer is complete and what is left of the content was thrown away.
 */
export class Input implements AsyncIterable<Uint8Array> {
  readonly #exchange: Exchange;
  #reading: Promise<unknown> | null = null;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
  }

  /**
   * Reads `size` octets, fewer only at the end of the content; without a size, or with one below 0, all that is left.
   * @returns no octets at the end
   */
  read(size?: number): Promise<Uint8Array> {
    if (!isBound(size)) return this.#inTurn(body => readAll(body));
    return this.#inTurn(body => readSome(body, size));
  }

  /**
   * Reads up to and with the next line feed, or to the end.
   * @param limit octets at most; a longer line comes in pieces. Below 0 it is none.
   */
  readline(limit?: number): Promise<Uint8Array> {
    return this.#inTurn(body => readLine(body, isBound(limit) ? limit : Number.POSITIVE_INFINITY));
  }

  /**
   * Reads all lines that are left.
   * @param hint stop after the line with which this many octets are reached; 0 or below is no hint, as in Python
   */
  readlines(hint?: number): Promise<Uint8Array[]> {
    return this.#inTurn(body => readLines(body, isBound(hint) && hint > 0 ? hint : Number.POSITIVE_INFINITY));
  }

  /** All that is left as text in UTF-8. */
  async text(): Promise<string> {
    const bytes = await this.read();
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  }

  /** Pieces as they arrive. */
  [Symbol.asyncIterator](): AsyncIterator<Uint8Array, undefined> {
    return {
      next: async () => {
        const chunk = await this.#inTurn(body => nextChunk(body));
        return chunk === undefined ? { done: true, value: undefined } : { done: false, value: chunk };
      },
      return: async () => ({ done: true, value: undefined }),
    };
  }

  /** Two reads at once get different parts, in the order of the calls. */
  #inTurn<T>(read: (body: RequestBody) => Promise<T>): Promise<T> {
    const { body } = this.#exchange;
    const result = this.#reading === null ? read(body) : this.#reading.then(() => read(body));
    const turn: Promise<void> = result.then(
      () => this.#endTurn(turn),
      () => this.#endTurn(turn),
    );
    this.#reading = turn;
    return result;
  }

  #endTurn(turn: Promise<void>): void {
    if (this.#reading === turn) this.#reading = null;
  }
}

/** The next piece, or undefined at the end. */
function nextChunk(body: RequestBody): Promise<Uint8Array | undefined> {
  return new Promise((resolve, reject) => {
    const attempt = (): void => {
      try {
        const chunk = body.take(attempt);
        if (chunk !== null) resolve(chunk);
      } catch (error) {
        reject(error);
      }
    };
    attempt();
  });
}

async function readAll(body: RequestBody): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for (;;) {
    const chunk = await nextChunk(body);
    if (chunk === undefined) return joined(chunks);
    chunks.push(chunk);
  }
}

async function readSome(body: RequestBody, size: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let missing = size;
  while (missing > 0) {
    const chunk = await nextChunk(body);
    if (chunk === undefined) break;
    chunks.push(upTo(body, chunk, missing));
    missing -= chunk.length;
  }
  return joined(chunks);
}

async function readLine(body: RequestBody, limit: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let room = limit;
  while (room > 0) {
    const chunk = await nextChunk(body);
    if (chunk === undefined) break;
    const lineFeed = chunk.indexOf(LINE_FEED);
    const wanted = Math.min(lineFeed === -1 ? chunk.length : lineFeed + 1, room);
    chunks.push(upTo(body, chunk, wanted));
    room -= wanted;
    if (wanted === lineFeed + 1) break;
  }
  return joined(chunks);
}

async function readLines(body: RequestBody, enough: number): Promise<Uint8Array[]> {
  const lines: Uint8Array[] = [];
  let octets = 0;
  while (octets < enough) {
    const line = await readLine(body, Number.POSITIVE_INFINITY);
    if (line.length === 0) break;
    lines.push(line);
    octets += line.length;
  }
  return lines;
}

/** What is no number from 0 on bounds nothing: to answer it with no octets would look like the end of the content. */
function isBound(size: number | undefined): size is number {
  return typeof size === 'number' && size >= 0;
}

/** The first `size` octets of a piece; the others are put back. */
function upTo(body: RequestBody, chunk: Uint8Array, size: number): Uint8Array {
  if (chunk.length <= size) return chunk;
  body.putBack(chunk.subarray(size));
  return chunk.subarray(0, size);
}

function joined(chunks: Uint8Array[]): Uint8Array {
  if (chunks.length === 0) return empty;
  return chunks.length === 1 ? (chunks[0] as Uint8Array) : Buffer.concat(chunks);
}
