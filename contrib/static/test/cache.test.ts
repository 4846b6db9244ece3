// What is kept in memory: bounded, looked at again in time, and never older than it may be.

import { rmSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { Cache } from '../src/cache.ts';
import { Finder, type FoundFile } from '../src/finding.ts';
import { settingsOf } from '../src/options.ts';
import { changed, openFiles, pause, Site, serve, until } from './serving.ts';

describe('what is served', () => {
  test('is at most as old as the option says', async () => {
    const site = new Site({ 'a.txt': 'one' });
    const serving = await serve(site, { cache: { seconds: 0.3 } });
    expect((await serving.ask('/a.txt')).text).toBe('one');
    for (const content of ['two', 'three', 'four!']) {
      site.write('a.txt', content, null);
      const written = performance.now();
      await until(`${content} is served`, async () => (await serving.ask('/a.txt')).text === content);
      expect(performance.now() - written).toBeLessThan(900);
    }
  });

  test('is what the file was when it was looked at, within the time', async () => {
    const site = new Site({ 'a.txt': 'one' });
    const serving = await serve(site, { cache: { seconds: 60 } });
    const { headers } = await serving.ask('/a.txt');
    site.write('a.txt', 'two, and longer');
    const again = await serving.ask('/a.txt');
    expect([again.text, again.headers.etag]).toEqual(['one', headers.etag]);
  });

  test('with 0 seconds is looked at on each request', async () => {
    const site = new Site();
    const serving = await serve(site, { cache: { seconds: 0 } });
    for (let round = 0; round < 30; round += 1) {
      site.write('a.txt', `round ${round}`, new Date(changed.getTime() + round));
      expect((await serving.ask('/a.txt')).text).toBe(`round ${round}`);
    }
    rmSync(site.file('a.txt'));
    expect((await serving.ask('/a.txt')).status).toBe(404);
    site.write('a.txt', 'back');
    expect((await serving.ask('/a.txt')).text).toBe('back');
  });

  test('without a cache is streamed', async () => {
    const site = new Site({ 'a.txt': 'one' });
    const serving = await serve(site, { cache: false });
    for (const content of ['one', 'two', 'three']) {
      site.write('a.txt', content);
      const { text, headers } = await serving.ask('/a.txt');
      expect([text, headers['content-length']]).toEqual([content, String(content.length)]);
    }
    await until('all files are closed', () => openFiles(site.root) === 0);
  });

  test('a file that was missing is found in time, one that is gone is missed in time', async () => {
    const site = new Site();
    const serving = await serve(site, { cache: { seconds: 0.1 } });
    expect((await serving.ask('/a.txt')).status).toBe(404);
    site.write('a.txt', 'here');
    await until('it is found', async () => (await serving.ask('/a.txt')).status === 200);
    rmSync(site.file('a.txt'));
    await until('it is missed', async () => (await serving.ask('/a.txt')).status === 404);
  });

  test('a file that is replaced all the while is whole each time', async () => {
    const site = new Site({ 'a.txt': '0'.repeat(50_000) });
    const serving = await serve(site, { cache: { seconds: 0, fileBytes: 60_000 } });
    const end = Date.now() + 1000;
    let round = 0;
    while (Date.now() < end) {
      const answers = Array.from({ length: 4 }, () => serving.ask('/a.txt'));
      round += 1;
      // In place, which is what a careless deployment does: a mixture must never be taken for the file.
      const { renameSync } = await import('node:fs');
      site.write('next', String(round % 10).repeat(40_000 + (round % 7) * 3000), null);
      renameSync(site.file('next'), site.file('a.txt'));
      for (const { text, status, headers } of await Promise.all(answers)) {
        expect(status).toBe(200);
        expect(new Set(text).size).toBe(1);
        expect(headers['content-length']).toBe(String(text.length));
      }
    }
    expect(round).toBeGreaterThan(5);
  });
});

test('requests for one file that come together look for it once', async () => {
  const site = new Site({ 'a.txt': 'a' });
  const finder = new Finder(settingsOf(site.root, {}));
  const found = await Promise.all(Array.from({ length: 100 }, () => finder.find('/a.txt')));
  expect(new Set(found).size).toBe(1);
  expect(finder.known('/a.txt')).toBe(found[0]);
});

test('what can’t be told from another state is read again, and has a weak tag', async () => {
  const site = new Site({ 'a.txt': 'a' });
  const finder = new Finder(settingsOf(site.root, { cache: { seconds: 0 } }));
  // The file was changed an hour after now, as the file system of another machine may see it.
  const clock = vi.spyOn(Date, 'now').mockReturnValue(Date.now() - 3_600_000);
  const first = (await finder.find('/a.txt')) as FoundFile;
  expect(first.plain.tag).toMatch(/^W\//);
  expect(await finder.find('/a.txt')).not.toBe(first);
  clock.mockRestore();
  await pause(30);
  expect(((await finder.find('/a.txt')) as FoundFile).plain.tag).toMatch(/^"/);
});

test('what is changed while it is read is read again', async () => {
  const site = new Site({ 'a.txt': 'aaaa' });
  const finder = new Finder(settingsOf(site.root, {}));
  const { opener } = finder;
  const look = opener.stateOf.bind(opener);
  let looks = 0;
  opener.stateOf = async handle => {
    looks += 1;
    if (looks === 1) site.write('a.txt', 'bbbb');
    return look(handle);
  };
  expect(((await finder.find('/a.txt')) as FoundFile).plain.content?.toString()).toBe('bbbb');
  // One that never rests is not kept, but sent as it comes.
  opener.stateOf = async handle => {
    looks += 1;
    site.write('a.txt', String(looks));
    return look(handle);
  };
  finder.forget('/a.txt');
  const restless = (await finder.find('/a.txt')) as FoundFile;
  expect([restless.plain.content, restless.settled]).toEqual([null, false]);
});

test('what has not changed is not read again', async () => {
  const site = new Site({ 'a.txt': 'a' });
  const finder = new Finder(settingsOf(site.root, { cache: { seconds: 0 } }));
  const first = await finder.find('/a.txt');
  await pause(50);
  expect(await finder.find('/a.txt')).toBe(first);
  site.write('a.txt', 'b');
  expect(await finder.find('/a.txt')).not.toBe(first);
});

describe('the cache', () => {
  const value = (bytes: number) => ({ bytes });

  test('never holds more than it may, whatever comes', () => {
    const step = fc.tuple(fc.nat(30), fc.nat(20_000), fc.boolean());
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), steps => {
        const cache = new Cache(10, 60_000);
        for (const [name, bytes, get] of steps) {
          if (get) cache.get(String(name));
          else cache.set(String(name), value(bytes), 0);
          expect(cache.size).toBeLessThanOrEqual(10);
          expect(cache.bytes).toBeLessThanOrEqual(60_000);
        }
        for (let name = 0; name <= 30; name += 1) cache.delete(String(name));
        expect([cache.size, cache.bytes]).toEqual([0, 0]);
      }),
    );
  });

  test('keeps what is used', () => {
    const cache = new Cache(10, 1_000_000);
    cache.set('used', value(1), 0);
    for (let number = 0; number < 1000; number += 1) {
      cache.get('used');
      cache.set(String(number), value(1), 0);
    }
    expect(cache.get('used')).toBeDefined();
    expect(cache.size).toBe(10);
  });

  test('has no room for what is larger than all of it, and nothing leaves for that', () => {
    const cache = new Cache(10, 10_000);
    cache.set('a', value(1), 0);
    cache.set('b', value(10_000), 0);
    expect([cache.get('a') !== undefined, cache.get('b')]).toEqual([true, undefined]);
  });

  test('a site that does not fit is served all the same', async () => {
    const files = Object.fromEntries(
      Array.from({ length: 50 }, (_, at) => [`${at}.txt`, `${at}`.repeat(1000)]),
    );
    const serving = await serve(new Site(files), { cache: { bytes: 20_000, entries: 5 } });
    for (let round = 0; round < 3; round += 1) {
      const answers = await Promise.all(Object.keys(files).map(name => serving.ask(`/${name}`)));
      expect(answers.map(({ text }) => text)).toEqual(Object.values(files));
    }
  });

  test('names that lead nowhere do not drive files out, and are bounded', async () => {
    const site = new Site({ 'a.txt': 'a' });
    const finder = new Finder(settingsOf(site.root, { cache: { seconds: 60 } }));
    await finder.find('/a.txt');
    for (let number = 0; number < 3000; number += 1) expect(await finder.find(`/${number}`)).toBe('missing');
    expect(finder.known('/a.txt')).toBeDefined();
    expect(finder.misses).toBeLessThanOrEqual(1024);
  });
});
