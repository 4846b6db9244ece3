// What has to be said and done around bind(2): a socket file that a dead process left behind, and failures in words that help.

import { lstatSync, statSync, unlinkSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { ListenError } from './errors.ts';
import type { Address, UnixAddress } from './types.ts';

/** Octets of a socket's path, or of an abstract name with its NUL: the room of `sun_path` less a NUL behind it. */
const LONGEST_PATH = process.platform === 'linux' ? 107 : 103;

/** `host:port`, `unix:path`, `unix:@abstract` or `fd:3`: how an address is written in messages. */
export function addressText(address: Address): string {
  if ('fd' in address) return `fd:${address.fd}`;
  if ('path' in address)
    return `unix:${address.path.startsWith('\0') ? `@${address.path.slice(1)}` : address.path}`;
  return `${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`;
}

/**
 * Makes room for a socket file: a socket on which nothing answers is removed, anything else is left alone.
 * @throws {ListenError} FAPWS_LISTEN_BUSY when a server answers; FAPWS_LISTEN_ADDRESS when the path is no socket, or none
 *   can be there
 */
export async function prepareSocketFile(address: UnixAddress): Promise<void> {
  const { path } = address;
  // Some versions of Node quietly listen on the beginning of a path that is too long.
  if (Buffer.byteLength(path) > LONGEST_PATH) {
    throw new ListenError(
      'FAPWS_LISTEN_ADDRESS',
      `${addressText(address)} is too long for a socket, by ${Buffer.byteLength(path) - LONGEST_PATH} octets. Choose a path of ${LONGEST_PATH} octets at most.`,
    );
  }
  if (path.startsWith('\0')) return;
  if (path.includes('\0')) {
    throw new ListenError(
      'FAPWS_LISTEN_ADDRESS',
      `There is a NUL in the path ${JSON.stringify(path)}. Take it out; only abstract names begin with one.`,
    );
  }
  try {
    await removeStale(path);
  } catch (error) {
    throw error instanceof ListenError ? error : failureToListen(address, error as NodeJS.ErrnoException);
  }
}

async function removeStale(path: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) {
    // libuv calls a missing folder a lack of permission, so it is looked for here.
    statSync(dirname(path));
    return;
  }
  if (!found.isSocket()) {
    throw new ListenError(
      'FAPWS_LISTEN_ADDRESS',
      `${path} exists and is not a socket, so it was left alone. Choose another path or remove it.`,
    );
  }
  if (await answers(path)) throw busy({ path });
  unlinkSync(path);
}

/** Whether something accepts connections there. A permission error counts as yes: it is not ours to remove. */
function answers(path: string): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code !== 'ECONNREFUSED'));
  });
}

/** Node ignores an option that it does not know, and the second process would be told that the port is taken. */
export function checkReusePort(address: Address): void {
  const [major, minor] = process.versions.node.split('.').map(Number) as [number, number];
  if (major > 22 || (major === 22 && minor >= 12)) return;
  throw new ListenError(
    'FAPWS_LISTEN_REUSE_PORT',
    `Node ${process.versions.node} can't share the port of ${addressText(address)}: reusePort needs Node 22.12 or newer. Use a newer Node, or hand the listening socket over: start({ fd }).`,
  );
}

/** The system's refusal as a ListenError. */
export function failureToListen(address: Address, error: NodeJS.ErrnoException): ListenError {
  const where = addressText(address);
  switch (error.code) {
    case 'EADDRINUSE':
      return busy(address);
    case 'EACCES':
    case 'EPERM':
      return new ListenError(
        'FAPWS_LISTEN_PERMISSION',
        'path' in address
          ? `No permission to make a socket at ${where}. Choose a folder that this user may write.`
          : `No permission to listen on ${where}. Ports below 1024 need a privilege: choose a port from 1024 on, or inherit a socket that was opened with that privilege: start({ fd }).`,
      );
    case 'EADDRNOTAVAIL':
      return new ListenError(
        'FAPWS_LISTEN_ADDRESS',
        `${where} is not an address of this machine. Use 0.0.0.0 or :: for all of them, 127.0.0.1 for local clients only.`,
      );
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new ListenError(
        'FAPWS_LISTEN_RESOLVE',
        `The host name in ${where} does not resolve here. Check its spelling or give an IP address.`,
      );
    case 'ENOENT':
    case 'ENOTDIR':
      return new ListenError(
        'FAPWS_LISTEN_ADDRESS',
        `There is no folder for ${where}. Make the folder or choose another path.`,
      );
    case 'ENOTSUP':
      return new ListenError(
        'FAPWS_LISTEN_REUSE_PORT',
        `This system can't share the port of ${where}: leave reusePort out, or hand the listening socket over: start({ fd }).`,
      );
    case 'EBADF':
    case 'ENOTSOCK':
    case 'EINVAL':
      if ('fd' in address) {
        return new ListenError(
          'FAPWS_LISTEN_FD',
          `File descriptor ${address.fd} is not a listening socket. Check that the parent process or systemd passes it.`,
        );
      }
      break;
  }
  return new ListenError('FAPWS_LISTEN_FAILED', `Could not listen on ${where}: ${error.message}.`, error);
}

function busy(address: Address): ListenError {
  const where = addressText(address);
  return new ListenError(
    'FAPWS_LISTEN_BUSY',
    'port' in address
      ? `Port ${address.port} is already in use (${where}). Stop the other process or choose another port.`
      : `Another server answers on ${where}. Stop it or choose another path.`,
  );
}
