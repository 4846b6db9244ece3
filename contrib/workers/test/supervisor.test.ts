// Start, number and stop of workers, and what can be seen of them.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { optional } from '@fapws/testing';
import { expect, onTestFinished, test } from 'vitest';
import { Sockets } from '../src/sockets.ts';
import { count, get, supervised } from './supervised.ts';

/** As core decides it. */
const [major, minor] = process.versions.node.split('.').map(Number) as [number, number];
const canReusePort = major > 22 || (major === 22 && minor >= 12);
if (!canReusePort)
  console.warn("skipped: sockets of workers' own on one port: this Node can not share ports");

const NOBODY = { uid: 65_534, gid: 65_533 };
const root = optional(
  'a user who may become another one',
  process.getuid?.() === 0 && spawnSync(process.execPath, ['--version'], NOBODY).status === 0,
  'run as root, with a Node that everybody may run',
);

const folder = (): string => {
  const path = mkdtempSync(join(tmpdir(), 'fapws-workers-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
};

test('all workers serve when the start is over, on a port that the system chose', async () => {
  const { supervisor } = supervised();
  await supervisor.start();
  expect(await supervisor.whenListening).toEqual(supervisor.addresses);
  expect(supervisor.url).toMatch(/^http:\/\/127\.0\.0\.1:[1-9]\d*$/);
  const status = supervisor.status();
  expect(status.map(({ id, state }) => ({ id, state }))).toEqual([
    { id: 1, state: 'ready' },
    { id: 2, state: 'ready' },
  ]);
  expect(new Set(status.map(({ pid }) => pid)).size).toBe(2);
  for (const one of status) {
    expect(one.rss).toBeGreaterThan(10_000_000);
    expect(one.uptime).toBeGreaterThan(0);
    expect(one.busy).toBeLessThanOrEqual(1);
    expect(Object.values(one.restarts)).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
  }
  const [id, pid] = (await get(supervisor)).split(' ').map(Number);
  expect(status).toContainEqual(expect.objectContaining({ id, pid }));
});

test('a worker gets its arguments and environment, and what makes it a worker is no matter of its children', async () => {
  const { supervisor } = supervised({
    workers: 1,
    args: ['--one', 'two words'],
    env: { FIXTURE_OWN: 'own', PATH: undefined },
  });
  await supervisor.start();
  expect(await get(supervisor, '/arguments')).toBe('--one two words');
  expect(await get(supervisor, '/environment')).toBe('own');
});

test.runIf(root)('a primary of root can have workers without rights', async () => {
  const { supervisor } = supervised({ workers: 1, ...NOBODY });
  await supervisor.start();
  expect(await get(supervisor, '/user')).toBe('65534 65533 65533');
});

test('workers share a unix socket, whose file has its mode and is removed at the end', async () => {
  const path = join(folder(), 'app.sock');
  const { supervisor } = supervised({ listen: { path, mode: 0o640 } });
  await supervisor.start();
  expect(supervisor.url).toBe(`unix:${path}`);
  expect(statSync(path).mode & 0o777).toBe(0o640);
  expect(await get(supervisor)).toMatch(/^[12] \d+$/);
  await supervisor.stop();
  expect(statSync(path, { throwIfNoEntry: false })).toBeUndefined();
});

test('several addresses are served at once', async () => {
  const path = join(folder(), 'app.sock');
  const { supervisor } = supervised({ workers: 1, listen: [{ host: 'localhost', port: 0 }, { path }] });
  await supervisor.start();
  const [tcp, unix] = supervisor.addresses;
  expect(tcp).toHaveProperty('port');
  expect(unix).toEqual({ path });
});

test('a descriptor that this process has is handed on, and is not closed', async () => {
  const sockets = await Sockets.open([{ host: '127.0.0.1', port: 0 }], false);
  onTestFinished(() => sockets.close());
  const fd = sockets.take().fds[0] as number;
  const { supervisor } = supervised({ workers: 1, listen: { fd } });
  await supervisor.start();
  expect(supervisor.addresses).toEqual(sockets.addresses);
  expect(await get(supervisor)).toMatch(/^1 /);
  await supervisor.stop();
  const { supervisor: next } = supervised({ workers: 1, listen: { fd } });
  await next.start();
  expect(await get(next)).toMatch(/^1 /);
});

test.runIf(canReusePort)('each worker can have a socket of its own on a port', async () => {
  const path = join(folder(), 'app.sock');
  const { supervisor, events, until } = supervised({
    listen: [{ host: '127.0.0.1', port: 0 }, { path }],
    reusePort: true,
    backoff: { first: 60, stable: 60 },
  });
  await supervisor.start();
  const seen = new Set<string>();
  const sees = async (...ids: string[]): Promise<void> => {
    seen.clear();
    // The kernel chooses by a hash: 60 times the same one is no chance.
    for (let request = 0; request < 60; request += 1) seen.add((await get(supervisor)).charAt(0));
    expect([...seen].sort()).toEqual(ids);
  };
  await sees('1', '2');
  await supervisor.resize(3);
  await sees('1', '2', '3');
  await supervisor.resize(2);
  await sees('1', '2');
  await supervisor.restart();
  await sees('1', '2');
  // One that fails twice in a row is not waited for.
  for (const ended of [1, 2]) {
    const before = count(events, 'ready');
    const { pid } = supervisor.status().find(({ id, state }) => id === 2 && state === 'ready') as {
      pid: number;
    };
    process.kill(pid, 'SIGKILL');
    if (ended === 1) await until('another one', () => count(events, 'ready') > before);
  }
  await until('its back-off', () => supervisor.status().some(({ state }) => state === 'waiting'));
  await sees('1');
});

test.runIf(canReusePort)(
  'the last socket on a port is kept while its worker waits for its back-off',
  async () => {
    const { supervisor, until } = supervised({
      workers: 1,
      reusePort: true,
      backoff: { first: 1, stable: 60 },
    });
    await supervisor.start();
    for (const state of ['ready', 'waiting']) {
      const before = supervisor.status()[0]?.pid as number;
      process.kill(before, 'SIGKILL');
      await until(state, () => supervisor.status().some(one => one.pid !== before && one.state === state));
    }
    expect(await get(supervisor)).toMatch(/^1 /);
  },
);

test('a Node or a system that can not share ports says so', async () => {
  const { supervisor } = supervised({ listen: { host: '127.0.0.1', port: 0 }, reusePort: true });
  if (canReusePort) return await supervisor.start();
  await expect(supervisor.start()).rejects.toMatchObject({ code: 'FAPWS_LISTEN_REUSE_PORT' });
});

test('a program without `listen` opens its own sockets, and the supervisor knows where', async () => {
  const { supervisor } = supervised({ workers: 1, listen: [] });
  await supervisor.start();
  expect(supervisor.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  expect(await get(supervisor)).toMatch(/^1 \d+$/);
});

test('the number of workers can be changed while they serve', async () => {
  const { supervisor } = supervised({ workers: 1 });
  await supervisor.start();
  await supervisor.resize(3);
  expect(supervisor.status().map(({ id, state }) => [id, state])).toEqual([
    [1, 'ready'],
    [2, 'ready'],
    [3, 'ready'],
  ]);
  await supervisor.resize(1);
  expect(supervisor.workers).toBe(1);
  expect(supervisor.status().map(({ id }) => id)).toEqual([1]);
  expect(await get(supervisor)).toMatch(/^1 /);
  await expect(supervisor.resize(0)).rejects.toThrow(/workers is 0\. It has to be a whole number from 1/);
});

test('listeners for signals that reopen logs are called in each worker', async () => {
  const { supervisor } = supervised({ workers: 1 });
  await supervisor.start();
  supervisor.reopen();
  await expect.poll(() => get(supervisor, '/reopened'), { timeout: 10_000 }).toBe('SIGUSR1 SIGUSR2 ');
});

test('a stop lets requests in progress finish, and refuses connections then', async () => {
  const { supervisor, events } = supervised();
  await supervisor.start();
  const url = supervisor.url;
  const slow = get(supervisor, '/slow');
  // The request has to be in progress: one that comes later is answered later.
  await get(supervisor);
  let stopping = false;
  void supervisor.whenStopping.then(() => {
    stopping = true;
  });
  await supervisor.stop();
  expect(stopping).toBe(true);
  expect(await slow).toMatch(/^slow \d+$/);
  expect(supervisor.status()).toEqual([]);
  expect(events.filter(({ event }) => event === 'ended')).toEqual([
    expect.objectContaining({ code: 0, signal: null, reason: null }),
    expect.objectContaining({ code: 0, signal: null, reason: null }),
  ]);
  await expect(fetch(url)).rejects.toThrow();
  expect(() => supervisor.start()).toThrow(/has been started\. Make another one/);
});

test.each(['tcp', 'unix'])(
  'all serve on until the lame-duck time is over, which a second stop can end (%s)',
  async kind => {
    const listen = kind === 'tcp' ? { host: '127.0.0.1', port: 0 } : { path: join(folder(), 'app.sock') };
    const { supervisor, events, until } = supervised({ listen, lameDuckMs: 60_000 });
    await supervisor.start();
    const stopped = supervisor.stop();
    await until('all of them', () => count(events, 'stopping') === 2);
    expect(await get(supervisor)).toMatch(/^[12] /);
    expect(supervisor.status().map(({ state }) => state)).toEqual(['stopping', 'stopping']);
    await supervisor.stop({ lameDuckMs: 0 });
    await stopped;
    await expect(get(supervisor)).rejects.toThrow();
  },
);

test('a request that takes longer than the grace period is cut', async () => {
  const { supervisor } = supervised({ workers: 1, graceMs: 100 });
  await supervisor.start();
  const cut = expect(get(supervisor, '/forever')).rejects.toThrow();
  await get(supervisor);
  await supervisor.stop();
  await cut;
});

test('a worker that does not end is killed after its time, and said so', async () => {
  const { supervisor, said, events } = supervised({
    workers: 1,
    graceMs: 0,
    env: { FIXTURE_START: 'stay' },
  });
  await supervisor.start();
  await supervisor.stop();
  expect(said()).toMatch(
    /^fapws: worker 1 \(process \d+\) has been told to stop and has not ended: killed$/m,
  );
  expect(events.at(-1)).toMatchObject({ event: 'ended', signal: 'SIGKILL', reason: null });
});

test('a supervisor that is stopped while it starts ends in peace', async () => {
  for (const before of ['its sockets are open', 'a worker serves']) {
    // Nothing is in progress in it, so its grace period is not waited for.
    const options = { env: { FIXTURE_START: 'wait' }, graceMs: 600_000 };
    const { supervisor, said, events, until } = supervised(options);
    const starting = supervisor.start();
    if (before === 'a worker serves') await until('a process', () => count(events, 'starting') === 1);
    await supervisor.stop();
    await starting;
    expect(supervisor.status()).toEqual([]);
    expect(said()).toBe('');
  }
});

test('what keeps an eye on the supervisor is called until the stop', async () => {
  const { supervisor } = supervised({ workers: 1 });
  let calls = 0;
  const called = new Promise<void>(resolve => {
    supervisor.addTimer(0.01, () => {
      calls += 1;
      if (calls === 2) resolve();
    });
  });
  await supervisor.start();
  await called;
  await supervisor.stop();
  const before = calls;
  await new Promise(resolve => setTimeout(resolve, 50));
  expect(calls).toBe(before);
});
