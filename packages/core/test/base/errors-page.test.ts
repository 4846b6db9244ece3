// docs/errors.md and the sources have the same codes under the same classes.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ContractError, ListenError, RequestError, RouteError } from '../../src/index.ts';

const sources = join(import.meta.dirname, '../../src');
const source = readdirSync(sources, { recursive: true, encoding: 'utf8' })
  .filter(name => name.endsWith('.ts') && !name.endsWith('.generated.ts'))
  .map(name => readFileSync(join(sources, name), 'utf8'))
  .join('\n');
const page = readFileSync(join(import.meta.dirname, '../../../../docs/errors.md'), 'utf8');

/** Class → codes, as the page has them. */
const documented = new Map(
  page
    .split(/^## /m)
    .slice(1)
    .map(section => [
      section.slice(0, section.indexOf('\n')),
      [...section.matchAll(/^\| `(FAPWS_[A-Z_]+)` \|/gm)].map(([, code]) => code as string),
    ]),
);

test('every code of the sources is on the page, and every code of the page in the sources', () => {
  const used = new Set([...source.matchAll(/'(FAPWS_[A-Z_]+)'/g)].map(([, code]) => code as string));
  expect([...documented.values()].flat().sort()).toEqual([...used].sort());
});

test('every code belongs to the class under which the page has it', () => {
  for (const [name, file] of [
    ['ContractError', 'http/errors.ts'],
    ['RequestError', 'http/errors.ts'],
    ['ListenError', 'loop/errors.ts'],
  ] as const) {
    const text = readFileSync(join(sources, file), 'utf8');
    const union = text.match(new RegExp(`type ${name}Code =([^;]*);`))?.[1] ?? '';
    expect([...union.matchAll(/'(FAPWS_[A-Z_]+)'/g)].map(([, code]) => code)).toEqual(documented.get(name));
  }
  expect([new RouteError('x').code]).toEqual(documented.get('RouteError'));
});

test('an error has its name, its code and its message', () => {
  expect(new ContractError('FAPWS_CHUNK', 'm')).toMatchObject({
    name: 'ContractError',
    code: 'FAPWS_CHUNK',
    message: 'm',
  });
  expect(new RequestError('FAPWS_CLIENT_GONE', '400 x', 'm')).toMatchObject({
    name: 'RequestError',
    status: '400 x',
  });
  expect(new ListenError('FAPWS_LISTEN_FAILED', 'm', 'why')).toMatchObject({
    name: 'ListenError',
    code: 'FAPWS_LISTEN_FAILED',
    message: 'm',
    cause: 'why',
  });
  expect(new RouteError('m')).toMatchObject({ name: 'RouteError', code: 'FAPWS_ROUTE' });
});
