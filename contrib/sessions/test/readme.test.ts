// The README's program is type-checked and run, and its terminal session is what comes out; its table has all options.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brokenLinksOf, Program, ReadmeProject, replay } from '@fapws/testing';
import { afterAll, expect, test, vi } from 'vitest';
import { cookieOptionNames } from '../src/cookie.ts';
import { optionNames } from '../src/options.ts';

vi.setConfig({ testTimeout: 60_000 });

const project = new ReadmeProject(['contrib/sessions/README.md']);
const folder = mkdtempSync(join(tmpdir(), 'fapws-sessions-'));
afterAll(() => {
  project.remove();
  rmSync(folder, { recursive: true, force: true });
});

test('its programs keep the strict rules of the repository', async () => {
  expect(await project.complaints()).toBe('');
});

test.each(project.programs)('$name does what is shown', async ({ file, session }) => {
  await using program = Program.fromSource(file);
  const places = { 'http://127.0.0.1:8080': await program.origin() };
  expect(await replay(session, { folder, places })).toBe(session);
  expect(await program.end('SIGTERM'), program.output).toBe(0);
});

test('it has all options, and its links lead somewhere', () => {
  const file = new URL('../README.md', import.meta.url).pathname;
  const rows = [...readFileSync(file, 'utf8').matchAll(/^\| (`[^|]*`) \|/gm)]
    .map(([, names]) => names)
    .join();
  const names = [
    ...optionNames.filter(name => name !== 'cookie'),
    ...cookieOptionNames.map(name => `cookie.${name}`),
  ];
  expect(names.filter(name => !rows.includes(`\`${name}\``))).toEqual([]);
  expect(brokenLinksOf(file)).toEqual([]);
});
