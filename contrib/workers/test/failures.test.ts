// Programs that can't serve, and workers that fail while they do.

import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { WorkersError } from '../src/index.ts';
import { count, get, supervised } from './supervised.ts';

test.each([
  [
    'throw',
    /^worker 1 \(process \d+\) ended with exit code 1 before it served: see what .*server\.mjs has printed\./,
  ],
  ['leave', /^worker 1 \(process \d+\) ended with exit code 0 before it served: .* calls run\(server\)/],
  [
    'wait',
    /^worker 1 \(process \d+\) does not serve: it has not said within 2 s that it serves\. Does .*server\.mjs call run\(server\)/,
  ],
  ['plain', /^worker 1 \(process \d+\) does not serve: it has not said within 2 s/],
])('a program that can not serve (%s) fails the start and leaves nothing behind', async (way, message) => {
  const { supervisor } = supervised({
    startTimeout: way === 'throw' || way === 'leave' ? 60 : 2,
    env: { FIXTURE_START: way },
  });
  const error = await supervisor.start().then(
    () => null,
    error => error as WorkersError,
  );
  expect(error).toBeInstanceOf(WorkersError);
  expect(error?.code).toBe('FAPWS_WORKERS_START');
  expect(error?.message).toMatch(message);
  expect(supervisor.status()).toEqual([]);
});

async function occupied(): Promise<{ server: Server; port: number }> {
  const server = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  return { server, port: (server.address() as { port: number }).port };
}

test.runIf(process.platform === 'linux')(
  'a port that is taken is told as core tells it, before a worker is started',
  async () => {
    const { port } = await occupied();
    const path = `\0fapws-workers-${process.pid}`;
    const { supervisor, events } = supervised({ listen: [{ path }, { host: '127.0.0.1', port }] });
    await expect(supervisor.start()).rejects.toMatchObject({
      code: 'FAPWS_LISTEN_BUSY',
      message: expect.stringMatching(`Port ${port} is already in use`),
    });
    expect(events).toEqual([]);
    // Nor is the other address kept.
    const { supervisor: next } = supervised({ workers: 1, listen: { path } });
    await next.start();
  },
);

test.each([
  [{ host: '192.0.2.1', port: 0 }, 'FAPWS_LISTEN_ADDRESS'],
  [{ host: 'no.such.host.invalid', port: 0 }, 'FAPWS_LISTEN_RESOLVE'],
  [{ path: '/no/such/folder/app.sock' }, 'FAPWS_LISTEN_ADDRESS'],
  [{ path: '/dev/null' }, 'FAPWS_LISTEN_ADDRESS'],
])('an address at which nothing can listen is told as core tells it: %j', async (listen, code) => {
  const { supervisor } = supervised({ listen });
  await expect(supervisor.start()).rejects.toMatchObject({ code });
});

test('a worker whose listen fails says why', async () => {
  // Descriptor 0 of this process is no listening socket.
  const { supervisor } = supervised({ workers: 1, listen: { fd: 0 } });
  await expect(supervisor.start()).rejects.toMatchObject({
    code: 'FAPWS_WORKERS_START',
    message: expect.stringMatching(
      /^worker 1 \(process \d+\) does not serve: File descriptor 4 is not a listening socket/,
    ),
  });
});

test('a worker that crashes is replaced at once, the other one serves meanwhile, and the log says how it ended', async () => {
  const { supervisor, said, events, until } = supervised();
  await supervisor.start();
  const before = supervisor.status();
  await get(supervisor, '/crash');
  await until('a replacement', () => count(events, 'ready') >= 3);
  const ended = events.find(({ event }) => event === 'ended');
  expect(ended).toMatchObject({ code: 1, signal: null, reason: 'crash' });
  expect(said()).toMatch(/^fapws: worker [12] \(process \d+\) ended with exit code 1$/m);
  const after = supervisor.status();
  expect(after.map(({ id, state }) => [id, state])).toEqual([
    [1, 'ready'],
    [2, 'ready'],
  ]);
  const same = after.filter(({ pid }) => before.some(one => one.pid === pid));
  expect(same).toHaveLength(1);
  expect(after.map(({ restarts }) => restarts.crash).sort()).toEqual([0, 1]);
});

