// What has to be said and done around bind(2): a socket file that a dead process left behind, and failures in words that help.

import { lstatSync, unlinkSync } from 'node:fs';
import { connect } from 'node:net';
import { ListenError } from './errors.ts';
import type { Address } from './types.ts';

/** `host:port`, `unix:path`, `unix:@abstract` or `fd:3`: how an address is written in messages. */
export function addressText(address: Address): string {
  if ('fd' in address) return `fd:${address.fd}`;
  if ('path' in address)
    return `unix:${address.path.startsWith('\0') ? `@${address.path.slice(1)}` : address.path}`;
  return `${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`;
}

/**
 * Makes room for a socket file: a socket on which nothing answers is removed, anything else is left alone.
 * @throws {ListenError} FAPWS_LISTEN_BUSY when a server answers, FAPWS_LISTEN_ADDRESS when the path is no socket
 */
export async function prepareSocketFile(path: string): Promise<void> {
  if (path.startsWith('\0')) return;
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
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

/** The system's refusal as a ListenError. */
export function failureToListen(address: Address, error: NodeJS.ErrnoException): ListenError {
  const where = addressText(address);
  switch (error.code) {
    case 'EADDRINUSE':
      return busy(address, error);
    case 'EACCES':
    case 'EPERM':
      return new ListenError(
        'FAPWS_LISTEN_PERMISSION',
        'path' in address
          ? `No permission to make a socket at ${where}. Choose a folder that this user may write.`
          : `No permission to listen on ${where}. Ports below 1024 need a privilege: choose a port from 1024 on, or let systemd open it (docs/deploy.md).`,
        error,
      );
    case 'EADDRNOTAVAIL':
      return new ListenError(
        'FAPWS_LISTEN_ADDRESS',
        `${where} is not an address of this machine. Use 0.0.0.0 or :: for all of them, 127.0.0.1 for local clients only.`,
        error,
      );
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new ListenError(
        'FAPWS_LISTEN_RESOLVE',
        `The host name in ${where} does not resolve here. Check its spelling or give an IP address.`,
        error,
      );
    case 'ENOENT':
    case 'ENOTDIR':
    case 'ENAMETOOLONG':
      return new ListenError(
        'FAPWS_LISTEN_ADDRESS',
        `The folder for ${where} does not exist, or the path is too long for a socket (about 107 octets). Make the folder or choose a shorter path.`,
        error,
      );
    case 'EBADF':
    case 'ENOTSOCK':
    case 'EINVAL':
      if ('fd' in address) {
        return new ListenError(
          'FAPWS_LISTEN_FD',
          `File descriptor ${address.fd} is not a listening socket. Check that the parent process or systemd passes it.`,
          error,
        );
      }
      break;
  }
  return new ListenError('FAPWS_LISTEN_FAILED', `Could not listen on ${where}: ${error.message}.`, error);
}

function busy(address: Address, cause?: unknown): ListenError {
  const where = addressText(address);
  return new ListenError(
    'FAPWS_LISTEN_BUSY',
    'port' in address
      ? `Port ${address.port} is already in use (${where}). Stop the other process or choose another port.`
      : `Another server answers on ${where}. Stop it or choose another path.`,
    cause,
  );
}
