// The portable loop: sockets of node:net, wherever Node runs.
// It knows nothing of HTTP: octets arrive in the input buffer, a receiver is told, what it writes is gathered and leaves
// in one system call when the turn ends.

import { Buffer } from 'node:buffer';
import { chmodSync } from 'node:fs';
import {
  createServer,
  type ListenOptions as ListenArguments,
  type Server,
  Socket,
  type SocketConstructorOpts,
} from 'node:net';
import { performance } from 'node:perf_hooks';
import { checkReusePort, failureToListen, prepareSocketFile } from './listening.ts';
import type {
  Acceptor,
  Address,
  Endpoint,
  Listener,
  ListenOptions,
  Loop,
  LoopTimer,
  Receiver,
  Transport,
} from './types.ts';

/** From here on a writer is asked to wait for `drain`; also what is gathered at most before it is sent. Octets. */
const HIGH_WATER_MARK = 65_536;

/**
 * Bytes up to this size join the gathered text, longer ones go to the system as they are.
 * Sending 1 KiB as a second entry of a vectored write took 0.5 µs more than copying it (POST echo, Node 20).
 */
const JOIN_LIMIT = 4096;

/** Milliseconds that a closing listener takes at most to accept what waits. */
const LONGEST_EMPTYING = 500;

const transportOf: unique symbol = Symbol('transport');

/** A socket of ours: its transport is found without a closure per event. */
interface OwnSocket extends Socket {
  [transportOf]: PortableTransport;
}

/** Marked, a socket is reset by `destroy`. Not documented, but what resetAndDestroy is made of since Node 18. */
interface ResettableSocket extends Socket {
  resetAndClosing?: boolean;
}

/** The part of a listening handle that lets a connection be taken before node:net wraps it. Not public: feature-tested. */
interface ListeningHandle {
  onconnection?: (status: number, handle: AcceptedHandle | undefined) => void;
}
interface AcceptedHandle {
  setNoDelay?: (on: boolean) => void;
}

export interface PortableLoopOptions {
  /** Keep to what node:net documents, as on a Node whose listening handles look otherwise. @default false */
  readonly publicApiOnly?: boolean | undefined;
}

export class PortableLoop implements Loop {
  readonly name = 'portable';
  readonly #input: Buffer;
  readonly #publicApiOnly: boolean;
  /** Transports with gathered writes. */
  readonly #unflushed: PortableTransport[] = [];
  readonly #tasks: (() => void)[] = [];
  /** True while the end of the turn is certain to come by itself. */
  endIsComing = false;
  readonly #endTurn = (): void => this.endTurn();

  /** @param input where received octets are put; all connections share it */
  constructor(input: Buffer, { publicApiOnly = false }: PortableLoopOptions = {}) {
    this.#input = input;
    this.#publicApiOnly = publicApiOnly;
  }

  async listen(address: Address, options: ListenOptions, acceptor: Acceptor): Promise<Listener> {
    if ('path' in address) await prepareSocketFile(address);
    if (options.reusePort && 'port' in address) checkReusePort(address);
    const server = createServer({ allowHalfOpen: true, noDelay: true });
    await new Promise<void>((resolve, reject) => {
      server.once('error', error => reject(failureToListen(address, error)));
      server.once('listening', resolve);
      bind(server, address, options);
    });
    server.removeAllListeners('error');
    server.on('error', error => acceptor.error(error));
    const listener = new PortableListener(server, address);
    this.#accept(server, listener, acceptor);
    return listener;
  }

  /**
   * Takes connections. Where this Node shows the listening handle, the socket is built around the accepted handle with
   * `onread`, so that the kernel's octets land in our buffer; node:net's own way allocates 64 KiB per read, wraps them and
   * carries them through a stream, which costs more than all of Fapws above it (docs/architecture.md has the figures).
   * Elsewhere the public events do, with one copy.
   */
  #accept(server: Server, listener: PortableListener, acceptor: Acceptor): void {
    const handle = (server as unknown as { _handle: ListeningHandle | null })._handle;
    if (this.#publicApiOnly || typeof handle?.onconnection !== 'function') {
      server.on('connection', (socket: Socket) => {
        listener.accepted += 1;
        const transport = new PortableTransport(this, socket, acceptor);
        socket.on('data', (bytes: Buffer) => this.#receiveCopied(transport, bytes));
      });
      return;
    }
    handle.onconnection = (status, accepted) => {
      if (status !== 0 || accepted === undefined) {
        acceptor.error(new Error(`a connection could not be accepted (system error ${status})`));
        return;
      }
      listener.accepted += 1;
      accepted.setNoDelay?.(true);
      let transport: PortableTransport;
      const socket = new Socket({
        handle: accepted,
        allowHalfOpen: true,
        onread: {
          buffer: this.#input,
          callback: (length: number): boolean => {
            this.#receive(transport, length);
            return true;
          },
        },
      } as SocketConstructorOpts);
      transport = new PortableTransport(this, socket, acceptor);
    };
  }

