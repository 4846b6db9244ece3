// Sockets that this process opens and others listen on. The kernel keeps such a socket, and the connections that wait on it, as
// long as one process has it, so a worker may come and go without anybody being refused.

import { lookup } from 'node:dns/promises';
import { chmodSync } from 'node:fs';
import * as net from 'node:net';
import { getSystemErrorMap } from 'node:util';
import {
  type Address,
  checkReusePort,
  failureToListen,
  prepareSocketFile,
  type TcpAddress,
  type UnixAddress,
} from '@fapws/core';
import { WorkersError } from './errors.ts';

/** Descriptors for the processes of one place among the workers. */
export interface Hold {
  readonly fds: readonly number[];
  /**
   * Lets go of those that no other place has, so that nobody waits on them: the kernel gives connections to the other places.
   * @returns false, and nothing is done, if there is no other place
   */
  release(): boolean;
}

interface OpenSocket {
  readonly fd: number;
  /** Where it is in fact: with the port that the system chose. */
  readonly address: Address;
  /** A socket file that was made here is removed. */
  close(): void;
  /** Opens another one on the same port; null for one that cannot be shared so. */
  readonly another: (() => OpenSocket) | null;
}

/** The sockets of a supervisor: either all places have the same ones, or each has its own on ports that they share. */
export class Sockets {
  readonly addresses: readonly Address[];
  /** Those that all places have in common; the first holder's where each has its own. */
  readonly #first: readonly OpenSocket[];
  readonly #ownPorts: boolean;
  #firstIsTaken = false;
  #holds = 0;
  readonly #open: Set<OpenSocket>;

  private constructor(sockets: readonly OpenSocket[], ownPorts: boolean) {
    this.addresses = sockets.map(({ address }) => address);
    this.#first = sockets;
    this.#ownPorts = ownPorts;
    this.#open = new Set(sockets);
  }

  /**
   * Opens all of them, or none.
   * @param reusePort whether each place has its own socket on a port, over which the kernel spreads connections
   * @throws {ListenError} for an address at which that can't be
   * @throws {WorkersError} FAPWS_WORKERS_PLATFORM
   */
  static async open(addresses: readonly Address[], reusePort: boolean): Promise<Sockets> {
    const sockets: OpenSocket[] = [];
    try {
      for (const address of addresses) sockets.push(await open(address, reusePort));
    } catch (error) {
      for (const socket of sockets) socket.close();
      throw error;
    }
    return new Sockets(sockets, reusePort);
  }

