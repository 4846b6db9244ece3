import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { Example, installed, shownOrigin } from '@fapws/testing';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';

// A process is started here, maybe on a busy machine.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

const example = new Example(import.meta.dirname);
const program = example.start();
let origin: string;
beforeAll(async () => {
  origin = await program.origin();
});
afterAll(() => program[Symbol.asyncDispose]());

test.runIf(installed('curl'))('the README shows what comes out', async () => {
  const { shown, went } = await example.followReadme({ [shownOrigin]: origin });
  expect(went).toBe(shown);
});

test('the job tells each step when it begins', async () => {
  const response = await fetch(`${origin}/job`);
  expect(response.status).toBe(202);
  const pieces: string[] = [];
  const times: number[] = [];
  for await (const piece of response.body ?? []) {
    pieces.push(Buffer.from(piece).toString());
    times.push(performance.now());
  }
  expect(pieces).toEqual(['peel …\n', 'boil …\n', 'mash …\n', 'done\n']);
  expect((times.at(-1) as number) - (times[0] as number)).toBeGreaterThan(1000);
});

test('a client that leaves is no error, neither while a job sleeps nor while numbers are made', async () => {
  for (const path of ['job', 'count']) {
    const leave = new AbortController();
    const response = await fetch(`${origin}/${path}`, { signal: leave.signal });
    await response.body?.getReader().read();
    leave.abort();
  }
  await program.prints(/count: the client left before \d+\n/);
  expect(program.output).not.toMatch(/AbortError/);
});

test('a job goes no further when its client has left', async () => {
  await using own = example.start();
  const url = `${await own.origin()}/job`;
  const left = await get(url);
  await once(left, 'data');
  left.destroy();
  // Another one, begun later, goes to its end.
  expect(await (await fetch(url)).text()).toMatch(/done\n$/);
  expect(own.output.match(/job: \w+/g)).toEqual(['job: peel', 'job: peel', 'job: boil', 'job: mash']);
});

test('numbers follow each other as far as a client reads', async () => {
  const response = await get(`${origin}/count`);
  let seen = '';
  for await (const piece of response) {
    seen += piece;
    if (seen.includes('\n20000\n')) break;
  }
  const numbers = seen.split('\n').slice(0, 20_000);
  expect(numbers).toEqual(Array.from({ length: 20_000 }, (_, at) => String(at + 1)));
});

test('no numbers are made while a client does not read', async () => {
  await using own = example.start();
  const response = await get(`${await own.origin()}/count`);
  // A second is enough for tens of millions of them. What the sockets hold is less than ten megabytes.
  await sleep(1000);
  response.destroy();
  const made = Number((await own.prints(/count: the client left before (\d+)/))[1]);
  expect(made).toBeGreaterThan(1000);
  expect(made).toBeLessThan(2_000_000);
});

async function get(url: string): Promise<IncomingMessage> {
  const [response] = await once(request(url).end(), 'response');
  return response.setEncoding('utf8');
}

test('the failure is reported, and the answer is never taken for whole', async () => {
  const response = await fetch(`${origin}/broken`);
  await expect(response.text()).rejects.toThrow();
  await program.prints(/the other half is missing/);
});