  /** HOT. One read. */
  #receive(transport: PortableTransport, length: number): void {
    this.endIsComing = true;
    try {
      transport.receiver.data(length);
    } finally {
      this.endTurn();
    }
  }

  #receiveCopied(transport: PortableTransport, bytes: Buffer): void {
    const { socket } = transport;
    for (let at = 0; at < bytes.length && !socket.destroyed; at += this.#input.length) {
      if (socket.isPaused()) {
        socket.unshift(bytes.subarray(at));
        return;
      }
      this.#receive(transport, bytes.copy(this.#input, 0, at));
    }
  }

  /** HOT. Sends what was gathered and runs what was left for the end of the turn. */
  endTurn(): void {
    this.endIsComing = true;
    try {
      // A task may write, so both lists are emptied together.
      while (this.#tasks.length !== 0 || this.#unflushed.length !== 0) {
        let transport = this.#unflushed.pop();
        while (transport !== undefined) {
          transport.flush();
          transport = this.#unflushed.pop();
        }
        this.#tasks.shift()?.();
      }
    } finally {
      this.endIsComing = false;
      // A task has failed: the others must not wait for the next event.
      if (this.#tasks.length !== 0 || this.#unflushed.length !== 0) this.#scheduleEnd();
    }
  }

  /** HOT. */
  flushLater(transport: PortableTransport): void {
    this.#unflushed.push(transport);
    this.#scheduleEnd();
  }

  afterTurn(task: () => void): void {
    this.#tasks.push(task);
    this.#scheduleEnd();
  }

  #scheduleEnd(): void {
    if (this.endIsComing) return;
    this.endIsComing = true;
    process.nextTick(this.#endTurn);
  }

  defer(task: () => void): void {
    setImmediate(task);
  }

  addTimer(milliseconds: number, task: () => void, keepsAlive: boolean): LoopTimer {
    return new PortableTimer(milliseconds, task, keepsAlive);
  }
}

class PortableTimer implements LoopTimer {
  readonly #milliseconds: number;
  readonly #task: () => void;
  readonly #keepsAlive: boolean;
  #interval: NodeJS.Timeout | undefined;

  constructor(milliseconds: number, task: () => void, keepsAlive: boolean) {
    this.#milliseconds = milliseconds;
    this.#task = task;
    this.#keepsAlive = keepsAlive;
    this.restart();
  }

  stop(): void {
    clearInterval(this.#interval);
  }

  restart(): void {
    this.stop();
    this.#interval = setInterval(this.#task, this.#milliseconds);
    if (!this.#keepsAlive) this.#interval.unref();
  }
}

/** One socket. Its receiver is told of everything from here. */
export class PortableTransport implements Transport {
  readonly socket: Socket;
  readonly receiver: Receiver;
  readonly #loop: PortableLoop;
  /** Gathered octets: what is to go out before `#text`, then a latin1 string. */
  #parts: (string | Uint8Array)[] | null = null;
  #text = '';
  #gathered = 0;
  #waiting = false;
  #error: Error | null = null;

  constructor(loop: PortableLoop, socket: Socket, acceptor: Acceptor) {
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

function bind(server: Server, address: Address, { backlog, reusePort }: ListenOptions): void {
  if ('fd' in address) {
    server.listen({ fd: address.fd, backlog });
  } else if ('path' in address) {
    server.listen({ path: address.path, backlog });
    if (address.mode !== undefined && !address.path.startsWith('\0')) {
      const { mode, path } = address;
      server.prependOnceListener('listening', () => chmodSync(path, mode));
    }
  } else {
    server.listen({ host: address.host, port: address.port, backlog, reusePort } as ListenArguments);
  }
}

class PortableListener implements Listener {
  readonly address: Address;
  /** Connections so far. */
  accepted = 0;
  readonly #server: Server;

  constructor(server: Server, asked: Address) {
    this.#server = server;
    const bound = server.address();
    this.address =
      bound !== null && typeof bound === 'object' ? { host: bound.address, port: bound.port } : asked;
  }

  async close(): Promise<void> {
    await this.#acceptWaiting();
    // The system's socket is gone when this call returns. The server's `close` event is not waited for: it comes after the
    // last connection that node:net wrapped itself.
    this.#server.close();
  }

  /**
   * The kernel resets what has connected and was not accepted yet when the socket closes, and libuv accepts one connection per
   * turn: so the queue is emptied first, until two turns bring nothing or for so long that a flood is not waited out.
   */
  async #acceptWaiting(): Promise<void> {
    const end = performance.now() + LONGEST_EMPTYING;
    for (let quiet = 0; quiet < 2 && performance.now() < end; ) {
      const before = this.accepted;
      await new Promise(resolve => setImmediate(resolve));
      quiet = this.accepted === before ? quiet + 1 : 0;
    }
  }
}
