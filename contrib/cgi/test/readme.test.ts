// The README's program is type-checked and run, and its terminal session is what comes out; its table has all options.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brokenLinksOf, Program, ReadmeProject, replay } from '@fapws/testing';
import { afterAll, expect, test, vi } from 'vitest';
import { defaultLimits, defaultTimeouts, optionNames } from '../src/options.ts';

vi.setConfig({ testTimeout: 60_000 });

const project = new ReadmeProject(['contrib/cgi/README.md']);
const folder = mkdtempSync(join(tmpdir(), 'fapws-cgi-'));
afterAll(() => {
  project.remove();
  rmSync(folder, { recursive: true, force: true });
});

test('its programs keep the strict rules of the repository', async () => {
  expect(await project.complaints()).toBe('');
});

test.each(project.programs)('$name does what is shown', async ({ file, text, session }) => {
  // It writes where it runs, and a test is not to leave anything in the repository.
  const moved = text
    .replaceAll("'cgi-bin", `'${folder}/cgi-bin`)
    .replace("'127.0.0.1', 8080", "'127.0.0.1', 0");
  writeFileSync(file, moved);
  await using program = Program.fromSource(file);
  const places = { 'http://127.0.0.1:8080': await program.origin() };
  expect(await replay(session, { folder, places })).toBe(session);
  expect(await program.end('SIGTERM'), program.output).toBe(0);
});

test('it has all options with their defaults, and its links lead somewhere', () => {
  const file = new URL('../README.md', import.meta.url).pathname;
  const rows = new Map(
    [...readFileSync(file, 'utf8').matchAll(/^\| `([\w.]+)` \| [^|]+ \| ([^|]+) \|/gm)].map(
      ([, name, value]) => [name, value],
    ),
  );
  const bounds = Object.entries({ timeouts: defaultTimeouts, limits: defaultLimits }).flatMap(
    ([of, defaults]) =>
      Object.entries(defaults).map(([name, value]) => [`${of}.${name}`, String(value)] as const),
  );
  for (const [name, value] of bounds) expect(rows.get(name), name).toBe(value);
  const others = optionNames.filter(name => name !== 'timeouts' && name !== 'limits');
  expect([...rows.keys()].sort()).toEqual([...others, ...bounds.map(([name]) => name)].sort());
  expect(brokenLinksOf(file)).toEqual([]);
});
