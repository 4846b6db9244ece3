// Sockets that this process opens and others listen on. The kernel keeps such a socket, and the connections that wait on it, as
// long as one process has it, so a worker may come and go without anybody being refused.

import { lookup } from 'node:dns/promises';
import { chmodSync } from 'node:fs';
import * as net from 'node:net';
import { getSystemErrorMap } from 'node:util';
import {
  type Address,
  failureToListen,
  prepareSocketFile,
  type TcpAddress,
  type UnixAddress,
} from '@fapws/core';
import { WorkersError } from './errors.ts';

export interface SharedSocket {
  readonly fd: number;
  /** Where it is in fact: with the port that the system chose. */
  readonly address: Address;
  /** Lets go of it. A socket file that was made here is removed. */
  close(): void;
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

/**
 * Opens all of them, or none.
 * @throws {ListenError} for an address at which that can't be
 * @throws {WorkersError} FAPWS_WORKERS_PLATFORM
 */
export async function openSockets(addresses: readonly Address[]): Promise<SharedSocket[]> {
  const sockets: SharedSocket[] = [];
  try {
    for (const address of addresses) sockets.push(await open(address));
  } catch (error) {
    for (const socket of sockets) socket.close();
    throw error;
  }
  return sockets;
}

async function open(address: Address): Promise<SharedSocket> {
  // It belongs to whoever has handed it to this process.
  if ('fd' in address) return { fd: address.fd, address, close: () => {} };
  if ('path' in address) return await openUnix(address);
  return await openTcp(address);
}

async function openUnix(address: UnixAddress): Promise<SharedSocket> {
  await prepareSocketFile(address);
  const { path, mode } = address;
  const socket = bound(address, { path });
  if (mode !== undefined && !path.startsWith('\0')) chmodSync(path, mode);
  return { fd: socket.fd, address, close: () => socket.close() };
}

async function openTcp(address: TcpAddress): Promise<SharedSocket> {
  const { address: host, family } = await resolved(address);
  const socket = bound(address, { host, port: address.port, family });
  return { fd: socket.fd, address: { host, port: socket.port }, close: () => socket.close() };
}

async function resolved(address: TcpAddress): Promise<{ address: string; family: number }> {
  try {
    return await lookup(address.host);
  } catch (error) {
    throw failureToListen(address, error as NodeJS.ErrnoException);
  }
}

type Place =
  | { readonly path: string }
  | { readonly host: string; readonly port: number; readonly family: number };

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
    const socket = new BoundSocket('path' in place ? place : { host: place.host, port: place.port });
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
    : create(place.host, place.port, place.family, undefined, 0);
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
