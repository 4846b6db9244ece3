// docs/contract.md and the tests say the same, and the table of keys is true.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { call } from '../../src/index.ts';

const document = readFileSync(join(import.meta.dirname, '../../../../docs/contract.md'), 'utf8');

/** Clauses as the document has them: id and text. */
const documented = [...document.matchAll(/^\| ([A-Z]\d+) \| (?:MUST|SHOULD|MAY)\*? \| (.+?) \|/gm)].map(
  ([, id, text]) => `${id}: ${text}`,
);

/** Clauses as the titles of tests have them; what stands in parentheses behind one tells several tests apart. */
const tested = new Set<string>();
for (const name of readdirSync(import.meta.dirname)) {
  if (!name.endsWith('.test.ts')) continue;
  const source = readFileSync(join(import.meta.dirname, name), 'utf8');
  for (const [, title] of source.matchAll(/'([A-Z]\d+: [^'\n]+)'/g)) {
    tested.add((title as string).replace(/(?<=\.) \(.*\)$/, ''));
  }
}

test('every clause of the contract has a test of its name', () => {
  expect(documented.length).toBeGreaterThan(80);
  expect(new Set(documented).size).toBe(documented.length);
  expect(documented.filter(clause => !tested.has(clause))).toEqual([]);
});

test('every test that is named by a clause has it in the contract', () => {
  expect([...tested].filter(clause => !documented.includes(clause))).toEqual([]);
});

test('B6: The keys that an environ has are listed in this document.', async () => {
  const listed = [...document.matchAll(/^\| `([A-Za-z]+[._][A-Za-z_.*]+)` \|/gm)].map(
    ([, key]) => key as string,
  );
  const keys: string[] = [];
  await call(
    (environ, startResponse) => {
      keys.push(...Object.keys(environ));
      startResponse('200 OK', []);
      return '';
    },
    { method: 'POST', headers: [['Content-Type', 'text/plain']], body: 'x' },
  );
  expect(keys.filter(key => !key.startsWith('HTTP_')).sort()).toEqual(
    // Only a connection with a preface has the last one.
    listed.filter(key => key !== 'HTTP_*' && key !== 'fapws.preface').sort(),
  );
});
