// What the primary and a worker say to each other: lines of JSON over a pair of sockets. Not Node's own channel between
// processes: one line of garbage in that is an exception in the primary.

import type { Socket } from 'node:net';

/** The channel in a worker. The sockets that it shares with the others follow. */
export const CHANNEL = 3;
export const FIRST_SOCKET = 4;

/** No message comes near to this. Octets. */
const LONGEST_LINE = 16_384;
/** A reader that takes nothing must not fill this process's memory. Octets. */
const MOST_WAITING = 65_536;

export class Channel {
  readonly #socket: Socket;
  #text = '';

  /**
   * @param receive is given whatever was said, and has to look at it closely
   * @param closed the other end is gone, or has said its last
   */
  constructor(socket: Socket, receive: (message: unknown) => void, closed: () => void = () => {}) {
    this.#socket = socket;
    // That the other process is gone is told by `close`.
    socket.on('error', () => {});
    socket.once('close', closed);
    socket.once('end', () => socket.destroy());
    socket.setEncoding('utf8').on('data', (more: string) => this.#take(more, receive));
  }

  send(message: object): void {
    if (!this.#socket.writable || this.#socket.writableLength > MOST_WAITING) return;
    this.#socket.write(`${JSON.stringify(message)}\n`);
  }

  /** Lets the process end although the channel is open. */
  unref(): void {
    this.#socket.unref();
  }

  /** What was sent still arrives. */
  close(): void {
    this.#socket.end();
  }

  #take(more: string, receive: (message: unknown) => void): void {
    const lines = (this.#text + more).split('\n');
    const rest = lines.pop() as string;
    this.#text = rest.length > LONGEST_LINE ? '' : rest;
    for (const line of lines) {
      let message: unknown;
      try {
        message = JSON.parse(line);
      } catch {
        // Somebody else has written into the channel. What matters is said again, or its absence is noticed.
        continue;
      }
      receive(message);
    }
  }
}
