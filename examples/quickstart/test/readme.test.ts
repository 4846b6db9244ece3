// The READMEs say nothing that does not work: their TypeScript is type-checked and run, what they show is compared with what
// comes out, and their tables and links are held against the repository.
//
// A block that runs a server may be followed by a `console` block: `$ curl …` and what it prints. In other blocks
// `console.log(…); // text` says what is printed.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { defaultLimits, defaultTimeouts } from '@fapws/core';
import { brokenLinksOf, installed, localLinksOf, Program, ReadmeProject, replay } from '@fapws/testing';
import { afterAll, describe, expect, test, vi } from 'vitest';

// Processes are started here, maybe on a busy machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const root = resolve(import.meta.dirname, '../../..');
const project = new ReadmeProject(['README.md', 'packages/core/README.md']);
afterAll(() => project.remove());

const read = (file: string): string => readFileSync(join(root, file), 'utf8');

const servers = project.programs.filter(({ text }) => text.includes('server.run('));
const others = project.programs.filter(program => !servers.includes(program));

test('there is something to check', () => {
  expect(servers.length).toBeGreaterThan(2);
  expect(others.length).toBeGreaterThan(2);
});

test('all blocks are correct under the strict rules of the repository', async () => {
  expect(await project.complaints()).toBe('');
});

test.each(servers)('$name: the server starts, and stops', async ({ file }) => {
  await using program = Program.fromSource(file);
  await program.origin();
  expect(await program.end('SIGTERM'), program.output).toBe(0);
});

test.runIf(installed('curl')).each(servers.filter(({ session }) => session !== ''))(
  '$name: the server answers as shown',
  async ({ file, session }) => {
    await using program = Program.fromSource(file);
    const places = { 'http://127.0.0.1:8080': await program.origin() };
    expect(await replay(session, { folder: root, places })).toBe(session);
  },
);

test.each(others)('$name: prints what its comments say', async ({ file, text }) => {
  const promised = [...text.matchAll(/^console\.log\(.*\); \/\/ (.*)$/gm)].map(([, output]) => `${output}\n`);
  expect(promised).not.toEqual([]);
  await using program = Program.fromSource(file);
  expect(await program.end(), program.output).toBe(0);
  expect(program.output).toBe(promised.join(''));
});

test.each([
  'README.md',
  'packages/core/README.md',
  'docs/README.md',
  'examples/README.md',
  'examples/quickstart/README.md',
])('the links of %s lead somewhere', readme => {
  const file = join(root, readme);
  expect(localLinksOf(read(readme)).length).toBeGreaterThan(0);
  expect(brokenLinksOf(file)).toEqual([]);
});

test('the commands of the READMEs are scripts of the repository', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  for (const readme of ['README.md', 'examples/README.md', 'examples/quickstart/README.md']) {
    const commands = [...read(readme).matchAll(/pnpm@12 ([\w:]+)/g)].map(([, command]) => command as string);
    expect(
      commands.filter(command => !(command in scripts)),
      readme,
    ).toEqual([]);
  }
});

test('the list of packages says which ones are here', () => {
  const rows = read('README.md').matchAll(/^\| .*`@fapws\/.*\| (here|planned) \|$/gm);
  const said = [...rows].flatMap(([row, state]) =>
    [...row.matchAll(/`@fapws\/([\w-]+)`/g)].map(([, name]) => `${name} ${state}`),
  );
  const contrib = readdirSync(join(root, 'contrib')).filter(name =>
    existsSync(join(root, 'contrib', name, 'package.json')),
  );
  expect(said.filter(entry => entry.endsWith(' here')).sort()).toEqual(
    ['core', ...contrib].map(name => `${name} here`).sort(),
  );
});

describe("core's README", () => {
  test.each([
    ['limits', defaultLimits],
    ['timeouts', defaultTimeouts],
  ])('has the %s with their defaults', (what, defaults) => {
    const table = read('packages/core/README.md').split(`\n| \`${what}.\` |`)[1]?.split('\n\n')[0] ?? '';
    const rows = [...table.matchAll(/^\| `(\w+)` \| (\w+) \|/gm)].map(([, name, value]) => [
      name,
      Number(value),
    ]);
    expect(Object.fromEntries(rows)).toEqual(defaults);
  });

  test('has everything that can be done with a server', () => {
    const source =
      read('packages/core/src/server.ts').split('export class Server {')[1]?.split('\n}\n')[0] ?? '';
    const members = [...source.matchAll(/^ {2}(?:async |get )?([a-z]\w*)[(<]/gm)].map(
      ([, name]) => name as string,
    );
    expect(members).toContain('run');
    const text = read('packages/core/README.md');
    const missing = members.filter(name => name !== 'constructor' && !new RegExp(`\`${name}\\b`).test(text));
    expect(missing).toEqual([]);
  });
});
