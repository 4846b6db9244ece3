import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Example, installed, shownOrigin } from '@fapws/testing';
import { afterAll, expect, test, vi } from 'vitest';

// Processes are started here, maybe on a busy machine.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

const example = new Example(import.meta.dirname);
const folder = mkdtempSync(join(tmpdir(), 'fapws-timers-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const vote = (origin: string, fruit: string): Promise<Response> =>
  fetch(`${origin}/votes/${fruit}`, { method: 'POST' });
const votes = async (origin: string): Promise<unknown> => (await fetch(`${origin}/votes`)).json();

test.runIf(installed('curl'))('the README shows what comes out', async () => {
  await using program = example.start({ DATABASE: join(folder, 'readme.db') });
  const { shown, went } = await example.followReadme({ [shownOrigin]: await program.origin() });
  expect(went).toBe(shown);
});

test('votes wait until the timer commits them, once for all, and again for those that come later', async () => {
  await using program = example.start({ DATABASE: join(folder, 'timer.db') });
  const origin = await program.origin();
  for (let count = 0; count < 50; count += 1) expect((await vote(origin, 'apple')).status).toBe(202);
  expect((await vote(origin, 'potato')).status).toBe(404);
  await expect.poll(() => votes(origin), { timeout: 10_000 }).toEqual({ apple: 50 });
  await vote(origin, 'apple');
  await expect.poll(() => votes(origin), { timeout: 10_000 }).toEqual({ apple: 51 });
  // Two ticks of the timer at least, and three if one came while the votes did.
  expect([2, 3]).toContain(program.output.match(/committed \d+ votes\n/g)?.length);
});

test('a stopped server has committed all votes, and the next one finds them', async () => {
  const DATABASE = join(folder, 'stop.db');
  await using program = example.start({ DATABASE });
  await vote(await program.origin(), 'pear');
  expect(await program.end('SIGTERM'), program.output).toBe(0);
  await using next = example.start({ DATABASE });
  expect(await votes(await next.origin())).toEqual({ pear: 1 });
});
