// The README says nothing that does not work: its programs are checked and run, its tables are held against the code.

import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { brokenLinksOf, installed, Program, type ReadmeProgram, ReadmeProject, replay } from '@fapws/testing';
import { afterAll, expect, test, vi } from 'vitest';
import { defaultSignals } from '../src/index.ts';

// Processes are started here, maybe on a busy machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const page = resolve(import.meta.dirname, '../README.md');
const readme = readFileSync(page, 'utf8');
const project = new ReadmeProject(['contrib/workers/README.md']);
afterAll(() => project.remove());

const programs = project.programs.map(program => ({
  ...program,
  text: program.text.replaceAll('port: 8080', 'port: 0'),
}));
const having = (...words: string[]): ReadmeProgram[] =>
  programs.filter(({ text }) => words.every(word => text.includes(word)));
const [served] = having('await run(server)') as [ReadmeProgram];
for (const { file, text } of programs) writeFileSync(file, text);
// What the others supervise.
writeFileSync(join(dirname(served.file), 'server.ts'), served.text);

const answerOf = async (origin: string): Promise<string> =>
  (await fetch(origin, { signal: AbortSignal.timeout(20_000), headers: { Connection: 'close' } })).text();

test('all programs are correct under the strict rules of the repository', async () => {
  expect(programs).toHaveLength(5);
  expect(await project.complaints()).toBe('');
});

test.each([...having('await workers('), ...having('await supervisor.run()'), served])(
  '$name runs',
  async ({ file, session }) => {
    await using program = Program.fromSource(file);
    const origin = await program.origin();
    expect(await answerOf(origin)).toBe('Hello World!!\n');
    if (session !== '' && installed('curl')) {
      expect(
        await replay(session, { folder: dirname(file), places: { 'http://127.0.0.1:8080': origin } }),
      ).toBe(session);
    }
    expect(await program.end('SIGTERM'), program.output).toBe(0);
  },
);

test('all options are in its table, with their defaults', () => {
  const source = readFileSync(join(import.meta.dirname, '../src/options.ts'), 'utf8');
  const [options] = source.split('/** Seconds. The first failure') as [string];
  const names = [...options.matchAll(/^ {2}readonly (\w+)\?:/gm)].map(([, name]) => name as string);
  const table = readme.split('## Options')[1]?.split('\n## ')[0] ?? '';
  const rows = [...table.matchAll(/^\| (`.*?`) \|/gm)].flatMap(([, cell]) =>
    [...(cell as string).matchAll(/\w+/g)].map(String),
  );
  expect(rows.toSorted()).toEqual(names.toSorted());
});

test('all signals are in its table, with what they do', () => {
  const table = readme.split('## Signals')[1]?.split('\n## ')[0] ?? '';
  const rows = [...table.matchAll(/^\| (SIG[\w, ]+) \| (`.*?`) \|/gm)].flatMap(([, signals, actions]) => {
    const named = [...(actions as string).matchAll(/\w+/g)].map(String);
    return (signals as string).split(', ').map((signal, index) => [signal, named[index] ?? named[0]]);
  });
  expect(Object.fromEntries(rows)).toEqual(defaultSignals);
});

test('its links lead somewhere', () => {
  expect(brokenLinksOf(page)).toEqual([]);
});
