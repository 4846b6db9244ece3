import { tmpdir } from 'node:os';
import { expect, test } from 'vitest';
import { replay, sessionOf } from '../src/index.ts';

const folder = tmpdir();

test('the console blocks of a page are its session, others are not', () => {
  const page = 'One:\n\n```console\n$ a\n1\n```\n\n```sh\nb\n```\n\n```console\n$ c\n```\n';
  expect(sessionOf(page)).toBe('$ a\n1\n$ c\n');
});

test('a session that shows what comes out is given back as it is', async () => {
  const session =
    '$ printf "one\\r\\ntwo\\n"\none\ntwo\n$ true\n$ echo a \\\n    b\na b\n$ printf "no line end"\nno line end\n';
  expect(await replay(session, { folder })).toBe(session);
});

test('another output takes the place of the one that is shown', async () => {
  expect(await replay('$ echo one\ntwo\n$ echo three\n', { folder })).toBe(
    '$ echo one\none\n$ echo three\nthree\n',
  );
});

test('an ellipsis stands for a part of a line, or for lines', async () => {
  const session = '$ seq 10\n1\n…\n1…\n$ echo "a (b) c"\na (…) c\n';
  expect(await replay(session, { folder })).toBe(session);
  expect(await replay('$ printf "1\\n2\\n"\n1…\n', { folder })).toBe('$ printf "1\\n2\\n"\n1\n2\n');
});

test('places are others than those that are written, both ways', async () => {
  const session = '$ echo http://127.0.0.1:8080/a?b\nhttp://127.0.0.1:8080/a?b\n';
  const places = { 'http://127.0.0.1:8080': 'http://127.0.0.1:12345' };
  expect(await replay(session, { folder, places })).toBe(session);
  const told = await replay('$ test http://127.0.0.1:8080 = http://127.0.0.1:12345 && echo here\nhere\n', {
    folder,
    places,
  });
  expect(told).toMatch(/here\n$/);
});

test('a command that fails says so, unless the session shows it', async () => {
  expect(await replay('$ echo out; echo why >&2; exit 3\nout\n', { folder })).toMatch(
    /^out\nwhy\n\(it failed: /m,
  );
});

test('a page without commands is a mistake', async () => {
  await expect(replay('', { folder })).rejects.toThrow('no command');
});
