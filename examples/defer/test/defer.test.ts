import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Example, installed, shownOrigin } from '@fapws/testing';
import { afterAll, expect, test, vi } from 'vitest';

// Processes are started here, maybe on a busy machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 30_000 });

const example = new Example(import.meta.dirname);
const folder = mkdtempSync(join(tmpdir(), 'fapws-defer-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Order {
  readonly number: number;
  readonly item: string;
  readonly receipt: string;
}
const order = (origin: string, item: string): Promise<Response> =>
  fetch(`${origin}/orders/${item}`, { method: 'POST' });

test.runIf(installed('curl'))('the README shows what comes out', async () => {
  await using program = example.start({ ORDERS: join(folder, 'readme.json') });
  const { shown, went } = await example.followReadme({
    [shownOrigin]: await program.origin(),
    '/tmp/hundred-orders': join(folder, 'hundred-orders'),
  });
  expect(went).toBe(shown);
});

test('many orders at once are saved a few times, and all receipts are made', async () => {
  const ORDERS = join(folder, 'many.json');
  await using program = example.start({ ORDERS });
  const origin = await program.origin();
  const answers = await Promise.all(Array.from({ length: 60 }, (_, at) => order(origin, `cup-${at}`)));
  expect(answers.map(({ status }) => status)).toEqual(Array(60).fill(202));
  await program.prints(/^\d+ deferred functions wait$/m);
  await expect
    .poll(
      async () =>
        ((await (await fetch(`${origin}/orders`)).json()) as Order[]).filter(({ receipt }) => receipt === ''),
      {
        timeout: 20_000,
      },
    )
    .toEqual([]);
  await program.prints(/saved 60 orders/);
  expect(program.output.match(/saved/g)?.length).toBeLessThan(30);
});

test('what waits when the server stops is still done', async () => {
  const ORDERS = join(folder, 'stop.json');
  await using program = example.start({ ORDERS });
  const origin = await program.origin();
  await Promise.all(Array.from({ length: 20 }, (_, at) => order(origin, `cup-${at}`)));
  expect(await program.end('SIGTERM'), program.output).toBe(0);
  expect((JSON.parse(readFileSync(ORDERS, 'utf8')) as Order[]).length).toBe(20);
});
