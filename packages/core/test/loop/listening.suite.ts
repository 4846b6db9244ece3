import { chmodSync, existsSync, lstatSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { networkInterfaces, platform } from 'node:os';
import { join } from 'node:path';
import { optional } from '@fapws/testing';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ListenError } from '../../src/loop/errors.ts';
import type { Address, Loop, TcpAddress } from '../../src/loop/types.ts';
import type { MakeLoop } from '../loop.suite.ts';
import { Peer } from './peer.ts';
import { Arrivals, folder, listening, loopback, socketPath } from './recorder.ts';
import { within } from './watched.ts';

const ipv6 = Object.values(networkInterfaces()).some(all => all?.some(one => one.address === '::1'));

/** A server that is not ours. */
async function foreign(where: { port: number; host: string } | { path: string }): Promise<Server> {
  const server = createServer(socket => socket.destroy());
  await new Promise<void>(resolve => server.listen(where, resolve));
  onTestFinished(() => {
    server.close();
  });
  return server;
}

/** The error with which listening fails. */
async function failure(loop: Loop, input: Buffer, address: Address): Promise<ListenError> {
  const outcome = await within(
    loop.listen(address, { backlog: 16, reusePort: false }, new Arrivals(input, {})).then(
      listener => listener.close().then(() => 'it listens'),
      (error: unknown) => error,
    ),
    'listening succeeds or fails',
  );
  expect(outcome).toBeInstanceOf(ListenError);
  return outcome as ListenError;
}

