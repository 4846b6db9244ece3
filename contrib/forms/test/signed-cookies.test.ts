// Signed cookies: what was signed here for this name comes back, and nothing else does.

import type { Environ } from '@fapws/core';
import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { parseCookies, type SignedCookiesOptions, setCookie, signedCookies } from '../src/index.ts';

const [old, current] = ['o'.repeat(32), 'c'.repeat(32)];
const cookies = signedCookies({ keys: [current, old] });

const send = (name: string, value: string): Environ =>
  ({ HTTP_COOKIE: `${name}=${encodeURIComponent(value)}` }) as unknown as Environ;
/** The value as the browser has it. */
const sentValue = ([, line]: readonly [string, string]): string =>
  decodeURIComponent((line.split(';')[0] as string).split('=')[1] as string);

afterEach(() => vi.useRealTimers());

test('whatever the text, it comes back', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 50 }), fc.boolean(), (value, ends) => {
      const set = cookies.set('a', value, ends ? { maxAge: 60 } : {});
      expect(cookies.get(send('a', sentValue(set)), 'a')).toBe(value);
    }),
  );
});

test('it can be read by the client, and by parseCookies', () => {
  const set = cookies.set('a', 'plain');
  expect(parseCookies(send('a', sentValue(set)))['a']).toMatch(/^plain\.\.[\w-]{43}$/);
});

test('any octet that is changed makes it worthless', () => {
  const signed = sentValue(cookies.set('user', 'a.b', { maxAge: 60 }));
  for (let at = 0; at < signed.length; at += 1) {
    const changed = `${signed.slice(0, at)}${signed[at] === 'A' ? 'B' : 'A'}${signed.slice(at + 1)}`;
    // The last character of the signature has two bits that mean nothing; they are compared all the same.
    expect(cookies.get(send('user', changed), 'user'), changed).toBeUndefined();
    expect(cookies.get(send('user', signed.slice(0, at)), 'user')).toBeUndefined();
    expect(cookies.get(send('user', signed.slice(at + 1)), 'user')).toBeUndefined();
  }
  expect(cookies.get(send('user', `${signed}A`), 'user')).toBeUndefined();
});

test.each(['', '.', '..', 'x', 'x.', 'x..', '.x', 'é.é.é', 'a..==='])('"%s" is nothing', value => {
  expect(cookies.get(send('a', value), 'a')).toBeUndefined();
});

test('no cookie is none', () => {
  expect(cookies.get({} as Environ, 'a')).toBeUndefined();
});

test('one name’s cookie is not another’s', () => {
  const signed = sentValue(cookies.set('theme', 'admin'));
  expect(cookies.get(send('role', signed), 'role')).toBeUndefined();
  // Nor can a part of the value become a part of the name.
  expect(cookies.get(send('a', sentValue(cookies.set('a', 'b=c'))), 'a')).toBe('b=c');
});

test('an end that is moved or taken away makes it worthless', () => {
  const [value, end, signature] = sentValue(cookies.set('a', 'v', { maxAge: 60 })).split('.');
  expect(cookies.get(send('a', `${value}.${Number(end) + 1}.${signature}`), 'a')).toBeUndefined();
  expect(cookies.get(send('a', `${value}..${signature}`), 'a')).toBeUndefined();
  expect(cookies.get(send('a', `${value}.${signature}`), 'a')).toBeUndefined();
});

test.each([{ maxAge: 60 }, { expires: new Date(60_000) }])(
  'it ends when it said, whatever the client does: %j',
  attributes => {
    vi.useFakeTimers({ now: 0 });
    const sent = send('a', sentValue(cookies.set('a', 'v', attributes)));
    vi.setSystemTime(59_999);
    expect(cookies.get(sent, 'a')).toBe('v');
    vi.setSystemTime(60_000);
    expect(cookies.get(sent, 'a')).toBeUndefined();
  },
);

describe('keys', () => {
  test('change without a break: the first signs, all are believed', () => {
    const before = send('a', sentValue(signedCookies({ keys: [old] }).set('a', 'v')));
    expect(cookies.get(before, 'a')).toBe('v');
    const after = send('a', sentValue(cookies.set('a', 'v')));
    expect(signedCookies({ keys: [current] }).get(after, 'a')).toBe('v');
    expect(signedCookies({ keys: [old] }).get(after, 'a')).toBeUndefined();
    expect(signedCookies({ keys: [current] }).get(before, 'a')).toBeUndefined();
  });

  test('may be octets', () => {
    const keys = [new Uint8Array(32).fill(99)];
    expect(signedCookies({ keys }).get(send('a', sentValue(cookies.set('a', 'v'))), 'a')).toBe('v');
  });

  test.each([
    [undefined, TypeError],
    [{}, TypeError],
    [{ keys: [] }, TypeError],
    [{ keys: 'c'.repeat(32) }, TypeError],
    [{ keys: [1] }, TypeError],
    [{ keys: ['short'] }, RangeError],
    [{ keys: [current, ''] }, RangeError],
    [{ keys: [current], secret: 'x' }, RangeError],
  ])('%j can’t be', (options, kind) => {
    expect(() => signedCookies(options as SignedCookiesOptions)).toThrow(kind);
  });
});

test('attributes, defaults and refusals are those of setCookie; delete is deleteCookie', () => {
  expect(cookies.set('a', 'v', { path: '/x' })[1]).toMatch(/; Path=\/x; HttpOnly; Secure; SameSite=Lax$/);
  expect(() => cookies.set('a', '\ud800')).toThrow(/value/);
  expect(() => cookies.set('a', 1 as never)).toThrow();
  expect(() => cookies.set('a', 'v', { expires: new Date(Number.NaN) })).toThrow(/expires/);
  expect(cookies.delete('a')[1]).toMatch(/^a=; Max-Age=0/);
  expect(setCookie('a', '')[0]).toBe('Set-Cookie');
});
