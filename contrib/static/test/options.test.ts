// Options that can't be: each is an error at once, which says what is wrong. And those of the README are those that there are.

import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { call } from '@fapws/core';
import { describe, expect, test } from 'vitest';
import { staticFiles } from '../src/index.ts';
import { Site } from './serving.ts';

describe('the root', () => {
  test.each([[undefined], [''], [5], [null], ['a\0b'], [new URL('http://a/b')], [{}]])('%s is none', root => {
    expect(() => staticFiles(root as never)).toThrow(TypeError);
    expect(() => staticFiles(root as never)).toThrow(/root is the path or file: URL of a directory/);
  });

  test('has to be a directory', () => {
    const site = new Site({ 'a.txt': 'a' });
    expect(() => staticFiles(site.file('nothing'))).toThrow(/root ".*nothing" is not a directory/);
    expect(() => staticFiles(site.file('a.txt'))).toThrow(RangeError);
  });

  test('can be a URL, end in a slash, or begin at the working directory', async () => {
    const site = new Site({ 'a.txt': 'a' });
    for (const root of [pathToFileURL(site.root), `${site.root}/`, `${site.root}/./x/..`, site.root])
      expect((await call(staticFiles(root), '/a.txt')).text()).toBe('a');
    expect((await call(staticFiles(relative(process.cwd(), site.root)), '/a.txt')).text()).toBe('a');
  });

  test('can be the root of the file system', async () => {
    const site = new Site({ 'a.txt': 'a' });
    expect((await call(staticFiles('/'), `${site.root}/a.txt`)).text()).toBe('a');
  });
});

test.each([
  [{ maxage: 1 }, /no option called maxage. There are: index,/],
  [{ index: '' }, /index is the name of a file/],
  [{ index: '/index.html' }, /index/],
  [{ index: '../index.html' }, /index/],
  [{ index: true }, /index/],
  [{ redirect: 1 }, /redirect is true or false/],
  [{ listing: 'yes' }, /listing is true or false/],
  [{ dotfiles: 'ignore' }, /dotfiles is "hide", "deny", "allow"/],
  [{ symlinks: true }, /symlinks is "inside"/],
  [{ fallthrough: true }, /fallthrough is a function/],
  [{ spa: '' }, /spa/],
  [{ spa: true, index: false }, /name the file/],
  [{ precompressed: 'br' }, /precompressed is true, false or a list/],
  [{ precompressed: ['deflate'] }, /precompressed knows br, zstd, gzip, but not "deflate"/],
  [{ etag: true }, /etag is "strong", "weak", false/],
  [{ lastModified: 0 }, /lastModified/],
  [{ ranges: null }, /ranges/],
  [{ maxAge: -1 }, /maxAge/],
  [{ maxAge: 1.5 }, /maxAge/],
  [{ maxAge: '1d' }, /maxAge is false or whole seconds/],
  [{ maxAge: 40_000_000 }, /maxAge/],
  [{ immutable: '*.js' }, /immutable is a regular expression or a function/],
  [{ headers: {} }, /headers is a function/],
  [{ types: 'x' }, /types is an object/],
  [{ types: { map: 'a/b' } }, /"map" in types is not an extension/],
  [{ types: { '.map': 'nonsense' } }, /types gives .map "nonsense"/],
  [{ types: { '.map': 'a/b\r\nX: y' } }, /types gives/],
  [{ cache: true }, /cache of staticFiles takes an object/],
  [{ cache: { size: 1 } }, /cache of staticFiles has no option called size/],
  [{ cache: { bytes: -1 } }, /cache.bytes is a number from 0 on/],
  [{ cache: { entries: 1.5 } }, /cache.entries/],
  [{ cache: { seconds: Number.NaN } }, /cache.seconds/],
  [{ errorPage: 'x' }, /errorPage is a function/],
  [5, /takes an object/],
  [null, /takes an object/],
])('%j can’t be', (options, message) => {
  const make = () => staticFiles('.', options as never);
  expect(make).toThrow(message);
  expect(make).toThrow(/staticFiles/);
});

test('the README has every option with its default', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const source = readFileSync(new URL('../src/options.ts', import.meta.url), 'utf8');
  const members = (name: string): string[] =>
    [
      ...(source.split(`export interface ${name} {`)[1]?.split('\n}\n')[0] ?? '').matchAll(
        /^ {2}readonly (\w+)\?:/gm,
      ),
    ].map(([, member]) => member as string);
  const names = [
    ...members('StaticOptions').filter(name => name !== 'cache'),
    ...members('CacheOptions').map(name => `cache.${name}`),
  ];
  expect(names.length).toBeGreaterThan(15);
  const rows = [...readme.matchAll(/^\| `([\w.]+)` \|/gm)].map(([, name]) => name);
  expect(names.filter(name => !rows.includes(name))).toEqual([]);
  expect(rows.filter(name => !names.includes(name as string) && name !== 'cache')).toEqual([]);
});