export function listeningAndClosing(make: MakeLoop): void {
  test('port 0 is a free port, which the listener tells', async () => {
    const input = Buffer.alloc(65_536);
    const loop = make(input);
    const one = await listening(loop, input);
    const two = await listening(loop, input);
    expect(one.address).toMatchObject({ host: '127.0.0.1' });
    expect((one.address as TcpAddress).port).toBeGreaterThan(0);
    expect((one.address as TcpAddress).port).not.toBe((two.address as TcpAddress).port);
    await Peer.connect(one.address);
    await one.connection();
    expect(two.connections.length).toBe(0);
  });

  test('a name is resolved', async () => {
    const input = Buffer.alloc(65_536);
    const arrivals = await listening(make(input), input, {}, { host: 'localhost', port: 0 });
    expect(['127.0.0.1', '::1']).toContain((arrivals.address as TcpAddress).host);
    await Peer.connect(arrivals.address);
    await arrivals.connection();
  });

  test.runIf(optional('IPv6', ipv6, 'a machine with the address ::1'))('IPv6', async () => {
    const input = Buffer.alloc(65_536);
    const arrivals = await listening(make(input), input, {}, { host: '::1', port: 0 });
    expect(arrivals.address).toMatchObject({ host: '::1' });
    await Peer.connect(arrivals.address);
    await arrivals.connection();
  });

  test('close accepts no more and leaves open connections alone', async () => {
    const input = Buffer.alloc(65_536);
    const arrivals = await listening(make(input), input, {
      data: ({ transport }, octets) => transport.write(octets.toString('latin1')),
    });
    const peer = await Peer.connect(arrivals.address);
    await arrivals.connection();
    const { address } = arrivals;
    await within(arrivals.listener?.close() as Promise<void>, 'closed, though a connection is open');
    await expect(Peer.connect(address)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    peer.send('still served');
    await peer.untilText('still served');
    await within(arrivals.listener?.close() as Promise<void>, 'closed twice');
  });

  test('an address can be listened on again as soon as it is closed', async () => {
    const input = Buffer.alloc(65_536);
    const loop = make(input);
    const first = await listening(loop, input);
    const peer = await Peer.connect(first.address);
    await first.connection();
    await first.listener?.close();
    const second = await listening(loop, input, {}, first.address);
    expect(second.address).toEqual(first.address);
    await Peer.connect(second.address);
    await second.connection();
    expect(peer.closed).toBe(false);
  });

  describe('a failure is a ListenError with a code, and says where and what to do', () => {
    test('a port that another process has', async () => {
      const input = Buffer.alloc(65_536);
      const other = await foreign({ host: '127.0.0.1', port: 0 });
      const { port } = other.address() as { port: number };
      const error = await failure(make(input), input, { host: '127.0.0.1', port });
      expect(error.code).toBe('FAPWS_LISTEN_BUSY');
      expect(error.message).toContain(`Port ${port} is already in use (127.0.0.1:${port}).`);
      expect(error.message).toContain('another port');
    });

    test('a port that this loop has', async () => {
      const input = Buffer.alloc(65_536);
      const loop = make(input);
      const arrivals = await listening(loop, input);
      const error = await failure(loop, input, arrivals.address);
      expect(error.code).toBe('FAPWS_LISTEN_BUSY');
      await Peer.connect(arrivals.address);
      await arrivals.connection();
    });

    test('a name that does not resolve', async () => {
      const input = Buffer.alloc(65_536);
      const error = await failure(make(input), input, { host: 'no-such-name.invalid', port: 0 });
      expect(error.code).toBe('FAPWS_LISTEN_RESOLVE');
      expect(error.message).toContain('no-such-name.invalid:0');
      expect(error.message).toContain('spelling');
    });

    test.each(['name with blanks', 'a..b', '256.1.1.1', '127.0.0.1:80', '[::1]'])(
      'what is no host: %j',
      async host => {
        const input = Buffer.alloc(65_536);
        const error = await failure(make(input), input, { host, port: 0 });
        expect(error.code).toBe('FAPWS_LISTEN_RESOLVE');
        expect(error.message).toContain(host);
      },
    );

    test('an address that is not ours', async () => {
      const input = Buffer.alloc(65_536);
      // TEST-NET-1 of RFC 5737: no machine has it.
      const error = await failure(make(input), input, { host: '192.0.2.1', port: 0 });
      expect(error.code).toBe('FAPWS_LISTEN_ADDRESS');
      expect(error.message).toContain('192.0.2.1:0 is not an address of this machine');
    });

    test('a file descriptor that is not open', async () => {
      const input = Buffer.alloc(65_536);
      const error = await failure(make(input), input, { fd: 9999 });
      expect(error.code).toBe('FAPWS_LISTEN_FD');
      expect(error.message).toContain('9999');
    });

    test('a file descriptor that is a file', async () => {
      const input = Buffer.alloc(65_536);
      const { openSync, closeSync } = await import('node:fs');
      const fd = openSync('/dev/null', 'r');
      onTestFinished(() => closeSync(fd));
      const error = await failure(make(input), input, { fd });
      expect(error.code).toBe('FAPWS_LISTEN_FD');
      expect(error.message).toContain(`${fd}`);
    });
  });

  describe('unix sockets', () => {
    test('the file is made with the mode that was asked for, and removed at close', async () => {
      const input = Buffer.alloc(65_536);
      const path = socketPath();
      const arrivals = await listening(make(input), input, {}, { path, mode: 0o620 });
      expect(arrivals.address).toMatchObject({ path });
      expect(lstatSync(path).isSocket()).toBe(true);
      expect(lstatSync(path).mode & 0o777).toBe(0o620);
      await Peer.connect({ path });
      await arrivals.connection();
      await arrivals.listener?.close();
      expect(existsSync(path)).toBe(false);
    });

    test('without a mode the umask decides', async () => {
      const input = Buffer.alloc(65_536);
      const path = socketPath();
      await listening(make(input), input, {}, { path });
      expect(lstatSync(path).mode & 0o777).toBe(0o777 & ~process.umask());
    });

    test('a socket file on which nothing answers is replaced', async () => {
      const input = Buffer.alloc(65_536);
      const path = socketPath();
      // Listened on by a process that died without cleaning up.
      const { spawnSync } = await import('node:child_process');
      spawnSync(process.execPath, [
        '-e',
        `require('node:net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`,
      ]);
      expect(lstatSync(path).isSocket()).toBe(true);
      const arrivals = await listening(make(input), input, {}, { path });
      await Peer.connect({ path });
      await arrivals.connection();
    });

    test('a socket on which a server answers is left alone', async () => {
      const input = Buffer.alloc(65_536);
      const path = socketPath();
      await foreign({ path });
      const error = await failure(make(input), input, { path });
      expect(error.code).toBe('FAPWS_LISTEN_BUSY');
      expect(error.message).toContain(`unix:${path}`);
      expect(error.message).toContain('another path');
      await Peer.connect({ path });
    });

    test('our own socket is not taken from us', async () => {
      const input = Buffer.alloc(65_536);
      const loop = make(input);
      const path = socketPath();
      const arrivals = await listening(loop, input, {}, { path });
      expect((await failure(loop, input, { path })).code).toBe('FAPWS_LISTEN_BUSY');
      await Peer.connect({ path });
      await arrivals.until('served by the first', () => arrivals.connections.length > 0);
    });

    test('a file that is no socket is left alone', async () => {
      const input = Buffer.alloc(65_536);
      const path = socketPath();
      writeFileSync(path, 'precious');
      const error = await failure(make(input), input, { path });
      expect(error.code).toBe('FAPWS_LISTEN_ADDRESS');
      expect(error.message).toContain(path);
      expect(lstatSync(path).size).toBe('precious'.length);
    });

    test('a folder is left alone', async () => {
      const input = Buffer.alloc(65_536);
      const path = socketPath();
      mkdirSync(path);
      expect((await failure(make(input), input, { path })).code).toBe('FAPWS_LISTEN_ADDRESS');
      expect(lstatSync(path).isDirectory()).toBe(true);
    });

    test('a folder that does not exist', async () => {
      const input = Buffer.alloc(65_536);
      const path = join(folder(), 'missing', 'socket');
      const error = await failure(make(input), input, { path });
      expect(error.code).toBe('FAPWS_LISTEN_ADDRESS');
      expect(error.message).toContain(`unix:${path}`);
      expect(error.message).toContain('folder');
    });

    test('a file where the folder should be', async () => {
      const input = Buffer.alloc(65_536);
      const file = join(folder(), 'file');
      writeFileSync(file, '');
      const error = await failure(make(input), input, { path: join(file, 'socket') });
      expect(error.code).toBe('FAPWS_LISTEN_ADDRESS');
      expect(error.message).toContain(file);
    });

    test.each([108, 150, 300, 5000])(
      'a path of %i octets is too long, and nothing is made of its beginning',
      async length => {
        const input = Buffer.alloc(65_536);
        const base = folder();
        const path = join(base, 'x'.repeat(length - base.length - 1));
        const error = await failure(make(input), input, { path });
        expect(error.code).toBe('FAPWS_LISTEN_ADDRESS');
        expect(error.message).toContain('too long');
        const { readdirSync } = await import('node:fs');
        expect(readdirSync(base)).toEqual([]);
      },
    );

    test('a path with a NUL in it', async () => {
      const input = Buffer.alloc(65_536);
      const error = await failure(make(input), input, { path: `${socketPath()}\0x` });
      expect(error.code).toBe('FAPWS_LISTEN_ADDRESS');
    });

    test.runIf(platform() === 'linux')('an abstract name that is taken', async () => {
      const input = Buffer.alloc(65_536);
      const loop = make(input);
      const path = `\0fapws-busy-${process.pid}-${Math.random()}`;
      await listening(loop, input, {}, { path });
      const error = await failure(loop, input, { path });
      expect(error.code).toBe('FAPWS_LISTEN_BUSY');
      expect(error.message).toContain(`unix:@${path.slice(1)}`);
    });

    test.runIf(process.getuid?.() !== 0)('a folder that this user may not write', async () => {
      const input = Buffer.alloc(65_536);
      const base = folder();
      chmodSync(base, 0o500);
      const path = join(base, 'socket');
      const error = await failure(make(input), input, { path });
      expect(error.code).toBe('FAPWS_LISTEN_PERMISSION');
      expect(error.message).toContain(path);
    });
  });

  test('a loop that failed to listen listens elsewhere', async () => {
    const input = Buffer.alloc(65_536);
    const loop = make(input);
    await failure(loop, input, { host: '192.0.2.1', port: 0 });
    const arrivals = await listening(loop, input, {}, loopback);
    await Peer.connect(arrivals.address);
    await arrivals.connection();
  });
}
