// docs/http-rules.md and this folder say the same: no rule without its test, no test without its rule.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { malformed } from './all-malformed.ts';

interface Rule {
  readonly id: string;
  readonly level: string;
  /** Id and rule: what the titles of its tests begin with. */
  readonly title: string;
  readonly behaviour: string;
  readonly where: string;
}

const page = readFileSync(join(import.meta.dirname, '../../../../docs/http-rules.md'), 'utf8');

const rules: readonly Rule[] = page
  .split('\n')
  .filter(line => /^\| (?:9110|9112|desync)-/.test(line))
  .map(line => {
    const cells = line.split(' | ').map(cell => cell.replace(/^\| | \|$/g, ''));
    const [id = '', level = '', text = '', behaviour = '', where = ''] = cells;
    if (cells.length !== 5) throw new Error(`not five columns: ${line}`);
    return { id, level, title: `${id}: ${text}`, behaviour, where };
  });

/** Titles as the sources have them, with the files; what stands in parentheses behind one tells several tests apart. */
const tested = new Map<string, Set<string>>();
for (const name of readdirSync(import.meta.dirname)) {
  const source = readFileSync(join(import.meta.dirname, name), 'utf8');
  for (const [, , text] of source.matchAll(
    /(['"`])((?:(?:9110|9112)-[\d.]+-[a-z]|desync-[a-z\d-]+): .+?)\1/g,
  )) {
    const title = (text as string).replaceAll('\\`', '`').replace(/(?<=\.) \(.*\)$/, '');
    const files = tested.get(title) ?? new Set();
    tested.set(title, files.add(name));
  }
}

test('the page is as large as it should be, and every id stands in it once', () => {
  expect(rules.length).toBeGreaterThan(150);
  expect(new Set(rules.map(({ id }) => id)).size).toBe(rules.length);
  expect(rules.filter(({ level }) => !/^(MUST|SHOULD|MAY|own)$/.test(level))).toEqual([]);
  expect(rules.filter(({ behaviour }) => behaviour.length < 4)).toEqual([]);
});

test('every rule names the files that test it, or another rule, or says why there is nothing to test', () => {
  const ids = new Set(rules.map(({ id }) => id));
  for (const { id, title, behaviour, where } of rules) {
    const files = [...where.matchAll(/\[[^\]]+\]\(\.\.\/packages\/core\/test\/rules\/([^)]+)\)/g)].map(
      ([, file]) => file,
    );
    expect(files.toSorted(), title).toEqual([...(tested.get(title) ?? [])].toSorted());
    if (files.length !== 0) continue;
    const see = /^see (\S+)$/.exec(where)?.[1];
    if (see === undefined) expect(behaviour, id).toMatch(/^(?:The application’s|Not here): .{10}/);
    else expect([...ids], id).toContain(see);
    // What another rule's test shows is shown: that one must have a test.
    if (see !== undefined) expect(rules.find(rule => rule.id === see)?.where, id).toContain('](');
  }
});

test('every test that is named by a rule has it in the page', () => {
  expect([...tested.keys()].filter(title => !rules.some(rule => rule.title === title))).toEqual([]);
});

test('no two requests that are refused have the same name', () => {
  expect(new Set(malformed.map(({ title }) => title)).size).toBe(malformed.length);
});
