// The README says nothing that does not work: its programs are checked and run, its table is held against the code.

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { brokenLinksOf, installed, Program, ReadmeProject, replay } from '@fapws/testing';
import { afterAll, expect, test, vi } from 'vitest';

// Processes are started here, maybe on a busy machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const root = resolve(import.meta.dirname, '../../..');
const file = resolve(import.meta.dirname, '../README.md');
const readme = readFileSync(file, 'utf8');
const project = new ReadmeProject(['contrib/gzip/README.md']);
afterAll(() => project.remove());

const servers = project.programs.filter(({ text }) => text.includes('server.run('));
const others = project.programs.filter(program => !servers.includes(program));

test('all blocks are correct under the strict rules of the repository', async () => {
  expect(servers.length).toBe(1);
  expect(others.length).toBe(1);
  expect(await project.complaints()).toBe('');
});

test.runIf(installed('curl')).each(servers)(
  '$name: the server answers as shown, and stops',
  async program => {
    await using running = Program.fromSource(program.file);
    const places = { 'http://127.0.0.1:8080': await running.origin() };
    expect(await replay(program.session, { folder: root, places })).toBe(program.session);
    expect(await running.end('SIGTERM'), running.output).toBe(0);
  },
);

test.each(others)('$name: prints what its comments say', async program => {
  const promised = [...program.text.matchAll(/^console\.log\(.*\); \/\/ (.*)$/gm)].map(
    ([, output]) => `${output}\n`,
  );
  await using running = Program.fromSource(program.file);
  expect(await running.end(), running.output).toBe(0);
  expect(running.output).toBe(promised.join(''));
});

test('all options are in its table, with their defaults', () => {
  const source = readFileSync(resolve(import.meta.dirname, '../src/options.ts'), 'utf8');
  const documented = [...source.matchAll(/@default ([^*\n]+?)(?: \*\/|\n).*?readonly (\w+)\?/gs)].map(
    ([, value, name]) => [name, value?.replace(/[,:] .*/, text => (/^[[{]/.test(value) ? text : ''))],
  );
  const rows = [...readme.matchAll(/^\| `(\w+)` \| .*? \| ([^|]*) \| .* \|$/gm)].map(([, name, value]) => [
    name,
    value?.replaceAll('`', ''),
  ]);
  expect(documented.length).toBe(8);
  expect(rows.filter(([name]) => name !== 'encodings')).toEqual(
    documented.filter(([name]) => name !== 'encodings'),
  );
});

test('its links lead somewhere', () => {
  expect(brokenLinksOf(file)).toEqual([]);
});
