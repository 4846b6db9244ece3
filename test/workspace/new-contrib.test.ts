// `pnpm new:contrib`, in a copy of the repository: what it makes must build, lint and pass its tests as it is.

import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { copyOfRepository, pnpm, run } from '../commands.ts';

let copy: string;

beforeAll(() => {
  copy = copyOfRepository('new-contrib');
});

afterAll(() => rmSync(copy, { recursive: true, force: true }));

const newContrib = (...args: string[]) => run(process.execPath, ['scripts/new-contrib.mjs', ...args], copy);

describe('what is refused, in one line that says what to do', () => {
  test.each([
    ['no name', [], 'usage: pnpm new:contrib NAME'],
    ['an upper-case name', ['Gzip'], '"Gzip" cannot be a package\'s name'],
    ['a name with its scope', ['@fapws/gzip'], 'without the scope'],
    ['a path', ['../gzip'], "cannot be a package's name"],
    ['the name of the core', ['core'], 'packages/core exists already'],
    ['a description without quotes', ['access-log', 'An', 'access', 'log.'], 'put it in quotes'],
  ])('%s', async (_what, args, message) => {
    const { code, output } = await newContrib(...args);
    expect(output).toContain(message);
    expect(output.trim().split('\n')).toHaveLength(1);
    expect(code).toBe(1);
  });
});

test('a new package builds, lints and passes its tests, and cannot be made twice', async () => {
  const description = 'Says "good day" to a callback: a test of the template.';
  const made = await newContrib('good-day', description);
  expect(made.output).toContain('wrote contrib/good-day/src/index.ts');
  expect(made.code).toBe(0);
  const manifest = JSON.parse(readFileSync(join(copy, 'contrib/good-day/package.json'), 'utf8'));
  expect(manifest).toMatchObject({ name: '@fapws/good-day', description });
  expect(manifest.peerDependencies).toEqual({
    '@fapws/core': expect.stringMatching(/^>=\d+\.\d+\.\d+ <\d+$/),
  });

  await pnpm(['install', '--no-frozen-lockfile', '--prefer-offline'], copy);
  const biome = join(copy, 'node_modules/@biomejs/biome/bin/biome');
  const lint = await run(
    process.execPath,
    [biome, 'check', '--error-on-warnings', 'contrib/good-day', '.changeset'],
    copy,
  );
  expect(lint.code, lint.output).toBe(0);
  // In this order: neither the tests nor the type check may need a build.
  await pnpm(['--filter', '@fapws/good-day', 'test'], copy);
  await pnpm(['--filter', '@fapws/good-day', 'typecheck'], copy);
  await pnpm(['build', '--filter=@fapws/good-day'], copy);
  expect(readFileSync(join(copy, '.changeset/new-good-day.md'), 'utf8')).toContain(
    '"@fapws/good-day": minor',
  );

  const again = await newContrib('good-day');
  expect(again.output).toContain('contrib/good-day exists already');
  expect(again.code).toBe(1);
});
