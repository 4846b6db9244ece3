// Set-Cookie lines.

import { expect, test } from 'vitest';
import { type CookieOptions, call } from '../../src/index.ts';

async function line(name: string, value: string, options?: CookieOptions): Promise<string | undefined> {
  const response = await call((_environ, startResponse) => {
    startResponse('200 OK', []);
    startResponse.response?.setCookie(name, value, options);
    return '';
  });
  return response.header('set-cookie');
}

test('a cookie is for the whole site and lives as long as the browser, unless said otherwise', async () => {
  expect(await line('a', 'b')).toBe('a=b; Path=/');
  expect(
    await line('a', 'b', {
      maxAge: 60.9,
      expires: new Date(0),
      path: '/x',
      domain: 'example.test',
      secure: true,
      httpOnly: true,
      sameSite: 'Strict',
    }),
  ).toBe(
    'a=b; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/x; Domain=example.test; Secure; HttpOnly; SameSite=Strict',
  );
  expect(await line('a', 'b', { maxAge: 0 })).toBe('a=b; Max-Age=0; Path=/');
});

test('a value that a cookie can’t carry is percent-encoded as UTF-8', async () => {
  expect(await line('a', 'a b;c,"é\r\n')).toBe('a=a%20b%3Bc%2C%22%C3%A9%0D%0A; Path=/');
  // A reader decodes what looks encoded.
  expect(await line('a', '50%25')).toBe('a=50%2525; Path=/');
  expect(await line('a', '')).toBe('a=; Path=/');
  expect(await line('a', 'k=v&x:y/z')).toBe('a=k=v&x:y/z; Path=/');
});

test('several cookies are several lines, and a cookie can be deleted', async () => {
  const response = await call((_environ, startResponse) => {
    startResponse('200 OK', []);
    startResponse.response?.setCookie('a', '1');
    startResponse.response?.setCookie('b', '2');
    startResponse.response?.deleteCookie('c', { path: '/x' });
    return '';
  });
  expect(response.headers.filter(([name]) => name === 'Set-Cookie').map(([, value]) => value)).toEqual([
    'a=1; Path=/',
    'b=2; Path=/',
    'c=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/x',
  ]);
});
