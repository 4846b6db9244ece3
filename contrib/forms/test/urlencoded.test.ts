// Urlencoded forms and queries: one parser, one set of rules.

import { call } from '@fapws/core';
import { describe, expect, test } from 'vitest';
import { FormError, type QueryOptions, readQuery } from '../src/index.ts';
import { post, postUrlencoded, seen, silent, urlencodedType } from './posting.ts';

async function query(text: string, options?: QueryOptions): Promise<[string, string][] | string> {
  const response = await call(
    (environ, startResponse) => {
      const fields = [...readQuery(environ, options)];
      startResponse('200 OK', []);
      return JSON.stringify(fields);
    },
    `/?${text}`,
    { errors: silent },
  );
  return response.statusCode === 200 ? (response.json() as [string, string][]) : response.status;
}

describe.each<[string, typeof query]>([
  ['a query', query],
  [
    'a form',
    async (text, options) => {
      const response = await postUrlencoded(text, options);
      return response.statusCode === 200 ? seen(response).fields : response.status;
    },
  ],
])('%s', (_, read) => {
  test.each<[string, [string, string][]]>([
    ['', []],
    [
      'a=1&b=2&a=3',
      [
        ['a', '1'],
        ['b', '2'],
        ['a', '3'],
      ],
    ],
    ['a', [['a', '']]],
    ['=1', [['', '1']]],
    ['=', [['', '']]],
    ['&&a=1&', [['a', '1']]],
    ['a=b=c', [['a', 'b=c']]],
    ['a+b=c+d%2B', [['a b', 'c d+']]],
    [
      'a=100%&b=%zz%4',
      [
        ['a', '100%'],
        ['b', '%zz%4'],
      ],
    ],
    ['%C3%A9=%E2%82%AC', [['é', '€']]],
    ['a=%00', [['a', '\0']]],
    ['a=1;b=2', [['a', '1;b=2']]],
    [
      'a[]=1&a[b]=2',
      [
        ['a[]', '1'],
        ['a[b]', '2'],
      ],
    ],
    [
      '__proto__=x&constructor=y',
      [
        ['__proto__', 'x'],
        ['constructor', 'y'],
      ],
    ],
  ])('%s', async (text, expected) => {
    expect(await read(text)).toEqual(expected);
  });

  test.each(['a=%E9', '%FF=1', 'a=%C0%80', 'a=%ED%A0%80'])('%s is not UTF-8: 400', async text => {
    expect(await read(text)).toBe('400 Bad Request');
  });

  test.each<[string, string, QueryOptions['limits']]>([
    ['fields', 'a=1&b=2', { fields: 1 }],
    ['names', 'aa=1', { name: 1 }],
    ['names in UTF-8', '%C3%A9=1', { name: 1 }],
    ['values', 'a=11', { field: 1 }],
    ['no fields at all', 'a', { fields: 0 }],
  ])('a limit of %s', async (_, text, limits) => {
    expect(await read(text, { limits })).toMatch(/^(?:413 Content Too Large|414 URI Too Long)$/);
  });
});

test('the status of a query that is too much is 414', async () => {
  expect(await query('a=1&b=2', { limits: { fields: 1 } })).toBe('414 URI Too Long');
});

test('the text of a form as it was sent, announced or not', async () => {
  const limits = { text: 4 };
  expect((await postUrlencoded('a=12', { limits })).statusCode).toBe(200);
  expect((await postUrlencoded('a=123', { limits })).statusCode).toBe(413);
  const response = await call(
    async (environ, startResponse) => {
      const { readForm } = await import('../src/index.ts');
      await readForm(environ, { limits }).catch((error: unknown) => {
        if (!(error instanceof FormError)) throw error;
        startResponse(error.status, []);
        environ['seen'] = [error.reason, error.limit, error.code];
      });
      return JSON.stringify(environ['seen']);
    },
    {
      method: 'POST',
      headers: { 'Content-Type': urlencodedType, 'Transfer-Encoding': 'chunked' },
      body: '5\r\na=123\r\n0\r\n\r\n',
    },
  );
  expect([response.statusCode, response.json()]).toEqual([413, ['limit', 'text', 'FAPWS_CONTENT_TOO_LARGE']]);
});

test.each(['utf-8', 'UTF8', 'us-ascii', '"utf-8"'])('charset=%s is read', async charset => {
  expect(seen(await post(`${urlencodedType}; charset=${charset}`, 'a=%C3%A9')).fields).toEqual([['a', 'é']]);
});

test.each(['iso-8859-1', 'utf-7', ''])('charset=%s is refused with 415', async charset => {
  expect((await post(`${urlencodedType}; charset=${charset}`, 'a=b')).statusCode).toBe(415);
});

test('octets that are no UTF-8 are refused, encoded or not', async () => {
  expect((await postUrlencoded(Uint8Array.of(0x61, 0x3d, 0xe9))).statusCode).toBe(400);
  expect(seen(await postUrlencoded('a=é')).fields).toEqual([['a', 'é']]);
});
