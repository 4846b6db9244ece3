// The lame-duck time: the server goes on as before, and only its health says that it is about to stop.

import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { RunOptions, StopReport } from '../../src/index.ts';
import { nextTurn, within } from '../loop/watched.ts';
import { Client } from './client.ts';
import { ServerProcess } from './process.ts';
import { gate, type Serving, says, server, serving } from './serving.ts';

const LONG = 60_000;

/** A server with a health, an application that answers and one that does not unless it is let. */
async function made(): Promise<
  Serving & { held: Promise<void>; release: () => void; stopping: AbortSignal[] }
> {
  const [called, answer] = [gate(), gate()];
  const stopping: AbortSignal[] = [];
  const it = await serving(link =>
    link
      .mount('/', says('hello'))
      .route('GET', '/health', link.health)
      .route('GET', '/held', async (environ, startResponse) => {
        stopping.push(environ['fapws.stopping']);
        called.open();
        await answer.opened;
        return says('at last')(environ, startResponse);
      }),
  );
  return Object.assign(it, { held: called.opened, release: () => answer.open(), stopping });
}

/** Serves on old and new connections as if nothing were. */
async function expectServing(it: Serving, health: number): Promise<void> {
  const client = await it.client();
  for (const round of [1, 2]) {
    const answer = await client.get('/');
    expect([answer.text, answer.header('Connection')], `request ${round}`).toEqual(['hello', undefined]);
  }
  expect((await client.get('/health')).code).toBe(health);
  client.peer.end();
}

