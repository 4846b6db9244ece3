// What needs a process with other parents or other rights: sockets that were inherited, ports that are denied.

import { spawnSync } from 'node:child_process';
import { chmodSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { optional } from '@fapws/testing';
import { describe, expect, onTestFinished, test } from 'vitest';
import { folder, socketPath } from '../loop/recorder.ts';
import { Client } from './client.ts';
import { ServerProcess } from './process.ts';

/** A listening socket of this process, to be handed on. */
async function bound(where: { host: string; port: number } | { path: string }): Promise<Server> {
  const server = createServer(socket => socket.destroy());
  await new Promise<void>(resolve => server.listen(where, resolve));
  onTestFinished(() => {
    server.close();
  });
  return server;
}

/** Its number, which `stdio` of a child takes. */
function descriptor(server: Server): number {
  return (server as unknown as { _handle: { fd: number } })._handle.fd;
}

const nobody = 65_534;
const isRoot = process.getuid?.() === 0;

/** Whether a port below 1024 is denied to others than root; containers often allow it. */
function privileged(): boolean {
  try {
    return Number(readFileSync('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'utf8')) > 80;
  } catch {
    return false;
  }
}

/** Whether another user may run this Node with these sources. */
function nobodyRuns(): boolean {
  const { status } = spawnSync(
    process.execPath,
    ['-e', `require('fs').readdirSync(${JSON.stringify(import.meta.dirname)})`],
    {
      uid: nobody,
    },
  );
  return status === 0;
}

describe('an inherited file descriptor', { timeout: 30_000 }, () => {
  test('of a TCP socket: the server tells its address, and serves', async () => {
    const parent = await bound({ host: '127.0.0.1', port: 0 });
    const { port } = parent.address() as { port: number };
    const server = new ServerProcess({ start: { fd: 4 } }, { inherited: descriptor(parent) });
    const { address, line } = await server.started();
    // From here on connections are the child's alone.
    parent.close();
    expect(address).toEqual({ host: '127.0.0.1', port });
    expect(line).toContain(`http://127.0.0.1:${port}`);
    const client = await Client.connect(address);
    expect((await client.get('/hello')).text).toBe('Hello World!!');
    server.child.kill('SIGTERM');
    await server.untilExited();
    expect(server.code).toBe(0);
  });

  test('of a unix socket', async () => {
    const path = socketPath();
    const parent = await bound({ path });
    const server = new ServerProcess({ start: { fd: 4 } }, { inherited: descriptor(parent) });
    const { line } = await server.started();
    expect(line).toBe('fapws: listening on fd:4 (portable loop)');
    // If the parent closed its end, the file would go. So either may get a connection, and the parent drops its own.
    let text: string | undefined;
    for (let attempt = 0; attempt < 500 && text === undefined; attempt += 1) {
      const client = await Client.connect({ path });
      text = await client.get('/hello').then(
        answer => answer.text,
        () => undefined,
      );
    }
    expect(text).toBe('Hello World!!');
  });

  test.each([
    ['not open', 77, undefined],
    ['no socket', 4, 'pipe'],
  ] as const)('that is %s: a clear error', async (_, fd, inherited) => {
    const server = new ServerProcess({ start: { fd } }, inherited && { inherited });
    const failure = await server.failure();
    expect(failure.name).toBe('ListenError');
    expect(failure.code).toBe('FAPWS_LISTEN_FD');
    expect(failure.message).toContain(`File descriptor ${fd}`);
    await server.untilExited();
    expect(server.code).toBe(3);
  });
});

describe.runIf(isRoot && nobodyRuns())('as a user without rights', { timeout: 30_000 }, () => {
  test.runIf(
    optional(
      'ports below 1024 that are denied',
      privileged(),
      'sysctl net.ipv4.ip_unprivileged_port_start=1024',
    ),
  )('a port below 1024: a clear error', async () => {
    const server = new ServerProcess({ start: { host: '127.0.0.1', port: 80 } }, { uid: nobody });
    const failure = await server.failure();
    expect(failure.code).toBe('FAPWS_LISTEN_PERMISSION');
    expect(failure.message).toContain('127.0.0.1:80');
    expect(failure.message).toContain('choose a port from 1024 on');
  });

  test.each([
    ['may not write to', 0o755],
    ['may not look into', 0o700],
  ])('a socket in a folder that it %s: a clear error', async (_, mode) => {
    const base = folder();
    chmodSync(base, mode);
    const path = join(base, 'socket');
    const server = new ServerProcess({ start: { path } }, { uid: nobody });
    const failure = await server.failure();
    expect(failure.code).toBe('FAPWS_LISTEN_PERMISSION');
    expect(failure.message).toContain(path);
  });
});

describe('LIBEV_FLAGS', { timeout: 30_000 }, () => {
  test('that cannot be met ends a server before it listens', async () => {
    const server = new ServerProcess(
      { start: { host: '127.0.0.1', port: 0 } },
      { env: { LIBEV_FLAGS: '4' } },
    );
    await server.untilExited().catch(() => server.untilExited());
    expect(server.code).toBe(1);
    expect(server.stderr).toContain('LIBEV_FLAGS=4 asks for epoll, which this installation does not have.');
    expect(server.stderr).toContain('FAPWS_LOOP_UNAVAILABLE');
  });
});
