// One socket of the portable loop: what is written to it is gathered, and leaves when the turn ends.

import { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';
import type { Acceptor, Endpoint, Receiver, Transport } from './types.ts';

/** From here on a writer is asked to wait for `drain`; also what is gathered at most before it is sent. Octets. */
const HIGH_WATER_MARK = 65_536;

/**
 * Bytes up to this size join the gathered text, longer ones go to the system as they are.
 * Sending 1 KiB as a second entry of a vectored write took 0.5 µs more than copying it (POST echo, Node 20).
 */
const JOIN_LIMIT = 4096;

const transportOf: unique symbol = Symbol('transport');

/** A socket of ours: its transport is found without a closure per event. */
interface OwnSocket extends Socket {
  [transportOf]: PortableTransport;
}

/** Marked, a socket is reset by `destroy`. Not documented, but what resetAndDestroy is made of since Node 18. */
interface ResettableSocket extends Socket {
  resetAndClosing?: boolean;
}

/** What a socket needs of its loop. */
export interface Turns {
  /** Whether the end of the turn is certain to come by itself. */
  readonly endIsComing: boolean;
  /** Has `flush` called at the end of the turn. */
  flushLater(transport: PortableTransport): void;
}

/** One socket. Its receiver is told of everything from here. */
export class PortableTransport implements Transport {
  readonly socket: Socket;
  readonly receiver: Receiver;
  readonly #loop: Turns;
  /** Gathered octets: what is to go out before `#text`, then a latin1 string. */
  #parts: (string | Uint8Array)[] | null = null;
  #text = '';
  #gathered = 0;
  #waiting = false;
  #error: Error | null = null;

  constructor(loop: Turns, socket: Socket, acceptor: Acceptor) {
    this.socket = socket;
    this.#loop = loop;
    (socket as OwnSocket)[transportOf] = this;
    try {
      this.receiver = acceptor.open(this);
    } catch (error) {
      // Nobody could be told of anything.
      socket.destroy();
      throw error;
    }
    socket.on('error', onError);
    socket.on('end', onEnd);
    socket.on('drain', onDrain);
    socket.on('close', onClose);
  }

  /** HOT. */
  write(data: string | Uint8Array): boolean {
    if (this.socket.destroyed) return true;
    if (this.#gathered === 0) this.#loop.flushLater(this);
    this.#gather(data);
    return this.#isWritable();
  }

  /** HOT. Outside of a turn there is nothing else to wait for, and asking for the turn's end would cost more than a write. */
  writeWhole(head: string, content: string | Uint8Array): boolean {
    if (this.socket.destroyed) return true;
    const alone = this.#gathered === 0 && !this.#loop.endIsComing;
    if (!alone && this.#gathered === 0) this.#loop.flushLater(this);
    this.#gather(head);
    if (content.length !== 0) this.#gather(content);
    if (alone) this.flush();
    return this.#isWritable();
  }

  #gather(data: string | Uint8Array): void {
    if (typeof data === 'string') {
      this.#text = this.#text === '' ? data : this.#text + data;
    } else if (data.length <= JOIN_LIMIT) {
      this.#text += latin1(data);
    } else {
      this.#parts ??= [];
      if (this.#text !== '') this.#parts.push(this.#text);
      this.#text = '';
      this.#parts.push(data);
    }
    this.#gathered += data.length;
    if (this.#gathered >= HIGH_WATER_MARK) this.flush();
  }

  #isWritable(): boolean {
    if (this.backlog < HIGH_WATER_MARK) return true;
    this.#waiting = true;
    return false;
  }

  get backlog(): number {
    return this.#gathered + this.socket.writableLength;
  }

  /** HOT. Hands what was gathered to the kernel, in one call. */
  flush(): void {
    if (this.#gathered === 0) return;
    const { socket } = this;
    const text = this.#text;
    const parts = this.#parts;
    this.#text = '';
    this.#parts = null;
    this.#gathered = 0;
    if (socket.destroyed) return;
    if (parts === null) {
      socket.write(text, 'latin1');
      return;
    }
    socket.cork();
    for (const part of parts) {
      if (typeof part === 'string') socket.write(part, 'latin1');
      else socket.write(part);
    }
    if (text !== '') socket.write(text, 'latin1');
    socket.uncork();
  }

  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  end(): void {
    this.flush();
    this.socket.end();
  }

  destroy(): void {
    this.socket.destroy();
  }

  reset(): void {
    const { socket } = this;
    // Only TCP knows a reset, and while a FIN is under way libuv refuses it: the handle would stay open for ever.
    const ending = socket.writableEnded && !socket.writableFinished;
    if (!ending && socket.remoteFamily !== undefined) {
      // What resetAndDestroy sets. By itself it sends a FIN before the reset, and to a client whose content ends with the
      // connection a FIN is the end of the content.
      (socket as ResettableSocket).resetAndClosing = true;
    }
    socket.destroy();
  }

  get remote(): Endpoint {
    return { address: plainAddress(this.socket.remoteAddress), port: this.socket.remotePort ?? 0 };
  }

  get local(): Endpoint {
    return { address: plainAddress(this.socket.localAddress), port: this.socket.localPort ?? 0 };
  }

  failed(error: Error): void {
    this.#error = error;
  }

  drained(): void {
    if (!this.#waiting || this.backlog >= HIGH_WATER_MARK) return;
    this.#waiting = false;
    this.receiver.drain();
  }

  closed(): void {
    this.receiver.close(this.#error);
  }
}

function onError(this: Socket, error: Error): void {
  (this as OwnSocket)[transportOf].failed(error);
}
function onEnd(this: Socket): void {
  (this as OwnSocket)[transportOf].receiver.end();
}
function onDrain(this: Socket): void {
  (this as OwnSocket)[transportOf].drained();
}
function onClose(this: Socket): void {
  (this as OwnSocket)[transportOf].closed();
}

function latin1(bytes: Uint8Array): string {
  const buffer =
    bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return buffer.toString('latin1');
}

/** A client that came over IPv4 to a socket that serves both is written `::ffff:192.0.2.1`; the rest of the world says 192.0.2.1. */
function plainAddress(address: string | undefined): string {
  if (address === undefined) return '';
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
}
