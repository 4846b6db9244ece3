// The portable loop: sockets of node:net, wherever Node runs.
// It knows nothing of HTTP: octets arrive in the input buffer, a receiver is told, what it writes is gathered and leaves
// in one system call when the turn ends.

import type { Buffer } from 'node:buffer';
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
import { PortableTransport, type Turns } from './portable-transport.ts';
import type { Acceptor, Address, Listener, ListenOptions, Loop, LoopTimer } from './types.ts';

/** Milliseconds that a closing listener takes at most to accept what waits. */
const LONGEST_EMPTYING = 500;

/**
 * The part of a listening handle that lets a connection be taken before node:net wraps it, and the kernel's queue be made
 * short. Not public: feature-tested.
 */
interface ListeningHandle {
  listen?: (backlog: number) => number;
  onconnection?: (status: number, handle: AcceptedHandle | undefined) => void;
}
interface AcceptedHandle {
  setNoDelay?: (on: boolean) => void;
}

export interface PortableLoopOptions {
  /** Keep to what node:net documents, as on a Node whose listening handles look otherwise. @default false */
  readonly publicApiOnly?: boolean | undefined;
}

export class PortableLoop implements Loop, Turns {
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
    const handle = handleOf(server);
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

function handleOf(server: Server): ListeningHandle | null {
  return (server as unknown as { _handle: ListeningHandle | null })._handle;
}

class PortableListener implements Listener {
  readonly address: Address;
  /** Connections so far. */
  accepted = 0;
  readonly #server: Server;
  readonly #inherited: boolean;

  constructor(server: Server, asked: Address) {
    this.#server = server;
    this.#inherited = 'fd' in asked;
    const bound = server.address();
    this.address =
      bound !== null && typeof bound === 'object' ? { host: bound.address, port: bound.port } : asked;
  }

  async close(): Promise<void> {
    await this.#acceptWaiting();
    // Clients without a pause find the last moment: then one can be in the queue, not all. A queue that other processes accept
    // from stays as it is; it outlives this. What node:cluster lends is known by a `close` of its own.
    const handle = handleOf(this.#server);
    if (!this.#inherited && handle !== null && !Object.hasOwn(handle, 'close')) {
      handle.listen?.(0);
      await this.#acceptWaiting();
    }
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
