// The README: its programs run and print what it says, its tables have what there is.

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { brokenLinksOf, installed, Program, ReadmeProject, replay } from '@fapws/testing';
import { afterAll, expect, test, vi } from 'vitest';
import { defaultFormLimits } from '../src/index.ts';

// Processes are started here, maybe on a busy machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const root = resolve(import.meta.dirname, '../../..');
const file = resolve(import.meta.dirname, '../README.md');
const project = new ReadmeProject(['contrib/forms/README.md']);
afterAll(() => project.remove());

const servers = project.programs.filter(({ text }) => text.includes('server.run('));
const others = project.programs.filter(program => !servers.includes(program));

test('its programs are correct under the strict rules of the repository', async () => {
  expect(await project.complaints()).toBe('');
});

test.runIf(installed('curl')).each(servers)(
  '$name: answers as shown, and stops',
  async ({ file, session }) => {
    await using program = Program.fromSource(file);
    const places = { 'http://127.0.0.1:8080': await program.origin() };
    expect(session).not.toBe('');
    expect(await replay(session, { folder: root, places })).toBe(session);
    expect(await program.end('SIGTERM'), program.output).toBe(0);
  },
);

test.each(others)('$name: prints what its comments say', async ({ file, text }) => {
  const promised = [...text.matchAll(/^console\.log\(.*\); \/\/ (.*)$/gm)].map(([, output]) => `${output}\n`);
  expect(promised).not.toEqual([]);
  await using program = Program.fromSource(file);
  expect(await program.end(), program.output).toBe(0);
  expect(program.output).toBe(promised.join(''));
});

test('it has the limits with their defaults', () => {
  const table = readFileSync(file, 'utf8').split('\n| `limits.` |')[1]?.split('\n\n')[0] ?? '';
  const rows = [...table.matchAll(/^\| `(\w+)` \| (\d+) \|/gm)].map(([, name, value]) => [
    name,
    Number(value),
  ]);
  expect(Object.fromEntries(rows)).toEqual(defaultFormLimits);
});

test('its links lead somewhere', () => {
  expect(brokenLinksOf(file)).toEqual([]);
});
