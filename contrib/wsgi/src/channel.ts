// The link to one worker. What arrives is cut into messages, what is to be said leaves once per turn of the event loop.

import type { Buffer } from 'node:buffer';
import { Socket, type SocketConstructorOpts } from 'node:net';
import { Output } from './output.ts';
import { arrivals, MessageReader, type MessageReceiver } from './protocol.ts';

/** Who is told of what arrives. */
export interface ChannelReceiver extends MessageReceiver {
  /** HOT. All messages of one read were told. */
  afterRead(): void;
  /** What arrived is no message. Nothing more is told. */
  malformed(error: Error): void;
  /** It could not be written to, which ends the reading too, whatever there was to be read. */
  unwritable(): void;
}

/** What lets a socket be made anew around its handle. Not public: feature-tested. */
interface Handle {
  readonly useUserBuffer?: unknown;
}
interface SocketWithHandle {
  _handle: Handle | null;
}

export class Channel {
  readonly output: Output;
  readonly #receiver: ChannelReceiver;
  readonly #reader: MessageReader;
  /** The one that was given. Whoever has made it waits for its end. */
  readonly #given: Socket;
  readonly #socket: Socket;

  /** @param publicApiOnly keep to what node:net documents, as on a Node whose sockets look otherwise */
  constructor(given: Socket, receiver: ChannelReceiver, publicApiOnly = false) {
    this.#receiver = receiver;
    this.#reader = new MessageReader(receiver);
    this.#given = given;
    this.#socket = (publicApiOnly ? null : this.#remade(given)) ?? given;
    if (this.#socket === given) {
      given.on('data', (octets: Buffer) => {
        for (let at = 0; at < octets.length; at += arrivals.length) this.#read(octets.copy(arrivals, 0, at));
      });
    }
    this.#socket.on('error', (error: NodeJS.ErrnoException) => {
      // The process says why it is gone.
      if (error.syscall !== 'read') receiver.unwritable();
    });
    this.output = new Output(this.#socket);
  }

  /**
   * A socket around the handle of another one whose octets land in our buffer. node:net's own way allocates 64 KiB for every read,
   * which costs time, and memory until it is collected.
   */
  #remade(given: Socket): Socket | null {
    const { _handle: handle } = given as unknown as SocketWithHandle;
    if (typeof handle?.useUserBuffer !== 'function') return null;
    (given as unknown as SocketWithHandle)._handle = null;
    const socket = new Socket({
      handle,
      onread: {
        buffer: arrivals,
        callback: (length: number): boolean => {
          this.#read(length);
          return true;
        },
      },
    } as SocketConstructorOpts);
    // Each ends with the other.
    socket.once('close', () => given.destroy());
    given.once('close', () => socket.destroy());
    return socket;
  }

  /** HOT. */
  #read(length: number): void {
    try {
      this.#reader.read(arrivals, length);
    } catch (error) {
      this.#receiver.malformed(error as Error);
      this.destroy();
      return;
    }
    this.#receiver.afterRead();
  }

  /** Lets it keep this process alive, or not. */
  ref(): void {
    this.#socket.ref();
  }

  unref(): void {
    this.#socket.unref();
  }

  destroy(): void {
    this.#socket.destroy();
    this.#given.destroy();
  }
}
