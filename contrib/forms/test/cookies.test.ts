// Cookies out and in again, and what browsers would drop.

import { type Application, call, type Environ, type Header } from '@fapws/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type CookieAttributes, deleteCookie, parseCookies, setCookie } from '../src/index.ts';

const environ = (cookie?: string): Environ => ({ HTTP_COOKIE: cookie }) as unknown as Environ;
/** What a browser sends back. */
const back = (...lines: Header[]): Environ => environ(lines.map(([, line]) => line.split(';')[0]).join('; '));

describe('parseCookies', () => {
  test.each<[string | undefined, Record<string, string>]>([
    [undefined, {}],
    ['', {}],
    ['a=1; b=2', { a: '1', b: '2' }],
    ['a=1;b=2 ;  c = 3', { a: '1', b: '2', c: '3' }],
    ['a=1; a=2', { a: '1' }],
    ['a=b=c', { a: 'b=c' }],
    ['a=', { a: '' }],
    ['a', {}],
    ['a=%C3%A9', { a: 'é' }],
    ['a=%zz', { a: '%zz' }],
    ['a="x"', { a: '"x"' }],
  ])('%s', (line, expected) => {
    expect({ ...parseCookies(environ(line)) }).toEqual(expected);
  });

  test('no name means anything but itself', () => {
    const cookies = parseCookies(environ('__proto__=x; constructor=y'));
    expect(Object.getPrototypeOf(cookies)).toBeNull();
    // biome-ignore lint/suspicious/noProto: a name like any other, here.
    expect([cookies['__proto__'], cookies['constructor'], cookies['toString']]).toEqual([
      'x',
      'y',
      undefined,
    ]);
    expect(({} as Record<string, unknown>)['x']).toBeUndefined();
  });

  test('several lines of one request are one list', async () => {
    const application: Application = (environ, startResponse) => {
      startResponse('200 OK', []);
      return JSON.stringify(parseCookies(environ));
    };
    const headers: Header[] = [
      ['Cookie', 'a=1'],
      ['Cookie', 'b=2'],
    ];
    expect((await call(application, { headers })).json()).toEqual({ a: '1', b: '2' });
  });
});

describe('setCookie', () => {
  test.each<[string, string, CookieAttributes, string]>([
    ['a', '1', {}, 'a=1; Path=/; HttpOnly; Secure; SameSite=Lax'],
    ['a', '', { secure: false, httpOnly: false, sameSite: 'Strict' }, 'a=; Path=/; SameSite=Strict'],
    ['a', 'é; "\\', {}, 'a=%C3%A9%3B%20%22%5C; Path=/; HttpOnly; Secure; SameSite=Lax'],
    [
      'a',
      '1',
      { maxAge: 60, domain: 'example.com', path: '/x', sameSite: 'None', partitioned: true },
      'a=1; Max-Age=60; Domain=example.com; Path=/x; HttpOnly; Secure; Partitioned; SameSite=None',
    ],
    [
      '__Host-a',
      '1',
      { expires: new Date(0) },
      '__Host-a=1; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; Secure; SameSite=Lax',
    ],
  ])('%s=%s %j', (name, value, attributes, line) => {
    expect(setCookie(name, value, attributes)).toEqual(['Set-Cookie', line]);
  });

  test('is a header line that core takes', async () => {
    const response = await call((_environ, startResponse) => {
      startResponse('200 OK', [setCookie('a', '1'), deleteCookie('b'), setCookie('c', 'é')]);
    });
    expect(response.headers.filter(([name]) => name === 'Set-Cookie')).toHaveLength(3);
  });

  test.each<[string, unknown[], RegExp]>([
    ['an empty name', ['', 'x'], /name/],
    ['a name with a blank', ['a b', 'x'], /name/],
    ['a name with =', ['a=b', 'x'], /name/],
    ['a name that splits', ['a\r\nSet-Cookie: b', 'x'], /name/],
    ['a number', ['a', 1], /value/],
    ['half a character', ['a', '\ud800'], /value/],
    ['a path that is none', ['a', '', { path: 'x' }], /path/],
    ['a path with a semicolon', ['a', '', { path: '/;x' }], /path/],
    ['a path that splits', ['a', '', { path: '/\r\nX: y' }], /path/],
    ['a domain that is none', ['a', '', { domain: 'a b' }], /domain/],
    ['maxAge with a fraction', ['a', '', { maxAge: 0.5 }], /maxAge/],
    ['expires that is no date', ['a', '', { expires: new Date(Number.NaN) }], /expires/],
    ['expires in the year 10000', ['a', '', { expires: new Date(Date.UTC(10_000, 0)) }], /expires/],
    ['sameSite in other words', ['a', '', { sameSite: 'lax' }], /sameSite/],
    ['an attribute that is none', ['a', '', { httponly: false }], /httponly/],
    ['sameSite None without TLS', ['a', '', { sameSite: 'None', secure: false }], /sameSite 'None'/],
    ['partitioned without TLS', ['a', '', { partitioned: true, secure: false }], /partitioned/],
    ['__Secure- without TLS', ['__Secure-a', '', { secure: false }], /__Secure-/],
    ['__Host- without TLS', ['__host-a', '', { secure: false }], /__host-/],
    ['__Host- with a path', ['__Host-a', '', { path: '/x' }], /__Host-/],
    ['__Host- with a domain', ['__Host-a', '', { domain: 'example.com' }], /__Host-/],
    ['4097 octets', ['a', 'x'.repeat(4096)], /4096/],
    ['4097 octets, encoded', ['a', 'é'.repeat(683)], /4096/],
  ])('refuses %s', (_, given, message) => {
    expect(() => setCookie(...(given as Parameters<typeof setCookie>))).toThrow(message);
  });

  test('4096 octets are a cookie', () => {
    expect(() => setCookie('a', 'x'.repeat(4095))).not.toThrow();
  });

  test('whatever the text, it comes back', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 100 }), value => {
        expect(parseCookies(back(setCookie('b', 'x'), setCookie('a', value)))['a']).toBe(value);
      }),
    );
  });
});

test('deleteCookie ends a cookie where it was set', () => {
  expect(deleteCookie('a', { path: '/x', secure: false })).toEqual([
    'Set-Cookie',
    'a=; Max-Age=0; Path=/x; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; SameSite=Lax',
  ]);
  expect(() => deleteCookie('a', { maxAge: 1 } as never)).toThrow(/maxAge/);
});
