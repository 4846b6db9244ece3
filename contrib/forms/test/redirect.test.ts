// Redirects, and the ways out of the house that are shut.

import { call } from '@fapws/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isLocalLocation, type RedirectOptions, type RedirectStatus, redirect } from '../src/index.ts';

function go(location: string, status?: RedirectStatus, options?: RedirectOptions) {
  return call((_environ, startResponse) => redirect(startResponse, location, status, options), '/', {
    errors: { write: () => {}, writelines: () => {}, flush: () => {} },
  });
}

test('303 unless another one is said, without content', async () => {
  const response = await go('/thanks?a=b#c');
  expect([response.status, response.header('location'), response.text()]).toEqual([
    '303 See Other',
    '/thanks?a=b#c',
    '',
  ]);
  expect(response.header('content-length')).toBe('0');
});

test.each([301, 302, 303, 307, 308] as const)('%d', async status => {
  expect((await go('/', status)).statusCode).toBe(status);
});

test.each([200, 300, 304, 305, 404, null])('%j is no redirect', status => {
  expect(() => redirect((() => {}) as never, '/', status as never)).toThrow(RangeError);
});

test('further header lines', async () => {
  const response = await go('/', 303, { headers: [['Set-Cookie', 'a=1']] });
  expect(response.header('set-cookie')).toBe('a=1');
  expect(() => redirect((() => {}) as never, '/', 303, { external: true } as never)).toThrow(/external/);
});

const local = [
  '/',
  '/a',
  '/a//b',
  '/a/../b',
  '?a=b',
  '?',
  '#x',
  './a',
  '../a',
  '.',
  '..',
  './',
  '/a?next=//b',
  '/@b',
  '/a:b',
  '/%0d%0a',
  '/%5cb',
  '/a b',
  '/é?ü=1#ß',
  '/.//b',
  './/b',
];
test.each(local)('"%s" stays here', async location => {
  expect(isLocalLocation(location)).toBe(true);
  const sent = (await go(location)).header('location') as string;
  for (const page of ['http://here.test/x/y', 'https://here.test/x/y']) {
    expect(new URL(sent, page).href).toBe(new URL(location, page).href);
    expect(new URL(sent, page).host).toBe('here.test');
  }
  expect(sent).toMatch(/^[!-~]*$/);
});

const leading = [
  '',
  '//evil.test',
  '///evil.test',
  '/\\evil.test',
  '\\/evil.test',
  '\\\\evil.test',
  '/a\\b',
  '/\t/evil.test',
  '/\n/evil.test',
  '\t//evil.test',
  ' //evil.test',
  '/a ',
  ' /a',
  'http://evil.test',
  'HTTPS://evil.test',
  'http:evil',
  'http:/evil.test',
  'https:evil',
  'javascript:alert(1)',
  'data:text/html,x',
  'evil.test',
  'a/b',
  '/a\r\nSet-Cookie: a=b',
  '/a\0',
  '/\u007f',
  '/\ud800',
  '@evil.test',
  ':80',
  '.evil.test',
  '..evil.test',
  '.\\evil',
];
test.each(leading)('%j is refused', async location => {
  expect(isLocalLocation(location)).toBe(false);
  const response = await go(location);
  expect([response.statusCode, response.header('location')]).toEqual([500, undefined]);
});

test.each([undefined, null, 1, ['/'], {}])('%j is no location', location => {
  expect(isLocalLocation(location)).toBe(false);
  expect(() => redirect((() => {}) as never, location as never)).toThrow(TypeError);
});

describe('absolute', () => {
  test.each([
    ['https://example.com', 'https://example.com/'],
    ['HTTP://Example.com:8080/a?b#c', 'http://example.com:8080/a?b#c'],
    ['https://münchen.example/ü', 'https://xn--mnchen-3ya.example/%C3%BC'],
  ])('%s', async (location, sent) => {
    expect((await go(location, 302, { absolute: true })).header('location')).toBe(sent);
  });

  test.each([
    '/a',
    '//example.com',
    'javascript:alert(1)',
    'ftp://example.com',
    'https:example.com',
    'https:/example.com',
    'https://',
    'https://a@example.com',
    'https://a:b@example.com',
    'https://example.com\\@evil.test',
    'https://exa mple.com',
    'https://example.com/\r\nX: y',
    ' https://example.com',
    undefined,
  ])('%j is refused', location => {
    expect(() => redirect((() => {}) as never, location as never, 303, { absolute: true })).toThrow(
      TypeError,
    );
  });
});

test('whatever is taken for local is, for every page that it can be on', () => {
  const piece = fc.constantFrom(
    '/',
    '\\',
    '.',
    '?',
    '#',
    ':',
    '@',
    'http',
    'evil.test',
    '\t',
    '\n',
    ' ',
    '%2f',
    '%5c',
    'é',
    '\u3002',
    '\uff0f',
    '\u200b',
  );
  const location = fc
    .array(fc.oneof(piece, fc.string({ unit: 'binary', maxLength: 2 })), { maxLength: 8 })
    .map(parts => parts.join(''));
  fc.assert(
    fc.property(location, text => {
      if (!isLocalLocation(text)) return;
      let sent = '';
      const startResponse = (_status: string, headers: [string, string][]) => {
        sent = headers[0]?.[1] as string;
      };
      redirect(startResponse as never, text);
      for (const page of ['http://here.test/', 'https://here.test/a/b/?c', 'http://here.test//a']) {
        expect(new URL(sent, page).origin).toBe(new URL(page).origin);
      }
      expect(sent).toMatch(/^[!-~]+$/);
    }),
    { numRuns: 2000 },
  );
}, 30_000);
