// Conditional requests, rule by rule (RFC 9110 13), and the dates and tags that they consist of.

import { utimesSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { listsTag } from '../src/entity-tag.ts';
import { parseHttpDate } from '../src/http-date.ts';
import { changedHttp, pause, Site, serve } from './serving.ts';

const earlier = 'Fri, 02 Jan 2026 03:04:04 GMT';
const later = 'Sat, 03 Jan 2026 00:00:00 GMT';

/** `TAG` and `WEAK` stand for the file's own tag. */
async function ask(
  headers: Record<string, string>,
  options: Parameters<typeof serve>[1] = {},
  method = 'GET',
) {
  const site = new Site({ 'a.txt': '0123456789' });
  const serving = await serve(site, options);
  const { etag = '""' } = (await serving.ask('/a.txt')).headers;
  const opaque = etag.replace('W/', '');
  const asked = Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      value.replace('WEAK', `W/${opaque}`).replace('TAG', opaque),
    ]),
  );
  return serving.ask('/a.txt', { headers: asked, method });
}

describe.each(['GET', 'HEAD'])('%s', method => {
  test.each<[string, Record<string, string>, number]>([
    ['13.1.1 If-Match: *', { 'If-Match': '*' }, 200],
    ['13.1.1 If-Match with the tag', { 'If-Match': 'TAG' }, 200],
    ['13.1.1 If-Match with the tag in a list', { 'If-Match': '"a", TAG, "b"' }, 200],
    ['13.1.1 If-Match without the tag', { 'If-Match': '"a", "b"' }, 412],
    ['13.1.1 If-Match compares strongly', { 'If-Match': 'WEAK' }, 412],
    ['13.1.1 If-Match that is no list', { 'If-Match': 'nonsense' }, 412],
    ['13.1.4 If-Unmodified-Since the date of the file', { 'If-Unmodified-Since': changedHttp }, 200],
    ['13.1.4 If-Unmodified-Since an earlier date', { 'If-Unmodified-Since': earlier }, 412],
    ['13.1.4 If-Unmodified-Since no date', { 'If-Unmodified-Since': 'yesterday' }, 200],
    [
      '13.2.2 If-Match comes before If-Unmodified-Since',
      { 'If-Match': 'TAG', 'If-Unmodified-Since': earlier },
      200,
    ],
    ['13.1.2 If-None-Match: *', { 'If-None-Match': '*' }, 304],
    ['13.1.2 If-None-Match with the tag', { 'If-None-Match': 'TAG' }, 304],
    ['13.1.2 If-None-Match compares weakly', { 'If-None-Match': 'WEAK' }, 304],
    ['13.1.2 If-None-Match with the tag in a list', { 'If-None-Match': 'W/"a",,TAG , "c"' }, 304],
    ['13.1.2 If-None-Match without the tag', { 'If-None-Match': '"a", "b"' }, 200],
    ['13.1.2 If-None-Match that is no list', { 'If-None-Match': 'TAG nonsense' }, 200],
    ['13.1.3 If-Modified-Since the date of the file', { 'If-Modified-Since': changedHttp }, 304],
    ['13.1.3 If-Modified-Since a later date', { 'If-Modified-Since': later }, 304],
    ['13.1.3 If-Modified-Since an earlier date', { 'If-Modified-Since': earlier }, 200],
    ['13.1.3 If-Modified-Since no date', { 'If-Modified-Since': '2026-01-02' }, 200],
    [
      '13.1.3 If-Modified-Since is ignored beside If-None-Match',
      { 'If-None-Match': '"a"', 'If-Modified-Since': later },
      200,
    ],
    ['13.2.2 If-Match comes before If-None-Match', { 'If-Match': '"a"', 'If-None-Match': 'TAG' }, 412],
    ['13.2.2 both hold', { 'If-Match': 'TAG', 'If-None-Match': 'TAG' }, 304],
    [
      '13.2.2 If-Unmodified-Since comes before If-Modified-Since',
      { 'If-Unmodified-Since': earlier, 'If-Modified-Since': later },
      412,
    ],
    ['13.2.2 If-None-Match comes before Range', { 'If-None-Match': 'TAG', Range: 'bytes=0-1' }, 304],
    ['13.2.2 If-Match comes before Range', { 'If-Match': '"a"', Range: 'bytes=0-1' }, 412],
  ])('%s', async (_, headers, status) => {
    const answer = await ask(headers, {}, method);
    expect(answer.status).toBe(status);
    if (status === 304) {
      expect(answer.body.length).toBe(0);
      expect(answer.headers).toMatchObject({ etag: expect.any(String), 'cache-control': 'no-cache' });
      for (const name of ['content-type', 'content-length', 'last-modified', 'content-range'])
        expect(answer.headers).not.toHaveProperty(name);
    }
  });
});

