// The page that lists a directory: what it shows, and what it must not.

import { symlinkSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { makeFifos, openFiles, Site, serve, until } from './serving.ts';

/** Names and links of a page, in their order. */
function rows(page: string): { href: string; name: string }[] {
  return [...page.matchAll(/<a href="([^"]*)">(?:<bdi>)?(.*?)(?:<\/bdi>)?(?:\/)?<\/a>/g)].map(
    ([, href, name]) => ({
      href: href as string,
      name: (name as string).replaceAll(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code))),
    }),
  );
}

test('shows directories first, names in the order of people, sizes and dates', async () => {
  const site = new Site({ 'b10.txt': 'x'.repeat(2048), 'b9.txt': '', 'A.txt': 'a', 'z/1': '', 'dir/1': '' });
  const { text, headers, status } = await (await serve(site, { listing: true })).ask('/');
  expect(status).toBe(200);
  expect(rows(text)).toEqual([
    { href: './dir/', name: 'dir' },
    { href: './z/', name: 'z' },
    { href: './A.txt', name: 'A.txt' },
    { href: './b9.txt', name: 'b9.txt' },
    { href: './b10.txt', name: 'b10.txt' },
  ]);
  expect(text).toContain('2.0 KiB');
  expect(text).toContain('datetime="2026-01-02T03:04:05.67');
  expect(headers).toMatchObject({
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-cache',
    'x-content-type-options': 'nosniff',
  });
  expect(headers['content-security-policy']).toMatch(/^default-src 'none'; style-src 'sha256-[\w+/]+=*'/);
});

test('has a way up, but not out of the root; its links work where it is mounted', async () => {
  const serving = await serve(new Site({ 'sub/a.txt': 'a' }), { listing: true, prefix: '/files' });
  expect(rows((await serving.ask('/files/')).text)).toEqual([{ href: './sub/', name: 'sub' }]);
  const { text } = await serving.ask('/files/sub/');
  expect(text).toContain('<h1><bdi>/files/sub/</bdi></h1>');
  expect(rows(text).map(({ href }) => href)).toEqual(['../', './a.txt']);
  expect((await serving.ask('/files/sub')).headers.location).toBe('/files/sub/');
  expect((await serving.ask('/files/sub/', { method: 'HEAD' })).headers['content-length']).toBe(
    String(Buffer.byteLength(text)),
  );
});

test('gives way to an index, and is not there unless it is wanted', async () => {
  const site = new Site({ 'with/index.html': 'index', 'without/a': '' });
  const serving = await serve(site, { listing: true });
  expect((await serving.ask('/with/')).text).toBe('index');
  expect((await (await serve(site)).ask('/without/')).status).toBe(404);
  expect((await serving.ask('/nothing/')).status).toBe(404);
  expect((await serving.ask('/with/index.html/')).status).toBe(404);
});

test('shows nothing that can’t be asked for', async () => {
  const site = new Site({
    'a.txt': '',
    '.env': '',
    '.git/config': '',
    '.well-known/x': '',
    'back\\slash': '',
    'sub/x': '',
  });
  makeFifos(site.file('fifo'));
  symlinkSync('/etc/passwd', site.file('out'));
  symlinkSync('/etc', site.file('out-dir'));
  symlinkSync('a.txt', site.file('in'));
  symlinkSync('sub', site.file('in-dir'));
  symlinkSync('nothing', site.file('dangling'));
  const names = async (options: Parameters<typeof serve>[1]) =>
    rows((await (await serve(site, { listing: true, ...options })).ask('/')).text).map(({ href }) => href);
  expect(await names({})).toEqual(['./in-dir/', './sub/', './a.txt', './in']);
  expect(await names({ symlinks: 'none' })).toEqual(['./sub/', './a.txt']);
  expect(await names({ symlinks: 'anywhere' })).toEqual([
    './in-dir/',
    './out-dir/',
    './sub/',
    './a.txt',
    './in',
    './out',
  ]);
  expect(await names({ dotfiles: 'allow' })).toEqual([
    './.git/',
    './.well-known/',
    './in-dir/',
    './sub/',
    './.env',
    './a.txt',
    './in',
  ]);
  await until('nothing is left open', () => openFiles(site.root) === 0);
});

test('any name is text, and leads to its file', async () => {
  const name = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
    // Controls are refused by core, in a path.
    .filter(text => !/[/\\]|^\.|\ufffd|\p{C}/u.test(text) && Buffer.byteLength(text) < 200);
  const names = new Set(
    [
      '<script>alert(1)</script>',
      '"onmouseover="alert(1)',
      "'&amp;",
      'javascript:alert(1)',
      '%2e%2e',
      'a?b#c',
      '\u202egpj.exe',
      ...fc.sample(name, 40),
    ]
      .filter(text => !text.includes('/'))
      .map(text => text.normalize()),
  );
  names.delete('index.html');
  const site = new Site(Object.fromEntries([...names].map(text => [text, `content of ${text}`])));
  const serving = await serve(site, { listing: true });
  const { text } = await serving.ask('/');
  expect(text).not.toMatch(/<script|"onmouseover/);
  const shown = rows(text);
  expect(new Set(shown.map(({ name }) => name))).toEqual(names);
  for (const { href, name } of shown) {
    const { pathname } = new URL(href, 'http://a/');
    expect((await serving.ask(pathname)).text).toBe(`content of ${name}`);
  }
});

test('ends after a thousand names', async () => {
  const site = new Site(Object.fromEntries(Array.from({ length: 1010 }, (_, at) => [`${at}`, ''])));
  const { text } = await (await serve(site, { listing: true })).ask('/');
  expect(rows(text)).toHaveLength(1000);
  expect(text).toContain('Only 1,000 names are shown.');
});

test('of an empty directory says so', async () => {
  const { text } = await (await serve(new Site(), { listing: true })).ask('/');
  expect(text).toContain('There is nothing here.');
});
