// wsgi.input: the content of the request as a file that is read once, from front to back. Reading pulls from the socket;
// what is not asked for stays there.

import { Buffer } from 'node:buffer';
import type { Exchange } from '../http/exchange.ts';
import { type Reading, ReadLine, ReadLines, ReadOctets, ReadPiece, type Turn } from './reading.ts';

/**
 * The content of a request.
 * Every method fails with a RequestError when the client goes away, sends too slowly or sends something malformed, and
 * with ContractError FAPWS_ANSWERED when the answer is complete and what is left of the content was thrown away.
 */
export class Input implements AsyncIterable<Uint8Array> {
  readonly #exchange: Exchange;
  /** The read that was asked for last, while it is not finished. */
  #last: Turn | null = null;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
  }

  /**
   * Reads `size` octets, fewer only at the end of the content; without a size, or with one below 0, all that is left.
   * @returns no octets at the end
   */
  read(size?: number): Promise<Uint8Array> {
    return this.#inTurn(new ReadOctets(isBound(size) ? size : Number.POSITIVE_INFINITY));
  }

  /**
   * Reads up to and with the next line feed, or to the end.
   * @param limit octets at most; a longer line comes in pieces. Below 0 it is none.
   */
  readline(limit?: number): Promise<Uint8Array> {
    return this.#inTurn(new ReadLine(isBound(limit) ? limit : Number.POSITIVE_INFINITY));
  }

  /**
   * Reads all lines that are left.
   * @param hint stop after the line with which this many octets are reached; 0 or below is no hint, as in Python
   */
  readlines(hint?: number): Promise<Uint8Array[]> {
    return this.#inTurn(new ReadLines(isBound(hint) && hint > 0 ? hint : Number.POSITIVE_INFINITY));
  }

  /** All that is left as text in UTF-8. */
  async text(): Promise<string> {
    const bytes = await this.read();
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  }

  /** Pieces as they arrive. */
  [Symbol.asyncIterator](): AsyncIterator<Uint8Array, undefined> {
    return {
      next: () => this.#inTurn(new ReadPiece()),
      return: async () => ({ done: true, value: undefined }),
    };
  }

  /** Two reads at once get different parts, in the order of the calls. */
  #inTurn<T>(reading: Reading<T>): Promise<T> {
    const before = this.#last;
    this.#last = reading;
    if (before === null) this.#begin(reading);
    else before.next = reading;
    return reading.promise;
  }

  #begin(turn: Turn): void {
    turn.begin(this.#exchange.body, this.#done);
  }

  readonly #done = (turn: Turn): void => {
    if (turn.next !== null) this.#begin(turn.next);
    else if (this.#last === turn) this.#last = null;
  };
}

/** What is no number from 0 on bounds nothing: to answer it with no octets would look like the end of the content. */
function isBound(size: number | undefined): size is number {
  return typeof size === 'number' && size >= 0;
}
