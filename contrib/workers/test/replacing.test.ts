// Workers that others take the place of, without a request that fails.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installed, Program } from '@fapws/testing';
import { describe, expect, onTestFinished, test } from 'vitest';
import { count, get, Load, supervised } from './supervised.ts';

const folder = (): string => {
  const path = mkdtempSync(join(tmpdir(), 'fapws-workers-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
};

test.each(['tcp', 'unix'])('no request fails while all workers are replaced (%s)', async kind => {
  const listen = kind === 'tcp' ? { host: '127.0.0.1', port: 0 } : { path: join(folder(), 'app.sock') };
  const { supervisor, events } = supervised({ listen });
  await supervisor.start();
  const before = supervisor.status().map(({ pid }) => pid);
  const load = new Load(supervisor);
  await supervisor.restart();
  await load.end();
  expect(load.failures).toEqual([]);
  expect(load.answers).toBeGreaterThan(0);
  const after = supervisor.status();
  expect(after.map(({ id, state, restarts }) => ({ id, state, restarts: restarts.restart }))).toEqual([
    { id: 1, state: 'ready', restarts: 1 },
    { id: 2, state: 'ready', restarts: 1 },
  ]);
  expect(after.filter(({ pid }) => before.includes(pid))).toEqual([]);
  // One at a time, and the new one is ready before the old one is told to stop.
  const order = events.map(({ event }) => event).join(' ');
  expect(order).toMatch(/restarting starting ready stopping ended starting ready stopping ended restarted$/);
});

describe.runIf(installed('wrk'))('under wrk', () => {
  test.each([
    ['connections that are kept', []],
    ['a connection per request', ['-H', 'Connection: close']],
  ])('no request fails while all workers are replaced: %s', async (_, headers) => {
    // With this they count requests; none is replaced for it.
    const { supervisor } = supervised({ maxRequests: 1e12 });
    await supervisor.start();
    const wrk = new Program('wrk', [
      '-t1',
      '-c16',
      '-d60s',
      '--timeout',
      '30s',
      ...headers,
      `${supervisor.url}/`,
    ]);
    onTestFinished(() => wrk[Symbol.asyncDispose]());
    const answered = (): number => supervisor.status().reduce((sum, { requests }) => sum + requests, 0);
    await expect.poll(answered, { timeout: 20_000 }).toBeGreaterThan(0);
    await supervisor.restart();
    await wrk.end('SIGINT');
    const stdout = wrk.output;
    expect(stdout).toMatch(/ [1-9]\d* requests in /);
    expect(stdout).not.toMatch(/Socket errors|Non-2xx/);
  });
});

test('a restart runs the program as it is now; calls while one waits are one', async () => {
  const file = join(folder(), 'version');
  writeFileSync(file, 'old');
  const { supervisor, events } = supervised({ env: { FIXTURE_VERSION: file }, workers: 1 });
  await supervisor.start();
  expect(await get(supervisor, '/version')).toBe('old');
  writeFileSync(file, 'new');
  const first = supervisor.restart();
  const second = supervisor.restart();
  expect(second).toBe(first);
  await first;
  expect(await get(supervisor, '/version')).toBe('new');
  expect(count(events, 'restarting')).toBe(1);
});

test('a program that is broken now does not take the place of one that serves', async () => {
  const file = join(folder(), 'version');
  writeFileSync(file, 'old');
  const { supervisor, events } = supervised({ env: { FIXTURE_VERSION: file } });
  await supervisor.start();
  writeFileSync(file, 'broken');
  const load = new Load(supervisor, 2);
  await expect(supervisor.restart()).rejects.toThrow(
    /^worker 1 \(process \d+\) ended with exit code 1 before it served/,
  );
  await load.end();
  expect(load.failures).toEqual([]);
  expect(count(events, 'restart-failed')).toBe(1);
  expect(supervisor.status().map(({ state, restarts }) => [state, restarts.restart])).toEqual([
    ['ready', 0],
    ['ready', 0],
  ]);
  expect(await get(supervisor, '/version')).toBe('old');
  writeFileSync(file, 'mended');
  await supervisor.restart();
  expect(await get(supervisor, '/version')).toBe('mended');
});

test('a restart of which a part is no longer wanted goes on with the others', async () => {
  const { supervisor, events, until } = supervised({ workers: 2 });
  await supervisor.start();
  const restarted = supervisor.restart();
  await until('the second one', () => count(events, 'starting') === 4);
  await supervisor.resize(1);
  await restarted;
  expect(supervisor.status()).toMatchObject([{ id: 1, state: 'ready', restarts: { restart: 1 } }]);
});

test('a restart is given up when everything stops', async () => {
  const { supervisor, events, until } = supervised({ env: { FIXTURE_START: 'slow' } });
  await supervisor.start();
  const restarted = supervisor.restart();
  await until('the new one', () => count(events, 'starting') === 3);
  await supervisor.stop();
  await restarted;
  expect(supervisor.status()).toEqual([]);
  await expect(supervisor.restart()).rejects.toMatchObject({ code: 'FAPWS_WORKERS_STATE' });
});

test('without overlap the old one ends first, and connections wait for the new one', async () => {
  const file = join(folder(), 'version');
  writeFileSync(file, 'old');
  const { supervisor, events, until } = supervised({ env: { FIXTURE_VERSION: file }, workers: 1 });
  await supervisor.start();
  writeFileSync(file, 'new');
  const restarted = supervisor.restart({ overlap: false });
  await until('the end of the old one', () => count(events, 'ended') === 1);
  expect(supervisor.status()[0]?.state).not.toBe('ready');
  expect(await get(supervisor, '/version')).toBe('new');
  await restarted;
  expect(count(events, 'ready')).toBe(2);
});

test.each([
  ['memory', { maxMemory: 250_000_000 }, '/grow', 1],
  ['requests', { maxRequests: 5 }, '/', 5],
] as const)('a worker is replaced for its %s, and no request fails', async (reason, options, path, times) => {
  const { supervisor, events, until } = supervised({ workers: 1, ...options });
  await supervisor.start();
  for (let request = 0; request < times; request += 1) await get(supervisor, path);
  const load = new Load(supervisor, 2);
  await until('a replacement', () => count(events, 'ended') > 0);
  await load.end();
  expect(load.failures).toEqual([]);
  expect(events.find(({ event }) => event === 'ended')).toMatchObject({ code: 0, reason: null });
  expect(supervisor.status()[0]?.restarts[reason]).toBeGreaterThanOrEqual(1);
});

test('a worker is replaced when it has lived long enough', async () => {
  const { supervisor, events, until } = supervised({ workers: 1, maxLifetime: 1, heartbeatTimeout: 20 });
  await supervisor.start();
  await until('a replacement', () => count(events, 'ended') > 0);
  expect(supervisor.status().at(-1)?.restarts.lifetime).toBeGreaterThanOrEqual(1);
});
