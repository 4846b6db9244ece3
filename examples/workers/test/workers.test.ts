import { Example, installed, shownOrigin } from '@fapws/testing';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';

// Processes are started here, maybe on a busy machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const example = new Example(import.meta.dirname);
const program = example.start();
let origin: string;
beforeAll(async () => {
  origin = await program.origin();
});
afterAll(() => program[Symbol.asyncDispose]());

/** Asks on a connection of its own, so that any worker may answer. */
const ask = async (path: string, method = 'GET'): Promise<string> =>
  (
    await fetch(origin + path, {
      method,
      headers: { Connection: 'close' },
      signal: AbortSignal.timeout(20_000),
    })
  ).text();
const signal = async (name: NodeJS.Signals): Promise<boolean> =>
  process.kill(Number(await ask('/primary')), name);

test('SIGHUP replaces both workers, and nobody is refused meanwhile', async () => {
  const seen = new Set<string>();
  let over = false;
  const asking = (async () => {
    while (!over) seen.add(await ask('/'));
  })();
  await signal('SIGHUP');
  await program.prints(/^fapws: rolling restart: done$/m);
  const before = new Set(seen);
  over = true;
  // It rejects if any request has failed.
  await asking;
  expect(before.size).toBeGreaterThan(0);
  expect(program.output).not.toContain('given up');
});

test('a worker that crashes is replaced', async () => {
  expect(await ask('/crash', 'POST')).toMatch(/^worker [12] is about to crash\n$/);
  await program.prints(/^fapws: worker [12] \(process \d+\) ended with exit code 1$/m);
  expect(program.output).toContain('Error: nobody catches this');
  expect(await ask('/')).toMatch(/^worker [12] \(process \d+\)\n$/);
});

test.runIf(installed('curl'))('the README shows what comes out', async () => {
  const { shown, went } = await example.followReadme({ [shownOrigin]: origin });
  expect(went).toBe(shown);
  await program.prints(/^fapws: 3 workers: done$/m);
});

test('Ctrl-C ends it', async () => {
  await using second = example.start();
  await second.origin();
  expect(await second.end('SIGINT')).toBe(0);
});
