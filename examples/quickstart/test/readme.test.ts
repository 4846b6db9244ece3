// The READMEs say nothing that does not work: their TypeScript is type-checked and run, what they show is compared with what
// comes out, and their tables and links are held against the repository.
//
// A block that runs a server may be followed by a `console` block: `$ curl …` and what it prints. In other blocks
// `console.log(…); // text` says what is printed.

import { execFile } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { defaultLimits, defaultTimeouts } from '@fapws/core';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { Program } from './process.ts';

// Processes are started here, maybe on a busy machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const root = resolve(import.meta.dirname, '../../..');
const project = mkdtempSync(join(tmpdir(), 'fapws-readme-'));

const read = (file: string): string => readFileSync(join(root, file), 'utf8');

/** Markdown without its code, where brackets mean something else. */
const proseOf = (markdown: string): string =>
  markdown.replace(/^```[\s\S]*?^```$/gm, '').replace(/`[^`\n]*`/g, '``');

interface Block {
  readonly language: string;
  readonly text: string;
}

function blocksOf(markdown: string): Block[] {
  return [...markdown.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(([, language, text]) => ({
    language: language as string,
    text: text as string,
  }));
}

/** A program of a README, and what its reader is shown besides. */
interface Example {
  readonly name: string;
  readonly file: string;
  readonly text: string;
  /** The terminal session that follows it. */
  readonly session: string;
}

const examples: Example[] = ['README.md', 'packages/core/README.md'].flatMap(readme => {
  const blocks = blocksOf(read(readme));
  return blocks.flatMap(({ language, text }, at) => {
    if (language !== 'ts') return [];
    const following = blocks[at + 1];
    return {
      name: `${readme}, block ${at + 1}`,
      file: join(project, `${readme.replaceAll('/', '-')}-${at + 1}.ts`),
      text,
      session: following?.language === 'console' ? following.text : '',
    };
  });
});

const servers = examples.filter(({ text }) => text.includes('server.run('));
const others = examples.filter(example => !servers.includes(example));

beforeAll(() => {
  // A project of a user's: the packages are found by their names.
  mkdirSync(join(project, 'node_modules/@fapws'), { recursive: true });
  symlinkSync(join(root, 'packages/core'), join(project, 'node_modules/@fapws/core'), 'junction');
  writeFileSync(join(project, 'package.json'), '{ "type": "module" }\n');
  for (const { file, text } of examples)
    writeFileSync(file, text.replace("'127.0.0.1', 8080", "'127.0.0.1', 0"));
});

afterAll(() => rmSync(project, { recursive: true, force: true }));

test('there is something to check', () => {
  expect(servers.length).toBeGreaterThan(2);
  expect(others.length).toBeGreaterThan(2);
});

test('all blocks are correct under the strict rules of the repository', async () => {
  const config = {
    extends: join(root, 'tsconfig.base.json'),
    compilerOptions: {
      typeRoots: [join(root, 'node_modules/@types')],
      // A callback that does not look at its environ is given one all the same.
      noUnusedParameters: false,
    },
    files: examples.map(({ file }) => file),
  };
  writeFileSync(join(project, 'tsconfig.json'), JSON.stringify(config));
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const { stdout } = await promisify(execFile)(process.execPath, [tsc, '-p', project]).catch(
    failure => failure,
  );
  expect(stdout).toBe('');
});

test.each(servers)('$name: the server starts, answers as shown, and stops', async example => {
  await using program = new Program(example.file);
  const origin = await program.origin();
  const said: string[] = [];
  for (const line of example.session.split('\n').filter(line => line.startsWith('$ '))) {
    said.push(`${line}\n${await curl(line, origin)}`);
  }
  expect(said.join('')).toBe(example.session);
  expect(await program.end('SIGTERM'), program.output).toBe(0);
});

test.each(others)('$name: prints what its comments say', async ({ file, text }) => {
  const promised = [...text.matchAll(/^console\.log\(.*\); \/\/ (.*)$/gm)].map(([, output]) => `${output}\n`);
  expect(promised).not.toEqual([]);
  await using program = new Program(file);
  expect(await program.end(), program.output).toBe(0);
  expect(program.output).toBe(promised.join(''));
});

/** What `$ curl [-d content] URL` prints. Any other command is a mistake in the README, or new here. */
async function curl(line: string, origin: string): Promise<string> {
  const found = /^\$ curl (?:-d (\S+) )?http:\/\/127\.0\.0\.1:8080(\/\S*)$/.exec(line);
  if (found === null) throw new Error(`this test does not understand: ${line}`);
  const [, content, path] = found;
  const request =
    content === undefined
      ? {}
      : { method: 'POST', body: new URLSearchParams(content).toString().replace(/=$/, '') };
  const response = await fetch(`${origin}${path}`, { ...request, signal: AbortSignal.timeout(10_000) });
  return response.text();
}

test.each([
  'README.md',
  'packages/core/README.md',
  'docs/README.md',
  'examples/README.md',
  'examples/quickstart/README.md',
])('the links of %s lead somewhere', readme => {
  const links = [...proseOf(read(readme)).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link as string);
  const local = links.filter(link => !/^(https:|#)/.test(link));
  expect(local.length).toBeGreaterThan(0);
  expect(local.filter(link => !existsSync(join(root, dirname(readme), link.replace(/#.*/, ''))))).toEqual([]);
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
