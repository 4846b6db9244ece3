// RFC 9110 12.5.3, and what clients send that it does not foresee.

import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { type Preference, Preferences } from '../src/accept-encoding.ts';
import type { Encoding } from '../src/codings.ts';

vi.setConfig({ testTimeout: 30_000 });

const all: readonly Encoding[] = ['zstd', 'br', 'gzip', 'deflate'];
const preferenceOf = (field: string | undefined, offered = all): Preference =>
  new Preferences(offered).of(field);
const codingOf = (field: string | undefined, offered = all): Encoding | null =>
  preferenceOf(field, offered).coding;

describe('which coding is taken', () => {
  test.each<[string, Encoding | null]>([
    ['gzip, deflate, br, zstd', 'zstd'],
    ['gzip, deflate, br', 'br'],
    ['gzip', 'gzip'],
    ['deflate', 'deflate'],
    ['x-gzip', 'gzip'],
    ['compress', null],
    ['*', 'zstd'],
    ['gzip;q=1.0, *;q=0.5', 'gzip'],
    ['gzip;q=0.5, *', 'zstd'],
    ['zstd;q=0, *', 'br'],
    ['gzip, *;q=0', 'gzip'],
    ['br;q=0.8, gzip;q=0.801', 'gzip'],
    ['br;q=0.001', 'br'],
    ['br;q=0', null],
    ['br;q=0.000, gzip;q=0.', null],
    ['gzip;q=0.5, identity', null],
    ['gzip;q=0.5, identity;q=0.5', 'gzip'],
    ['gzip;q=0.5, identity;q=0.4', 'gzip'],
    ['identity', null],
    ['identity, *;q=0', null],
    ['*;q=0', null],
    ['GZIP', 'gzip'],
    ['Br;Q=0.5, gzip;q=0.4', 'br'],
    ['gzip ; q=0.2 ,\tbr\t;\tq=0.1', 'gzip'],
    [',, gzip ,,', 'gzip'],
    ['gzip;q=0, gzip', null],
  ])('%s: %s', (field, coding) => {
    expect(codingOf(field)).toBe(coding);
  });

  test('without the field, and with an empty one, none', () => {
    for (const field of [undefined, '', ' ', ',']) {
      expect(preferenceOf(field)).toEqual({ coding: null, identityRefused: false });
    }
  });

  test('of those that a client likes equally well, the first that is offered', () => {
    expect(codingOf('gzip, br, zstd', ['gzip', 'br'])).toBe('gzip');
    expect(codingOf('gzip, br, zstd', ['br', 'gzip'])).toBe('br');
    expect(codingOf('br', ['gzip'])).toBe(null);
  });
});

describe('what is malformed says nothing', () => {
  test.each([
    'gzip;q=2',
    'gzip;q=1.001',
    'gzip;q=0.1234',
    'gzip;q=-1',
    'gzip;q=.5',
    'gzip;q=1e0',
    'gzip;q=',
    'gzip;q',
    'gzip;',
    'gzip;q=1;q=0',
    'gzip;level=9',
    'gzip; q = 1',
    'gzip deflate',
    '"gzip"',
    'gzip\u00a0',
    ';q=1',
    'gzip/1.0',
    'ｇｚｉｐ',
  ])('%s', field => {
    expect(codingOf(field)).toBe(null);
    expect(codingOf(`${field}, deflate`), 'others of the list hold').toBe('deflate');
  });

  test('names that are properties of every object are no codings', () => {
    for (const name of ['__proto__', 'constructor', 'toString'])
      expect(codingOf(`${name}, gzip;q=0.1`)).toBe('gzip');
  });
});

describe('whether content as it is will do', () => {
  test.each([
    ['gzip', false],
    ['', false],
    ['identity;q=0', true],
    ['*;q=0', true],
    ['gzip, *;q=0', true],
    ['*;q=0, identity', false],
    ['*;q=0, identity;q=0.001', false],
    ['gzip, identity;q=0', true],
    ['*', false],
  ])('%s: refused %s', (field, refused) => {
    expect(preferenceOf(field).identityRefused).toBe(refused);
  });
});

test('a field that is too long is not read', () => {
  expect(codingOf(`gzip${' '.repeat(1020)}`)).toBe('gzip');
  expect(codingOf(`gzip${' '.repeat(1021)}`)).toBe(null);
});

test('no field takes long, however it is made', () => {
  const preferences = new Preferences(all);
  const began = performance.now();
  for (let at = 0; at < 1000; at += 1) {
    const end = String(at);
    preferences.of(`${' '.repeat(1000)}${end}`);
    preferences.of(`gzip${' '.repeat(1000)}${end}`);
    preferences.of(`gzip;${' '.repeat(1000)}${end}`);
    preferences.of(`${','.repeat(1000)}${end}`);
    preferences.of(`gzip;q=0${'.'.repeat(1000)}${end}`);
  }
  expect((performance.now() - began) / 5000, 'milliseconds each').toBeLessThan(0.5);
});

test('what is remembered is what would be found again', () => {
  const preferences = new Preferences(all);
  const ask = (): (Encoding | null)[] => ['gzip', 'br;q=0', '*'].map(field => preferences.of(field).coding);
  const first = ask();
  for (let at = 0; at < 1000; at += 1) preferences.of(`gzip;q=0.1, unknown-${at}`);
  expect(ask()).toEqual(first);
});

describe('for any field', () => {
  const weight = fc.oneof(
    fc.constant(null),
    fc.integer({ min: 0, max: 1000 }).map(thousandths => thousandths / 1000),
  );
  const name = fc.constantFrom('gzip', 'br', 'zstd', 'deflate', 'identity', '*', 'compress', 'dcb');
  const members = fc.uniqueArray(fc.tuple(name, weight), { selector: ([coding]) => coding });

  test('the coding is the one with the highest weight, by the words of the RFC', () => {
    fc.assert(
      fc.property(members, list => {
        const field = list.map(([coding, q]) => (q === null ? coding : `${coding};q=${q}`)).join(', ');
        const weights = new Map(list.map(([coding, q]) => [coding as string, q ?? 1]));
        const weightOf = (coding: string): number => weights.get(coding) ?? weights.get('*') ?? 0;
        const { coding, identityRefused } = preferenceOf(field);
        expect(identityRefused).toBe((weights.get('identity') ?? weights.get('*')) === 0);
        if (coding === null) {
          const identity = weights.get('identity') ?? 0;
          for (const one of all) expect(weightOf(one) === 0 || weightOf(one) < identity, one).toBe(true);
          return;
        }
        expect(weightOf(coding)).toBeGreaterThan(0);
        for (const one of all) expect(weightOf(coding)).toBeGreaterThanOrEqual(weightOf(one));
        expect(weightOf(coding)).toBeGreaterThanOrEqual(weights.get('identity') ?? 0);
      }),
    );
  });

  test('there is an answer', () => {
    const parts = fc.constantFrom('gzip', 'br', ',', ';', 'q=', '0', '1', '.', '*', ' ', '\t', 'é', '"');
    fc.assert(
      fc.property(
        fc.oneof(
          fc.array(fc.integer({ min: 0, max: 255 })).map(octets => String.fromCharCode(...octets)),
          fc.array(parts).map(list => list.join('')),
        ),
        field => {
          const { coding } = preferenceOf(field);
          expect(coding === null || all.includes(coding)).toBe(true);
        },
      ),
    );
  });
});