test('without tags only the dates count, and a 304 has the date', async () => {
  expect((await ask({ 'If-None-Match': '"a"', 'If-Modified-Since': later }, { etag: false })).status).toBe(
    200,
  );
  expect((await ask({ 'If-Match': '"a"' }, { etag: false })).status).toBe(412);
  const { status, headers } = await ask({ 'If-Modified-Since': later }, { etag: false });
  expect([status, headers.etag, headers['last-modified']]).toEqual([304, undefined, changedHttp]);
});

test('without dates only the tags count', async () => {
  const options = { lastModified: false };
  expect((await ask({}, options)).headers).not.toHaveProperty('last-modified');
  expect((await ask({ 'If-Modified-Since': later }, options)).status).toBe(200);
  expect((await ask({ 'If-Unmodified-Since': earlier }, options)).status).toBe(200);
  expect((await ask({ 'If-None-Match': 'TAG' }, options)).status).toBe(304);
});

test('weak tags match weakly, and never where it has to be the same octet by octet', async () => {
  const options = { etag: 'weak' } as const;
  expect((await ask({}, options)).headers.etag).toMatch(/^W\/"/);
  expect((await ask({ 'If-None-Match': 'TAG' }, options)).status).toBe(304);
  expect((await ask({ 'If-Match': 'WEAK' }, options)).status).toBe(412);
  expect((await ask({ Range: 'bytes=0-1', 'If-Range': 'WEAK' }, options)).status).toBe(200);
});

test('the tag changes when the file does, also when size and second stay the same', async () => {
  const site = new Site();
  const tags = new Set<string>();
  const serving = await serve(site, { cache: { seconds: 0 } });
  for (const [content, time] of [
    ['aaaa', '2026-01-01T00:00:00.100Z'],
    ['bbbb', '2026-01-01T00:00:00.200Z'],
    ['ccc', '2026-01-01T00:00:00.200Z'],
  ] as const) {
    site.write('a.txt', content, new Date(time));
    const { headers, text } = await serving.ask('/a.txt');
    expect(text).toBe(content);
    tags.add(headers.etag as string);
  }
  expect(tags.size).toBe(3);
});

test('a file that has just been written has a strong tag', async () => {
  const site = new Site();
  const serving = await serve(site);
  for (let round = 0; round < 5; round += 1) {
    site.write(`${round}.txt`, 'x', null);
    expect((await serving.ask(`/${round}.txt`)).headers.etag).toMatch(/^"/);
  }
});

test('what is written again within the same tick of the clock is seen', async () => {
  const site = new Site();
  const serving = await serve(site, { cache: { seconds: 0 } });
  const old = new Date('2026-01-01T00:00:00Z');
  for (let round = 0; round < 30; round += 1) {
    site.write('a.txt', `a${round % 10}`, old);
    const first = serving.ask('/a.txt');
    await pause(round % 5);
    site.write('a.txt', `b${round % 10}`, old);
    utimesSync(site.file('a.txt'), old, old);
    await first;
    expect((await serving.ask('/a.txt')).text).toBe(`b${round % 10}`);
  }
});

describe('dates', () => {
  const now = () => Date.UTC(2026, 10, 23);
  test.each([
    ['Sun, 06 Nov 1994 08:49:37 GMT', 784_111_777],
    ['Sunday, 06-Nov-94 08:49:37 GMT', 784_111_777],
    ['Sun Nov  6 08:49:37 1994', 784_111_777],
    ['Thu, 01 Jan 1970 00:00:00 GMT', 0],
    ['Sat, 31 Dec 2016 23:59:60 GMT', 1_483_228_800],
    ['Thursday, 31-Dec-76 00:00:00 GMT', Date.UTC(2076, 11, 31) / 1000],
    ['Friday, 31-Dec-77 00:00:00 GMT', Date.UTC(1977, 11, 31) / 1000],
    ['Thu, 29 Feb 2024 00:00:00 GMT', 1_709_164_800],
  ])('%s is %d', (text, seconds) => expect(parseHttpDate(text, now)).toBe(seconds));

  test.each([
    '',
    '0',
    '1994-11-06T08:49:37Z',
    'Sun, 06 Nov 1994 08:49:37 UTC',
    'Sun, 06 Nov 1994 08:49:37 +0000',
    'Sun, 6 Nov 1994 08:49:37 GMT',
    'sun, 06 nov 1994 08:49:37 gmt',
    'Sun, 31 Feb 2026 08:49:37 GMT',
    'Sun, 00 Nov 1994 08:49:37 GMT',
    'Sun, 06 Nov 1994 24:00:00 GMT',
    'Sun, 06 Nov 1994 08:60:37 GMT',
    ' Sun, 06 Nov 1994 08:49:37 GMT',
    'Sun, 06 Nov 1994 08:49:37 GMT; length=5',
  ])('%j is none', text => expect(parseHttpDate(text, now)).toBeUndefined());

  test('every second has the three forms', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: Date.UTC(2070, 0) / 1000 }), seconds => {
        const text = new Date(seconds * 1000).toUTCString();
        expect(parseHttpDate(text)).toBe(seconds);
      }),
    );
    fc.assert(
      fc.property(
        fc.string(),
        text =>
          [undefined, 'number'].includes(typeof parseHttpDate(text)) || parseHttpDate(text) === undefined,
      ),
    );
  });
});

