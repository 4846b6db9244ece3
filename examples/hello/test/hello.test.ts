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

test('the length of a list is known, that of what a generator yields is not', async () => {
  const list = await fetch(`${origin}/hello`);
  expect(list.headers.get('content-length')).toBe('14');
  expect(await list.text()).toBe('Hello World!!\n');
  const generator = await fetch(`${origin}/iterhello`);
  expect(generator.headers.get('transfer-encoding')).toBe('chunked');
  expect(await generator.text()).toBe('Hello from a generator!!\n');
});

test('Ctrl-C ends it', async () => {
  await using second = example.start();
  await second.origin();
  expect(await second.end('SIGINT')).toBe(0);
});