  /** @throws {ListenError} when another one is needed and can't be opened */
  take(): Hold {
    if (!this.#ownPorts) return { fds: this.#first.map(({ fd }) => fd), release: () => false };
    const own: OpenSocket[] = [];
    const fds: number[] = [];
    try {
      for (const socket of this.#first) {
        const mine = this.#firstIsTaken ? (socket.another?.() ?? socket) : socket;
        this.#open.add(mine);
        if (socket.another !== null) own.push(mine);
        fds.push(mine.fd);
      }
    } catch (error) {
      for (const socket of own) this.#close(socket);
      throw error;
    }
    this.#firstIsTaken = true;
    this.#holds += 1;
    const release = (): boolean => {
      if (this.#holds === 1) return false;
      this.#holds -= 1;
      for (const socket of own) this.#close(socket);
      return true;
    };
    return { fds, release };
  }

  close(): void {
    for (const socket of this.#open) this.#close(socket);
  }

  #close(socket: OpenSocket): void {
    if (this.#open.delete(socket)) socket.close();
  }
}

/** A socket that is bound and does not listen: this process would accept connections otherwise, and serves none. */
interface BoundSocket {
  readonly fd: number;
  /** The port that the system chose, or what was asked for. */
  readonly port: number;
  close(): void;
}

/** The parts of node:net that make such sockets. */
interface SocketMakers {
  /** Since Node 24.20, and with paths since a little later, which shows by `isPipe`. */
  readonly BoundSocket?: new (
    options: object,
  ) => {
    fd(): number;
    address(): { readonly port: number } | string;
    close(): void;
    readonly isPipe?: boolean;
  };
  /** What node:cluster has made its shared sockets with since Node 0.12. Not documented. @returns a system error's number */
  readonly _createServerHandle?: (
    address: string,
    port: number,
    addressType: number,
    fd: undefined,
    flags: number,
  ) => ServerHandle | number;
}

interface ServerHandle {
  readonly fd: number;
  getsockname(out: { port?: number }): number;
  close(): void;
}

const makers = net as SocketMakers;

async function open(address: Address, reusePort: boolean): Promise<OpenSocket> {
  // It belongs to whoever has handed it to this process.
  if ('fd' in address) return { fd: address.fd, address, close: () => {}, another: null };
  if ('path' in address) return await openUnix(address);
  if (reusePort) checkReusePort(address);
  const { address: host, family } = await resolved(address);
  return openTcp(address, { host, port: address.port, family, reusePort });
}

async function openUnix(address: UnixAddress): Promise<OpenSocket> {
  await prepareSocketFile(address);
  const { path, mode } = address;
  const socket = bound(address, { path });
  if (mode !== undefined && !path.startsWith('\0')) chmodSync(path, mode);
  return { fd: socket.fd, address, close: () => socket.close(), another: null };
}

function openTcp(asked: TcpAddress, place: TcpPlace): OpenSocket {
  const { fd, port, close } = bound(asked, place);
  const address = { host: place.host, port };
  const another = place.reusePort ? () => openTcp(address, { ...place, port }) : null;
  return { fd, address, close, another };
}

async function resolved(address: TcpAddress): Promise<{ address: string; family: number }> {
  try {
    return await lookup(address.host);
  } catch (error) {
    throw failureToListen(address, error as NodeJS.ErrnoException);
  }
}

interface TcpPlace {
  readonly host: string;
  readonly port: number;
  readonly family: number;
  readonly reusePort: boolean;
}

type Place = TcpPlace | { readonly path: string };

/** Of uv_tcp_bind. */
const UV_TCP_REUSEPORT = 2;

function bound(address: Address, place: Place): BoundSocket {
  try {
    return bind(place);
  } catch (error) {
    throw error instanceof WorkersError ? error : failureToListen(address, error as NodeJS.ErrnoException);
  }
}

function bind(place: Place): BoundSocket {
  const { BoundSocket, _createServerHandle: create } = makers;
  if (BoundSocket !== undefined && 'isPipe' in BoundSocket.prototype) {
    const socket = new BoundSocket(
      'path' in place ? place : { host: place.host, port: place.port, reusePort: place.reusePort },
    );
    const where = socket.address();
    return {
      fd: socket.fd(),
      port: typeof where === 'string' ? 0 : where.port,
      close: () => socket.close(),
    };
  }
  if (create !== undefined && process.platform !== 'win32') return bindByHandle(place, create);
  throw new WorkersError(
    'FAPWS_WORKERS_PLATFORM',
    `Node ${process.versions.node} on ${process.platform} can't open a socket for other processes. Leave \`listen\` out and let each worker listen with { reusePort: true }, or hand descriptors to this process.`,
  );
}

function bindByHandle(place: Place, create: NonNullable<SocketMakers['_createServerHandle']>): BoundSocket {
  const isPath = 'path' in place;
  const handle = isPath
    ? create(place.path, -1, -1, undefined, 0)
    : create(place.host, place.port, place.family, undefined, place.reusePort ? UV_TCP_REUSEPORT : 0);
  if (typeof handle === 'number') throw systemError(handle);
  const name: { port?: number } = {};
  // That a port is taken is told by the call after the one that binds.
  const failure = isPath ? 0 : handle.getsockname(name);
  if (failure === 0) return { fd: handle.fd, port: name.port ?? 0, close: () => handle.close() };
  handle.close();
  throw systemError(failure);
}

function systemError(number: number): NodeJS.ErrnoException {
  const [code, message] = getSystemErrorMap().get(number) ?? ['UNKNOWN', `system error ${number}`];
  return Object.assign(new Error(message), { code });
}
