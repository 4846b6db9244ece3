// Mistakes in options are told at once, and what is not said has its default.

import { availableParallelism } from 'node:os';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { settingsOf } from '../src/options.ts';

const program = import.meta.filename;

test('what is not said has its default, as the README says', () => {
  const settings = settingsOf(program, { execArgv: undefined, backoff: { first: undefined as never } });
  expect(settings).toMatchObject({
    program,
    listen: [],
    workers: availableParallelism(),
    args: [],
    startMs: 60_000,
    heartbeatMs: 30_000,
    stop: { graceMs: 10_000, lameDuckMs: 0 },
    maxRequests: Number.POSITIVE_INFINITY,
    maxLifetimeMs: Number.POSITIVE_INFINITY,
    maxMemory: Number.POSITIVE_INFINITY,
    backoff: { first: 0.5, longest: 30, stable: 10 },
  });
});

test('a program is a path or a URL', () => {
  expect(settingsOf(pathToFileURL(program), {}).program).toBe(program);
  expect(settingsOf(pathToFileURL(program).href, {}).program).toBe(program);
  expect(settingsOf('package.json', {}).program).toBe(`${process.cwd()}/package.json`);
  for (const missing of ['no/such/program.ts', import.meta.dirname]) {
    expect(() => settingsOf(missing, {})).toThrow(
      expect.objectContaining({
        code: 'FAPWS_WORKERS_PROGRAM',
        message: expect.stringMatching(
          /^There is no program \/.*looked for in the folder in which this process runs/,
        ),
      }),
    );
  }
});

test('workers do not share the port of an inspector', () => {
  const before = process.execArgv;
  process.execArgv = [
    '--inspect',
    '--inspect-brk=0',
    '--no-warnings',
    '--inspect-port=1',
    '--inspector-like',
  ];
  try {
    expect(settingsOf(program, {}).execArgv).toEqual(['--no-warnings', '--inspector-like']);
  } finally {
    process.execArgv = before;
  }
});

test.each([
  [{ wokers: 2 }, /^There is no option of a supervisor called wokers\. There are: workers, /],
  [{ workers: 0 }, /^workers is 0\. It has to be a whole number from 1 to 1024\.$/],
  [{ workers: 1.5 }, /^workers is 1\.5\./],
  [{ workers: 8080 }, /^workers is 8080\./],
  [{ workers: '2' }, /^workers is 2\. It has to be a whole number/],
  [{ startTimeout: 0 }, /^startTimeout is 0\. It has to be a number from 0\.001 on\.$/],
  [{ heartbeatTimeout: -1 }, /^heartbeatTimeout is -1\./],
  [{ graceMs: Number.NaN }, /^graceMs is NaN\./],
  [{ lameDuckMs: '5' }, /^lameDuckMs is 5\./],
  [{ maxMemory: 0 }, /^maxMemory is 0\./],
  [
    { backoff: { frist: 1 } },
    /^There is no part of backoff called frist\. There are: first, longest, stable\.$/,
  ],
  [{ backoff: { longest: -1 } }, /^backoff\.longest is -1\./],
])('%j', (options, message) => {
  expect(() => settingsOf(program, options as object)).toThrow(RangeError);
  expect(() => settingsOf(program, options as object)).toThrow(message);
});

test('a time that no timer holds is the longest that one does', () => {
  const { stop } = settingsOf(program, { graceMs: Number.POSITIVE_INFINITY });
  expect(stop.graceMs).toBe(2_147_483_647);
});
