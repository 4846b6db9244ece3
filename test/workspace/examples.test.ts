// The examples as a visitor finds them: listed, of one shape, and started by one command in a fresh checkout.

import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { brokenLinksOf, Program, pathTo, pythonWith } from '../../packages/testing/src/index.ts';
import { cleanEnvironment, copyOfRepository, pnpm, root } from '../commands.ts';

const read = (...path: string[]): string => readFileSync(join(root, 'examples', ...path), 'utf8');

const examples = readdirSync(join(root, 'examples')).filter(name =>
  existsSync(join(root, 'examples', name, 'package.json')),
);
/** The first has a command of its own at the root, which `.ci/start.mjs` tries; the second is the guide's, and tried with it. */
const others = ['quickstart', 'deploy'];
const samples = examples.filter(name => !others.includes(name));
/** What those in Python want of the machine. */
const modules: Record<string, string> = {
  bottle: 'bottle',
  django: 'django',
  falcon: 'falcon',
  flask: 'flask',
  mixed: 'django',
};

test('examples/README.md lists all of them, in a line each, and nothing else', () => {
  const rows = [...read('README.md').matchAll(/^\| \[([\w-]+)\]\(([\w-]+)\/\) \| \S/gm)];
  expect(rows.map(([, name]) => name).sort()).toEqual([...examples].sort());
  expect(rows.map(([, , folder]) => folder)).toEqual(rows.map(([, name]) => name));
  expect(brokenLinksOf(join(root, 'examples/README.md'))).toEqual([]);
});

describe.each(samples)('%s', name => {
  const manifest = JSON.parse(read(name, 'package.json'));
  const readme = read(name, 'README.md');

  test('is called as its folder, is not published, and starts as the others do', () => {
    expect(manifest).toMatchObject({ name: `@fapws/example-${name}`, private: true });
    const hello = JSON.parse(read('hello', 'package.json'));
    const scriptsOf = ({ scripts }: { scripts: object }) =>
      JSON.stringify(scripts).replaceAll(`example-${name}`, '');
    expect(scriptsOf(manifest)).toBe(scriptsOf(hello).replaceAll('example-hello', ''));
  });

  test('has a README that says how to start it, links to all of its sources and leads nowhere else', () => {
    expect(readme).toMatch(new RegExp(`^# ${name}\\n`));
    expect(readme).toContain(
      `npx -y pnpm@12 start    # here; at the root: npx -y pnpm@12 --filter @fapws/example-${name} start\n`,
    );
    const unnamed = readdirSync(join(root, 'examples', name, 'src')).filter(
      file => !readme.includes(`](src/${file})`),
    );
    expect(unnamed).toEqual([]);
    expect(brokenLinksOf(join(root, 'examples', name, 'README.md'))).toEqual([]);
  });

  test('is tested', () => {
    expect(existsSync(join(root, 'examples', name, `test/${name}.test.ts`))).toBe(true);
  });
});

describe('in a fresh checkout', () => {
  let copy: string;
  beforeAll(async () => {
    copy = copyOfRepository('examples');
    await pnpm(['install', '--frozen-lockfile', '--prefer-offline'], copy);
  });
  afterAll(() => rmSync(copy, { recursive: true, force: true }));

  const environmentOf = (name: string): NodeJS.ProcessEnv => ({
    ...cleanEnvironment(),
    PORT: '0',
    SOCKET: join(copy, `${name}.sock`),
  });

  // The command is the same for all; here it has everything to build that it needs.
  test('hello starts with one command, and Ctrl-C ends it', async () => {
    const folder = join(copy, 'examples/hello');
    const command = ['-y', 'pnpm@12', '--dir', folder, 'start'];
    await using program = new Program('npx', command, environmentOf('hello'), { ownGroup: true });
    await program.prints(/fapws: listening on /, 1, 100);
    // Over only when the server is over, too, for the output is the same. npm has no code of its own for a signal.
    expect(await program.end('SIGINT'), program.output).toBeOneOf([null, 0]);
    expect(program.output).not.toMatch(/error/i);
  });

  describe('built', () => {
    beforeAll(async () => {
      await pnpm(['--filter', '{./examples/*}...', 'build'], copy);
    });

    for (const name of samples) {
      const python = name in modules ? pythonWith(modules[name] as string) : 'python3';
      test.runIf(python)(`${name} runs`, async () => {
        const folder = join(copy, 'examples', name);
        const environment = { ...environmentOf(name), PATH: pathTo(python) };
        await using program = new Program('node', ['dist/server.js'], environment, { folder });
        await program.prints(/fapws: listening on /);
        expect(await program.end('SIGINT'), program.output).toBe(0);
      });
    }
  });
});