async function expectRefusing(it: Serving, before: Serving['address']): Promise<void> {
  // What waits to be accepted is taken before the socket is closed.
  await vi.waitFor(() => expect(it.server.addresses).toEqual([]));
  await expect(Client.connect(before)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
}

/** Whether a stop has come to its end. */
function watched(stopping: Promise<StopReport>): { over: boolean } {
  const state = { over: false };
  void stopping.then(() => {
    state.over = true;
  });
  return state;
}

describe('stop with a lame-duck time', () => {
  test('serves old connections and new ones; the health says 503 at once', async () => {
    const it = await made();
    const old = await it.client();
    expect((await old.get('/health')).text).toBe('ok\n');
    const stopping = it.server.stop({ lameDuckMs: LONG });
    const state = watched(stopping);
    const answer = await old.get('/health');
    expect([answer.code, answer.text, answer.header('Connection')]).toEqual([503, 'stopping\n', undefined]);
    await expectServing(it, 503);
    expect((await old.get('/')).text).toBe('hello');
    expect(state.over).toBe(false);
    const { address } = it;
    void it.server.stop();
    await old.peer.untilEnded();
    expect(await within(stopping, 'stop resolves')).toEqual({ cut: 0 });
    await expectRefusing(it, address);
  });

  test('then stops by itself: nothing new, and the grace period begins', async () => {
    const it = await made();
    const client = await it.client();
    client.request('GET', '/held');
    await it.held;
    const { address } = it;
    const begun = performance.now();
    const stopping = it.server.stop({ lameDuckMs: 200, graceMs: 200 });
    expect(it.stopping[0]?.aborted).toBe(false);
    await within(
      new Promise(resolve => it.stopping[0]?.addEventListener('abort', resolve)),
      'the application is told',
    );
    expect(performance.now() - begun).toBeGreaterThanOrEqual(195);
    await nextTurn();
    await expectRefusing(it, address);
    expect(await within(stopping, 'stop resolves')).toEqual({ cut: 1 });
    expect(performance.now() - begun).toBeGreaterThanOrEqual(390);
  });

  test('whenStopping resolves when it begins, whenStopped when all is over', async () => {
    const it = await made();
    let stopped = false;
    void it.server.whenStopped.then(() => {
      stopped = true;
    });
    void it.server.stop({ lameDuckMs: LONG });
    await within(it.server.whenStopping, 'whenStopping resolves');
    await expectServing(it, 503);
    expect(stopped).toBe(false);
    void it.server.stop();
    expect(await within(it.server.whenStopped, 'whenStopped resolves')).toEqual({ cut: 0 });
  });

  test('a second stop without one ends it, also in the same turn', async () => {
    for (const pause of [() => {}, nextTurn]) {
      const it = await made();
      const first = it.server.stop({ lameDuckMs: LONG });
      await pause();
      const second = it.server.stop({ graceMs: 1000 });
      expect(await within(Promise.all([first, second]), 'both resolve')).toEqual([{ cut: 0 }, { cut: 0 }]);
    }
  });

  test('a second stop with a shorter one shortens it, and then lets requests finish', async () => {
    const it = await made();
    const client = await it.client();
    client.request('GET', '/held');
    await it.held;
    const first = it.server.stop({ lameDuckMs: LONG });
    void it.server.stop({ lameDuckMs: 50 });
    await it.server.whenStopping;
    await within(new Promise(resolve => it.stopping[0]?.addEventListener('abort', resolve)), 'it ends');
    it.release();
    expect((await client.answer()).text).toBe('at last');
    client.peer.end();
    expect(await within(first, 'stop resolves')).toEqual({ cut: 0 });
  });

  test('a second stop with as long a one cuts nothing while it lasts', async () => {
    const it = await made();
    const client = await it.client();
    client.request('GET', '/held');
    await it.held;
    const first = it.server.stop({ lameDuckMs: LONG });
    void it.server.stop({ lameDuckMs: LONG, graceMs: 0 });
    void it.server.stop({ lameDuckMs: 2 * LONG, graceMs: 10 });
    await new Promise(resolve => setTimeout(resolve, 50));
    await expectServing(it, 503);
    it.release();
    expect((await client.answer()).text).toBe('at last');
    void it.server.stop({ graceMs: 0 });
    expect(await within(first, 'stop resolves')).toEqual({ cut: 0 });
  });

  test('when it is over, or never was, a second stop counts its grace period at once', async () => {
    const it = await made();
    const client = await it.client();
    client.request('GET', '/held');
    await it.held;
    const first = it.server.stop({ graceMs: LONG });
    void it.server.stop({ lameDuckMs: LONG, graceMs: 50 });
    expect(await within(first, 'stop resolves')).toEqual({ cut: 1 });
  });

  test('a second stop without grace cuts at once', async () => {
    const it = await made();
    const client = await it.client();
    client.request('GET', '/held');
    await it.held;
    const first = it.server.stop({ lameDuckMs: LONG });
    await nextTurn();
    void it.server.stop({ graceMs: 0 });
    await client.peer.untilEnded();
    expect(await within(first, 'stop resolves')).toEqual({ cut: 1 });
    await it.untilLogged('requests cut at the end of the grace period: 1');
  });

  test('while the server is about to listen, or when it fails to, holds up nothing', async () => {
    const it = server();
    it.server.mount('/', says('hello'));
    const listening = it.server.listen();
    const stopping = it.server.stop({ lameDuckMs: 50 });
    await listening;
    expect(await within(stopping, 'stop resolves')).toEqual({ cut: 0 });
    const first = await serving(link => link.mount('/', says('first')));
    const second = server(first.address as { host: string; port: number });
    const failing = second.server.listen();
    const report = second.server.stop({ lameDuckMs: LONG });
    await expect(failing).rejects.toMatchObject({ code: 'FAPWS_LISTEN_BUSY' });
    expect(await within(report, 'stop resolves')).toEqual({ cut: 0 });
  });
});

describe('signals', () => {
  /** A server that runs, and what a signal calls. */
  async function running(
    options: RunOptions,
  ): Promise<{ it: Serving; signal: () => void; over: Promise<void> }> {
    const it = server();
    it.server.mount('/', says('hello')).route('GET', '/health', it.server.health);
    it.server.mount('/never', () => new Promise(() => {}));
    const known = process.listeners('SIGTERM');
    const listening = gate();
    const over = it.server.run({ ...options, print: () => listening.open() });
    await within(listening.opened, 'it listens');
    await nextTurn();
    const own = process.listeners('SIGTERM').filter(listener => !known.includes(listener));
    expect(own).toHaveLength(1);
    return { it, signal: () => own[0]?.('SIGTERM'), over };
  }

  test('the first begins the lame-duck time of run, the second forces', async () => {
    const { it, signal, over } = await running({ lameDuckMs: LONG });
    const busy = await it.client();
    busy.request('GET', '/never');
    const real = performance.now.bind(performance);
    let shift = 0;
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => real() + shift);
    onTestFinished(() => clock.mockRestore());
    signal();
    // A terminal's Ctrl-C that reaches the process twice is one.
    signal();
    await expectServing(it, 503);
    shift = 500;
    signal();
    await within(over, 'run resolves');
    await busy.peer.untilEnded();
    expect(await it.server.whenStopped).toEqual({ cut: 1 });
  });

  test('the first one after a stop of the program’s own does not force: it is a further stop', async () => {
    const { it, signal, over } = await running({ graceMs: LONG });
    const stopping = it.server.stop({ lameDuckMs: LONG, graceMs: LONG });
    await expectServing(it, 503);
    const busy = await it.client();
    busy.request('GET', '/never');
    await busy.peer.sent('');
    const state = watched(stopping);
    signal();
    await vi.waitFor(() => expect(it.server.addresses).toEqual([]));
    expect([state.over, busy.peer.ended]).toEqual([false, false]);
    void it.server.stop({ graceMs: 0 });
    await within(over, 'run resolves');
    expect(await stopping).toEqual({ cut: 1 });
  });

  test('in a process of its own', { timeout: 30_000 }, async () => {
    const child = new ServerProcess({
      start: { host: '127.0.0.1', port: 0 },
      run: { lameDuckMs: LONG },
    });
    const busy = await child.client();
    busy.request('GET', '/held');
    await child.untilMessage('held');
    child.child.kill('SIGTERM');
    const asking = await child.client();
    await vi.waitFor(async () => expect((await asking.get('/health')).code).toBe(503));
    expect((await (await child.client()).get('/hello')).text).toBe('Hello World!!');
    await new Promise(resolve => setTimeout(resolve, 600));
    child.child.kill('SIGTERM');
    await child.untilExited();
    expect(child.code).toBe(0);
    expect(child.stderr).toBe('fapws: requests cut at the end of the grace period: 1\n');
  });
});