describe('lists of tags', () => {
  const opaque = fc.stringMatching(/^[\x21\x23-\x7e\x80-\xff]{0,8}$/).map(text => `"${text}"`);
  const tag = fc.tuple(fc.boolean(), opaque).map(([weak, text]) => (weak ? `W/${text}` : text));
  const gap = fc.stringMatching(/^[ \t]{0,2}$/);

  test('have the tags that were put in them', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(gap, tag, gap), { minLength: 1, maxLength: 8 }),
        tag,
        fc.boolean(),
        (list, own, strong) => {
          const field = list.map(([before, one, behind]) => before + one + behind).join(',');
          const plain = (one: string) => one.replace(/^W\//, '');
          const expected = strong
            ? !own.startsWith('W/') && list.some(([, one]) => one === own)
            : list.some(([, one]) => plain(one) === plain(own));
          expect(listsTag(field, own, strong)).toBe(expected);
        },
      ),
    );
  });

  test('anything else has none, and takes no time', () => {
    fc.assert(fc.property(fc.string(), text => typeof listsTag(text, '"a"', false) === 'boolean'));
    const start = performance.now();
    for (const odd of [
      '"a" '.repeat(50_000),
      ' '.repeat(200_000),
      ','.repeat(200_000),
      '"'.repeat(200_001),
      'W/'.repeat(100_000),
    ])
      expect(listsTag(odd, '"b"', false)).toBe(false);
    expect(performance.now() - start).toBeLessThan(1000);
  });
});
