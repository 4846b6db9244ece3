// Several servers on one port, and one that takes over from another.

import { spawn, spawnSync } from 'node:child_process';
import { optional } from '@fapws/testing';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ListenError, start, type TcpAddress } from '../../src/index.ts';
import { Client } from './client.ts';
import { connections, Generation, Load, rollsWithoutLoss, wrk } from './rolling.ts';
import { says, server, serving } from './serving.ts';

const [major, minor] = process.versions.node.split('.').map(Number) as [number, number];
const sharesPorts = major > 22 || (major === 22 && minor >= 12);
if (!sharesPorts) {
  console.warn(`skipped: tests of shared ports, which need Node 22.12 or newer; this is ${process.version}`);
}

/** Of network namespaces, each of which has its own loopback and its own sysctls. */
const prepare = 'ip link set lo up && sysctl -qw net.ipv4.tcp_migrate_req=1';
const [isolate, ...shell] = ['unshare', '--net', 'sh', '-c'] as const;
const namespaces =
  sharesPorts &&
  optional(
    'a network namespace with net.ipv4.tcp_migrate_req',
    spawnSync(isolate, [...shell, prepare]).status === 0,
    'run as root on Linux 5.14 or newer, apt-get install util-linux iproute2 procps',
  );

/** @returns what runs a program inside of a network namespace that is there until the test is over */
async function namespace(): Promise<string[]> {
  // It ends with its standard input, so with this process at the latest.
  const holder = spawn(isolate, [...shell, `${prepare} && echo ready && exec cat`], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  onTestFinished(() => {
    holder.kill('SIGKILL');
  });
  await new Promise((resolve, reject) => {
    holder.stdout.once('data', resolve);
    holder.once('exit', code => reject(new Error(`no namespace: ${code}`)));
  });
  return ['nsenter', `--net=/proc/${holder.pid}/ns/net`];
}

describe.runIf(sharesPorts)('reusePort', () => {
  test('shares a port among servers, and those that stay serve on', async () => {
    const one = await serving(made => made.mount('/', says('one')), { reusePort: true });
    const { host, port } = one.address as TcpAddress;
    const two = await serving(made => made.mount('/', says('two')), { host, port, reusePort: true });
    const answer = async (): Promise<string> => {
      const client = await Client.connect(one.address);
      const { text } = await client.get('/');
      client.peer.end();
      return text;
    };
    // The system chooses by the client's port: that all of so many go to one server is as good as impossible.
    const seen = new Set<string>();
    for (let count = 0; count < 100 && seen.size < 2; count += 1) seen.add(await answer());
    expect([...seen].sort()).toEqual(['one', 'two']);
    const { address } = one;
    await two.server.stop();
    for (let count = 0; count < 10; count += 1) {
      const client = await Client.connect(address);
      expect((await client.get('/')).text).toBe('one');
    }
  });

  test('is for those who all want it: a port of a server without it is taken', async () => {
    const one = await serving(made => made.mount('/', says('one')));
    const { host, port } = one.address as TcpAddress;
    await expect(server({ host, port, reusePort: true }).server.listen()).rejects.toMatchObject({
      code: 'FAPWS_LISTEN_BUSY',
    });
  });
});

describe.runIf(!sharesPorts)('reusePort', () => {
  test('on a Node that does not know it: a clear error', async () => {
    const failure = await start('127.0.0.1', 0, { reusePort: true })
      .listen()
      .then(
        () => null,
        (error: unknown) => error,
      );
    expect(failure).toBeInstanceOf(ListenError);
    expect(failure).toMatchObject({ code: 'FAPWS_LISTEN_REUSE_PORT' });
    expect((failure as Error).message).toContain('reusePort needs Node 22.12 or newer');
  });
});

describe.runIf(sharesPorts && wrk)('processes that share a port', { timeout: 120_000 }, () => {
  // When a socket is closed, Linux resets the connections in its accept queue, unless it may move them to another socket. Clients
  // whose connections stay connect anew at that moment, too.
  for (const [name, options] of connections) {
    test.runIf(namespaces)(
      `follow each other without a lost request, with tcp_migrate_req: ${name}`,
      async () => {
        const inside = await namespace();
        await rollsWithoutLoss(
          port => new Generation({ host: '127.0.0.1', port, reusePort: true }, undefined, inside),
          port => new Load(port, options, inside),
        );
      },
    );
  }
});
