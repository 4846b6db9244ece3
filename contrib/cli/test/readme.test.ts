// The README and the guide for those who come from other servers say nothing that is not so: tables are held against the table
// of options.

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { brokenLinksOf, ReadmeProject } from '@fapws/testing';
import { afterAll, expect, test, vi } from 'vitest';
import { helpOf, written } from '../src/help.ts';
import { readArguments } from '../src/options/arguments.ts';
import { foreignFlags } from '../src/options/elsewhere.ts';
import { groups, options } from '../src/options/table.ts';
import { gunicornFlags } from './gunicorn.ts';

// A compiler is started here, maybe on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

const readme = resolve(import.meta.dirname, '../README.md');
const guide = resolve(import.meta.dirname, '../../../docs/from-gunicorn-and-uwsgi.md');
const guideText = readFileSync(guide, 'utf8');
const project = new ReadmeProject(['contrib/cli/README.md', 'docs/from-gunicorn-and-uwsgi.md']);
afterAll(() => project.remove());

const ours = new Set(
  options.flatMap(({ name, aliases = [], short }) => [
    `--${name}`,
    `--no-${name}`,
    ...aliases.map(alias => `--${alias}`),
    ...(short === undefined ? [] : [`-${short}`]),
  ]),
);

function optionsTable(): string {
  return groups
    .map(group => {
      const rows = options
        .filter(option => option.group === group)
        .map(option => {
          const { flags, value } = written(option);
          const code = `${flags.trim()}${value === '' ? '' : ` ${value}`}`;
          const standard =
            option.kind === 'flag' ? '' : option.default === undefined ? '' : `\`${option.default}\``;
          return `| \`${code}\` | ${standard} | ${helpOf(option)}${option.many === true ? ' Repeatable.' : ''} |`;
        });
      return `| ${group} | default | |\n| --- | --- | --- |\n${rows.join('\n')}\n`;
    })
    .join('\n');
}

/** The rows of the tables behind a heading, as their cells. */
function rowsOf(heading: string): string[][] {
  const section = guideText.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  return [...section.matchAll(/^\| (.*) \|$/gm)].map(([, row]) => (row as string).split(' | ')).slice(2);
}

const flagsIn = (cell: string): string[] => cell.match(/(?<![\w-])--?[a-z][\w-]*/gi) ?? [];

test('the table of options is that of the command', async () => {
  const text = readFileSync(readme, 'utf8');
  const table = `-->\n\n${optionsTable()}\n<!-- /options -->`;
  const fresh = text.replace(
    /(<!-- options:[^>]*)-->[\s\S]*<!-- \/options -->/,
    (_all, head) => head + table,
  );
  expect(fresh).toContain('FAPWS_ENV');
  await expect(fresh).toMatchFileSnapshot(readme);
});

test('their programs are correct under the strict rules of the repository, and their links lead somewhere', async () => {
  expect(project.programs.length).toBe(3);
  expect(await project.complaints()).toBe('');
  expect(brokenLinksOf(readme)).toEqual([]);
  expect(brokenLinksOf(guide)).toEqual([]);
});

test('every flag of gunicorn is one of the command, or it says what to do instead; and it is in the guide', () => {
  const rows = rowsOf("gunicorn's options");
  const inGuide = rows.flatMap(([theirs = '']) => flagsIn(theirs));
  for (const flag of gunicornFlags) {
    expect(ours.has(flag) || foreignFlags.includes(flag.replace(/^--?/, '')), flag).toBe(true);
  }
  expect(new Set(inGuide)).toEqual(new Set(gunicornFlags));
});

test('what the guide calls the same is a flag of the same name here', () => {
  const same = rowsOf("gunicorn's options").filter(([, here = '']) => here.startsWith('the same'));
  expect(same.length).toBeGreaterThan(25);
  for (const [theirs = ''] of same) for (const flag of flagsIn(theirs)) expect(ours, flag).toContain(flag);
});

test.each(["gunicorn's options", "uWSGI's options"])(
  'every flag that the guide gives for %s is one',
  heading => {
    const rows = rowsOf(heading);
    expect(rows.length).toBeGreaterThan(25);
    for (const [, here = ''] of rows) {
      // Those of the command stand in code; `python3 -m trace` and the like are others' commands.
      for (const [, code] of here.matchAll(/`(--?[a-z][^`]*)`/g)) {
        const [flag = '', ...values] = (code as string).split(' ');
        expect(ours, code).toContain(flag);
        if (values.length > 0) expect(() => readArguments(['wsgi', 'a:b', flag, ...values])).not.toThrow();
      }
    }
  },
);
