// The README says nothing that does not work: its programs are checked and run, its tables are held against the code.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { blocksOf, brokenLinksOf, Program, type ReadmeProgram, ReadmeProject } from '@fapws/testing';
import { afterAll, describe, expect, test, vi } from 'vitest';
import type { PythonStatus } from '../src/index.ts';
import { bounded, hasPython } from './front.ts';

// Processes are started here, maybe on a busy machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const file = resolve(import.meta.dirname, '../README.md');
const readme = readFileSync(file, 'utf8');
const project = new ReadmeProject(['contrib/wsgi/README.md']);
const before = process.cwd();
const folder = dirname((project.programs[0] as ReadmeProgram).file);
// Where its programs look for their application.
process.chdir(folder);
mkdirSync(join(folder, 'templates'));
writeFileSync(join(folder, '.env'), '');
writeFileSync(join(folder, '.env.local'), '');
writeFileSync(
  join(folder, 'hello.py'),
  blocksOf(readme).find(({ language }) => language === 'py')?.text ?? '',
);
afterAll(() => {
  process.chdir(before);
  project.remove();
});

const servers = project.programs.filter(({ text }) => text.includes('server.run('));

test('all blocks are correct under the strict rules of the repository', async () => {
  expect(servers.length).toBeGreaterThanOrEqual(3);
  expect(await project.complaints()).toBe('');
});

describe.runIf(hasPython)('programs', () => {
  test.each(servers)('$name: Python answers, and the program ends when it is told to', async ({ file }) => {
    await using program = Program.fromSource(file);
    const answer = await fetch(`${await program.origin()}/`);
    expect(await answer.text()).toBe('Hello from Python!\n');
    expect(await program.end('SIGTERM'), program.output).toBe(0);
  });

  test('at SIGHUP the processes are new ones, and what was announced is said of the others', async () => {
    const operating = servers.find(({ text }) => text.includes('SIGHUP')) as ReadmeProgram;
    await using program = Program.fromSource(operating.file);
    const origin = await program.origin();
    const pids = async (): Promise<(number | undefined)[]> => {
      const status = (await (await fetch(`${origin}/status`)).json()) as PythonStatus;
      return status.workers.map(({ pid }) => pid);
    };
    const first = await pids();
    expect(first).toHaveLength(4);
    process.kill(program.pid, 'SIGHUP');
    await bounded(program.prints(/^python \d+ has ended: reload, 0 requests lost$/m, 4), 50_000, 'reload');
    for (const pid of first) expect(program.output).toContain(`python ${pid} has ended: reload`);
    expect((await pids()).filter(pid => first.includes(pid))).toEqual([]);
    expect(await program.end('SIGTERM'), program.output).toBe(0);
    expect(program.output.match(/has ended: close/g)).toHaveLength(4);
  });
});

test('all options are in its table, with their defaults', () => {
  const source = ['options.ts', 'supervision-options.ts']
    .map(name => readFileSync(join(import.meta.dirname, '../src', name), 'utf8'))
    .join('\n');
  const options = /^export const supervisionNames[^[]*\[\]\)?[^[]*\[([^\]]*)\]/m.exec(source)?.[1] ?? '';
  const names = /^const names[^[]*\[\][^[]*\[([^\]]*)\]/m.exec(source)?.[1] ?? '';
  const expected = [...`${options}${names}`.matchAll(/'(\w+)'/g)].map(([, name]) => name).sort();
  expect(expected).toContain('workers');
  expect(expected).toContain('python');
  const rows = [...readme.matchAll(/^\| `(\w+)` \| .* \| (.*) \| .* \|$/gm)];
  expect(rows.map(([, name]) => name).sort()).toEqual(expected);
  for (const [, value, name] of source.matchAll(
    /@default (\d\S*|Infinity|true|false|'\S+')[ \n]*(?:\*\/|\n\s*\*\/)\n\s*readonly (\w+)\?/g,
  )) {
    const row = rows.find(([, each]) => each === name);
    // Those of nested options are told otherwise.
    if (row !== undefined) expect([name, row[2]]).toEqual([name, `\`${value}\``]);
  }
});

test('all events are in its table, with their types', () => {
  const source = readFileSync(join(import.meta.dirname, '../src/events.ts'), 'utf8');
  const expected = [...source.matchAll(/^ {2}'(fapws:\S+)': (\w+);$/gm)].map(([, name, type]) => [
    name,
    type,
  ]);
  expect(expected.length).toBeGreaterThan(5);
  const rows = [...readme.matchAll(/^\| `(fapws:\S+)` \| .* \| `(\w+)`: .* \|$/gm)].map(([, name, type]) => [
    name,
    type,
  ]);
  expect(rows).toEqual(expected);
  const reasons = /^export type EndReason =([\s\S]*?);/m.exec(source)?.[1] ?? '';
  const said = /^A `reason` is (.*)\.$/m.exec(readme)?.[1] ?? '';
  const words = (text: string, quote: string): string[] => text.split(quote).filter((_, at) => at % 2 === 1);
  expect(words(said, '`')).toEqual(words(reasons, "'"));
});

test('its links lead somewhere', () => {
  expect(brokenLinksOf(file)).toEqual([]);
});
