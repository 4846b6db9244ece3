// What the variables of sd_listen_fds(3) may say, and what a descriptor may be.

import { closeSync, openSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { platform } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { readSockets } from '../src/activation.ts';
import { whyNotListening } from '../src/descriptor.ts';
import { ActivationError, activation } from '../src/index.ts';
import { folder } from './running.ts';

const pid = process.pid;

function failure(environment: NodeJS.ProcessEnv): ActivationError {
  try {
    readSockets(environment, pid);
  } catch (error) {
    expect(error).toBeInstanceOf(ActivationError);
    return error as ActivationError;
  }
  throw new Error('it did not fail');
}

/** The number of a socket's descriptor, which Node does not tell. */
function descriptorOf(socket: unknown): number {
  return (socket as { _handle: { fd: number } })._handle.fd;
}

async function listening(where: { host: string; port: number } | { path: string }): Promise<Server> {
  const server = createServer(socket => {
    onTestFinished(() => {
      socket.destroy();
    });
  });
  await new Promise<void>(resolve => server.listen(where, resolve));
  onTestFinished(() => {
    server.close();
  });
  return server;
}

describe('no sockets', () => {
  test.each([
    ['nothing is set', {}],
    ['only their number is set', { LISTEN_FDS: '1' }],
    ['only the process is set', { LISTEN_PID: String(pid) }],
    ['there are none', { LISTEN_FDS: '0', LISTEN_PID: String(pid) }],
    // No process has this number: the limit of Linux is below.
    [
      'they are for a process that has nothing to do with this one',
      { LISTEN_FDS: '1', LISTEN_PID: '99999999' },
    ],
  ])('when %s', (_, environment) => {
    expect(readSockets(environment, pid)).toEqual([]);
  });

  test('is an empty list, under any name', () => {
    expect(activation()).toEqual([]);
    expect(activation('http')).toEqual([]);
  });
});

describe('variables that make no sense', () => {
  test.each([
    [{ LISTEN_FDS: 'two', LISTEN_PID: String(pid) }, 'LISTEN_FDS is "two", not a number.'],
    [{ LISTEN_FDS: '-1', LISTEN_PID: String(pid) }, 'LISTEN_FDS is "-1", not a number.'],
    [{ LISTEN_FDS: '1', LISTEN_PID: '' }, 'LISTEN_PID is "", not a number.'],
    [{ LISTEN_FDS: '99999999', LISTEN_PID: String(pid) }, 'LISTEN_FDS is 99999999: no process has that many'],
    [
      { LISTEN_FDS: '2', LISTEN_PID: String(pid), LISTEN_FDNAMES: 'a:b:c' },
      'LISTEN_FDNAMES has 3 names ("a:b:c"), but LISTEN_FDS is 2.',
    ],
  ])('%j', (environment, words) => {
    const error = failure(environment);
    expect(error.code).toBe('FAPWS_ACTIVATION_VARIABLE');
    expect(error.message).toContain(words);
  });
});

test.runIf(platform() === 'linux')('sockets for the process that started this one: a clear error', () => {
  const error = failure({ LISTEN_FDS: '2', LISTEN_PID: String(process.ppid) });
  expect(error.code).toBe('FAPWS_ACTIVATION_LAUNCHER');
  expect(error.message).toContain(`systemd handed 2 sockets to process ${process.ppid} (`);
  expect(error.message).toContain(`which led to this one (${pid})`);
});

describe.runIf(platform() === 'linux')('what a descriptor is', () => {
  test.each([{ host: '127.0.0.1', port: 0 }, { host: '::', port: 0 }, { path: 'unix' }])(
    'a socket that listens on %j',
    async where => {
      const server = await listening('path' in where ? { path: join(folder(), 'socket') } : where);
      expect(whyNotListening(descriptorOf(server))).toBeNull();
    },
  );

  test.each([{ host: '127.0.0.1', port: 0 }, { path: 'unix' }])('a connection to %j', async where => {
    const server = await listening('path' in where ? { path: join(folder(), 'socket') } : where);
    const address = server.address() as { port: number } | string;
    const client = connect(typeof address === 'string' ? { path: address } : { port: address.port });
    onTestFinished(() => {
      client.destroy();
    });
    const accepted = await new Promise<unknown>(resolve => server.once('connection', resolve));
    expect(whyNotListening(descriptorOf(accepted))).toBe('a connection (Accept=yes)');
  });

  test('a file', () => {
    const fd = openSync('/dev/null', 'r');
    expect(whyNotListening(fd)).toBe('not a socket');
    closeSync(fd);
    expect(whyNotListening(fd)).toBe('not open (EBADF)');
  });
});
