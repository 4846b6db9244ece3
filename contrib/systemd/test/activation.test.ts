// Socket activation by systemd's own program, which does what the socket units of systemd do.

import { createSocket } from 'node:dgram';
import { existsSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { perl, socketActivate } from './available.ts';
import { fixture, folder, freePort, Running } from './running.ts';

/** Listens on addresses and starts a program at the first connection. */
function activator(addresses: readonly string[], program: readonly string[], ...options: string[]): Running {
  return new Running([
    'systemd-socket-activate',
    ...addresses.flatMap(address => ['-l', address]),
    ...options,
    ...program,
  ]);
}

function untilItListens(running: Running, count: number = 1): Promise<void> {
  return running.until('it listens', () => running.stderr.split('Listening on').length > count);
}

/** What a server answers, on a port or a unix socket. */
function get(where: number | string, path: string = '/'): Promise<string> {
  return new Promise((resolve, reject) => {
    const place = typeof where === 'number' ? { host: '127.0.0.1', port: where } : { socketPath: where };
    const asked = request({ ...place, path, agent: false, timeout: 20_000 }, response => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', piece => {
        text += piece;
      });
      response.on('end', () => resolve(text));
    });
    asked.on('timeout', () => asked.destroy(new Error(`no answer from ${where}`)));
    asked.on('error', reject);
    asked.end();
  });
}

async function untilFailed(running: Running): Promise<string> {
  await running.until('it has failed', () => running.stderr.includes('ActivationError'));
  return running.stderr;
}

describe.runIf(socketActivate)('systemd-socket-activate', { timeout: 60_000 }, () => {
  test('starts the server at the first connection, which is answered', async () => {
    const port = await freePort();
    const running = activator([`127.0.0.1:${port}`], fixture('activated.ts'));
    await untilItListens(running);
    expect(running.lines).toEqual([]);
    expect(await get(port)).toBe('all');
    expect(running.texts[0]).toBe(`fapws: listening on http://127.0.0.1:${port} (portable loop)`);
    running.child.kill('SIGTERM');
    expect(await running.untilEnded()).toBe(0);
    expect(running.texts).toContain('over');
  });

  test('several sockets of both kinds, in their order; the socket file stays when the server ends', async () => {
    const ports = [await freePort(), await freePort()] as const;
    const path = join(folder(), 'socket');
    const addresses = [`127.0.0.1:${ports[0]}`, path, `127.0.0.1:${ports[1]}`];
    const running = activator(addresses, fixture('activated.ts'));
    await untilItListens(running, 3);
    expect(await Promise.all([get(ports[0]), get(path), get(ports[1])])).toEqual(['all', 'all', 'all']);
    expect(running.texts[0]).toBe(
      `fapws: listening on http://127.0.0.1:${ports[0]}, fd:4, http://127.0.0.1:${ports[1]} (portable loop)`,
    );
    running.child.kill('SIGTERM');
    expect(await running.untilEnded()).toBe(0);
    // systemd made it and goes on listening on it.
    expect(existsSync(path)).toBe(true);
  });

  test('sockets by their names, several of which may be the same', async () => {
    const ports = [await freePort(), await freePort(), await freePort()] as const;
    const running = activator(
      ports.map(port => `127.0.0.1:${port}`),
      fixture('activated.ts', 'admin', 'site'),
      '--fdname=site:admin:site',
    );
    await untilItListens(running, 3);
    expect(await Promise.all(ports.map(port => get(port)))).toEqual(['site', 'admin', 'site']);
  });

  test('a name that no socket has: a clear error', async () => {
    const port = await freePort();
    const running = activator([`127.0.0.1:${port}`], fixture('activated.ts', 'http'), '--fdname=site');
    await untilItListens(running);
    connect(port, '127.0.0.1').on('error', () => {});
    const stderr = await untilFailed(running);
    expect(stderr).toContain('FAPWS_ACTIVATION_NAME');
    expect(stderr).toContain('systemd handed over no socket called "http", only "site".');
    expect(await running.untilEnded()).toBe(1);
  });

  test('children of the server take neither the variables nor the sockets', async () => {
    const port = await freePort();
    const running = activator([`127.0.0.1:${port}`], fixture('activated.ts'));
    await untilItListens(running);
    expect(JSON.parse(await get(port, '/left-for-children'))).toEqual({ variables: [], descriptors: [] });
  });

  test('a launcher in between: a clear error instead of a server that nobody reaches', async () => {
    const port = await freePort();
    const launcher = ['sh', '-c', '"$0" "$@"; exit $?', ...fixture('activated.ts')];
    const running = activator([`127.0.0.1:${port}`], launcher);
    await untilItListens(running);
    connect(port, '127.0.0.1').on('error', () => {});
    const stderr = await untilFailed(running);
    expect(stderr).toContain('FAPWS_ACTIVATION_LAUNCHER');
    expect(stderr).toContain(`systemd handed 1 socket to process ${running.child.pid} (sh), which led to`);
    expect(await running.untilEnded()).toBe(1);
  });

  test('one process per connection (Accept=yes): a clear error', async () => {
    const port = await freePort();
    const running = activator([`127.0.0.1:${port}`], fixture('activated.ts'), '--accept');
    await untilItListens(running);
    connect(port, '127.0.0.1').on('error', () => {});
    const stderr = await untilFailed(running);
    expect(stderr).toContain('FAPWS_ACTIVATION_DESCRIPTOR');
    expect(stderr).toMatch(/Descriptor 3, .* is a connection \(Accept=yes\)\. A web server takes/);
  });

  test('a datagram socket: a clear error', async () => {
    const port = await freePort();
    const running = activator([`127.0.0.1:${port}`], fixture('activated.ts'), '--datagram');
    await untilItListens(running);
    const socket = createSocket('udp4');
    socket.send('x', port, '127.0.0.1', () => socket.close());
    expect(await untilFailed(running)).toContain('is a datagram socket (ListenDatagram=)');
    expect(await running.untilEnded()).toBe(1);
  });
});

test.runIf(perl).each([
  ['SOCK_SEQPACKET', 'a sequential-packet socket (ListenSequentialPacket=)'],
  ['SOCK_DGRAM', 'a datagram socket (ListenDatagram=)'],
])('a unix socket of the type %s: a clear error', { timeout: 60_000 }, async (type, words) => {
  const hand = `use Socket; use POSIX ();
    # Without this perl marks what it opens as not to be inherited.
    $^F = 9;
    socket(my $socket, AF_UNIX, ${type}, 0) or die $!;
    bind($socket, sockaddr_un(shift)) or die $!;
    listen($socket, 1) if ${type} != SOCK_DGRAM;
    POSIX::dup2(fileno($socket), 3);
    $ENV{LISTEN_FDS} = 1; $ENV{LISTEN_PID} = $$;
    exec @ARGV`;
  const running = new Running(['perl', '-e', hand, join(folder(), 'socket'), ...fixture('activated.ts')]);
  expect(await untilFailed(running)).toContain(words);
});
