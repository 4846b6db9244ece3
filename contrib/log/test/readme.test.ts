// The README says nothing that does not work: its programs are checked and run, its tables are held against the code.

import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { brokenLinksOf, Program, type ReadmeProgram, ReadmeProject } from '@fapws/testing';
import { afterAll, expect, test, vi } from 'vitest';
import { atoms } from '../src/atoms.ts';

// Processes are started here, maybe on a busy machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const file = resolve(import.meta.dirname, '../README.md');
const readme = readFileSync(file, 'utf8');
const project = new ReadmeProject(['contrib/log/README.md']);
const before = process.cwd();
// Where its programs may leave files.
process.chdir(dirname((project.programs[0] as ReadmeProgram).file));
afterAll(() => {
  process.chdir(before);
  project.remove();
});

const servers = project.programs.filter(({ text }) => text.includes('server.run('));
const others = project.programs.filter(program => !servers.includes(program));

test('all blocks are correct under the strict rules of the repository', async () => {
  expect(servers.length).toBe(1);
  expect(await project.complaints()).toBe('');
});

test.each(servers)('$name: the server logs what it is asked', async ({ file }) => {
  await using program = Program.fromSource(file);
  const response = await fetch(`${await program.origin()}/hello`, { headers: { 'User-Agent': 'a test' } });
  expect(await response.text()).toBe('Hello World!!\n');
  expect(await program.end('SIGTERM'), program.output).toBe(0);
  expect(program.output).toMatch(/^127\.0\.0\.1 - - \[.*\] "GET \/hello HTTP\/1\.1" 200 14 "-" "a test"$/m);
});

test.each(others)('$name: prints what its comments say', async ({ file, text }) => {
  const promised = [...text.matchAll(/^console\.log\(.*\); \/\/ (.*)$/gm)].map(([, output]) => `${output}\n`);
  expect(promised).not.toEqual([]);
  await using program = Program.fromSource(file);
  expect(await program.end(), program.output).toBe(0);
  expect(program.output).toBe(promised.join(''));
});

test('all atoms are in its table', () => {
  const table = readme.split('| atom | is |')[1]?.split('\n\n')[0] ?? '';
  const said = new Set([...table.matchAll(/%(?:>|\{[^}]*\})?([A-Za-z])/g)].map(([, letter]) => letter));
  for (const absent of ['O', 'I', 'S']) said.delete(absent);
  expect([...said].sort()).toEqual(Object.keys(atoms).sort());
});

test('all options are in its table, with their defaults', () => {
  const source = readFileSync(join(import.meta.dirname, '../src/options.ts'), 'utf8');
  const documented = [...source.matchAll(/@default (\S+).*\n\s*\*\/\n\s*readonly (\w+)\?/g)].map(
    ([, value, name]) => [name, value],
  );
  const rows = [...readme.matchAll(/^\| `(\w+)` \| .* \| (.*) \| .* \|$/gm)].map(([, name, value]) => [
    name,
    value?.replaceAll('`', ''),
  ]);
  // Its default is said in words.
  const inWords = ([name]: (string | undefined)[]): boolean => name !== 'report';
  expect(rows.filter(inWords)).toEqual(documented.filter(inWords));
  expect(rows.map(([name]) => name)).toContain('report');
});

test('its links lead somewhere', () => {
  expect(brokenLinksOf(file)).toEqual([]);
});