test('a worker that is killed is replaced, and one that only stops is replaced before it has ended', async () => {
  const { supervisor, said, events, until } = supervised({ workers: 1 });
  await supervisor.start();
  process.kill(supervisor.status()[0]?.pid as number, 'SIGKILL');
  await until('a replacement', () => count(events, 'ready') >= 2);
  expect(said()).toMatch(/^fapws: worker 1 \(process \d+\) ended by SIGKILL$/m);
  const slow = get(supervisor, '/slow');
  await get(supervisor);
  await get(supervisor, '/leave');
  await until('another one', () => count(events, 'ready') >= 3);
  expect(await slow).toMatch(/^slow/);
  expect(supervisor.status().at(-1)?.restarts).toMatchObject({ crash: 1, exit: 1 });
  expect(said()).toMatch(/^fapws: worker 1 \(process \d+\) stops by itself$/m);
});

test('a worker whose event loop stands still is ended and replaced', async () => {
  const { supervisor, said, events, until } = supervised({ workers: 1, heartbeatTimeout: 1.5 });
  await supervisor.start();
  await get(supervisor, '/hang');
  await until('a replacement', () => count(events, 'ready') >= 2);
  expect(said()).toMatch(
    /^fapws: worker 1 \(process \d+\): no sign of life for 1\.5 s, so it is ended by SIGABRT: its event loop stands still$/m,
  );
  expect(events.find(({ event }) => event === 'ended')).toMatchObject({ signal: 'SIGABRT', reason: 'hang' });
  expect(supervisor.status()[0]?.restarts.hang).toBeGreaterThanOrEqual(1);
  expect(await get(supervisor)).toMatch(/^1 /);
});

test('failures in a row are answered later and later, and the log says when', async () => {
  const { supervisor, said, events, until } = supervised({
    workers: 1,
    backoff: { first: 0.1, longest: 0.4, stable: 60 },
  });
  await supervisor.start();
  const ended = (): number => count(events, 'ended');
  const kill = async (): Promise<void> => {
    const before = ended();
    process.kill(supervisor.status()[0]?.pid as number, 'SIGKILL');
    await until('its end', () => ended() === before + 1);
  };
  const serving = (): Promise<void> => until('a worker', () => supervisor.status()[0]?.state === 'ready');
  await kill();
  expect(said()).not.toContain('in a row');
  for (const [failures, seconds] of [
    [2, '0.1'],
    [3, '0.2'],
    [4, '0.4'],
    [5, '0.4'],
  ]) {
    await serving();
    const at = performance.now();
    await kill();
    expect(said()).toContain(
      `worker 1 has failed ${failures} times in a row; another process is started in ${seconds} s\n`,
    );
    expect(supervisor.status()[0]).toMatchObject({ state: 'waiting', pid: 0, failures });
    await serving();
    expect(performance.now() - at).toBeGreaterThanOrEqual(Number(seconds) * 1000);
  }
  // The socket outlives all of them.
  expect(await get(supervisor)).toMatch(/^1 /);
});

test('a worker that is stopped by the system is ended and replaced', async () => {
  const { supervisor, events, until } = supervised({ workers: 1, heartbeatTimeout: 1 });
  await supervisor.start();
  // SIGABRT waits for the process to go on; SIGKILL does not.
  process.kill(supervisor.status()[0]?.pid as number, 'SIGSTOP');
  await until('a replacement', () => count(events, 'ready') >= 2);
  expect(events.find(({ event }) => event === 'ended')).toMatchObject({ signal: 'SIGKILL', reason: 'hang' });
});

test.runIf(existsSync('/proc/self/fd'))('nothing is left of workers that have ended', async () => {
  const { supervisor, events, until } = supervised({ workers: 1, backoff: { first: 0 } });
  await supervisor.start();
  const descriptors = (): number => readdirSync('/proc/self/fd').length;
  const before = descriptors();
  for (let crash = 1; crash <= 5; crash += 1) {
    process.kill(supervisor.status()[0]?.pid as number, 'SIGKILL');
    await until('another one', () => count(events, 'ready') >= 2 * crash);
    await supervisor.restart();
    await until('it serves', () => supervisor.status()[0]?.state === 'ready');
  }
  // Each of ten processes had a channel and a process handle.
  expect(descriptors()).toBeLessThan(before + 5);
});

test('a worker that writes garbage into its channel changes nothing', async () => {
  const { supervisor, said } = supervised({ workers: 1, env: { FIXTURE_START: 'garbage' } });
  await supervisor.start();
  expect(supervisor.status()[0]?.state).toBe('ready');
  expect(await get(supervisor)).toMatch(/^1 /);
  expect(said()).toBe('');
});
