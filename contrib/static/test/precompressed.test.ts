// Siblings in a coding (app.js.br), chosen by what the client weighs (RFC 9110 12.5.3).

import { brotliCompressSync, gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Preferences } from '../src/accept-encoding.ts';
import type { Coding } from '../src/index.ts';
import { changed, Site, serve } from './serving.ts';

const plain = 'console.log("hello");\n'.repeat(100);
const all = {
  'app.js': plain,
  'app.js.br': brotliCompressSync(plain),
  'app.js.zst': 'zstd, as far as this test is concerned',
  'app.js.gz': gzipSync(plain),
};

describe('the coding', () => {
  test.each<[string | undefined, string | undefined]>([
    [undefined, undefined],
    ['', undefined],
    ['gzip, deflate, br, zstd', 'br'],
    ['gzip, deflate', 'gzip'],
    ['zstd, gzip', 'zstd'],
    ['gzip;q=1, br;q=0.5', 'gzip'],
    ['gzip;q=0.5, br;q=0.4, zstd;q=0.9', 'zstd'],
    ['*', 'br'],
    ['br;q=0, *', 'zstd'],
    ['br;q=0, *;q=0', undefined],
    ['*;q=0', undefined],
    ['identity', undefined],
    ['identity, gzip;q=0.5', undefined],
    ['identity;q=0.5, gzip;q=0.5', 'gzip'],
    ['identity;q=0, gzip', 'gzip'],
    // RFC 9110 12.5.3: where nothing fits, a server may send what it has.
    ['identity;q=0', undefined],
    ['x-gzip', 'gzip'],
    ['GZIP;Q=0.7', 'gzip'],
    ['gzip;q=0', undefined],
    ['gzip;q=0.000', undefined],
    ['gzip;q=0.001', 'gzip'],
    ['gzip;q=2, br;q=-1', undefined],
    ['gzip;q=nonsense, zstd', 'zstd'],
    ['deflate, compress', undefined],
    ['identity;q=1, *;q=0', undefined],
    ['gzipped, brotli', undefined],
    [' gzip ; q=0.5 , br ;q=0.6', 'br'],
  ])('for Accept-Encoding %j is %s', async (accept, coding) => {
    const serving = await serve(new Site(all), { precompressed: true });
    const { status, headers, body } = await serving.ask('/app.js', {
      headers: accept === undefined ? {} : { 'Accept-Encoding': accept },
    });
    expect(status).toBe(200);
    expect(headers['content-encoding']).toBe(coding);
    expect(headers.vary).toBe('Accept-Encoding');
    expect(headers['content-type']).toBe('text/javascript; charset=utf-8');
    const name = { br: 'app.js.br', zstd: 'app.js.zst', gzip: 'app.js.gz' }[coding ?? ''] ?? 'app.js';
    expect(body.equals(Buffer.from(all[name as 'app.js']))).toBe(true);
    expect(headers['content-length']).toBe(String(body.length));
  });

  test('is preferred in the order of the option where the client does not care', async () => {
    const serving = await serve(new Site(all), { precompressed: ['gzip', 'br'] });
    const { headers } = await serving.ask('/app.js', { headers: { 'Accept-Encoding': 'br, gzip, zstd' } });
    expect(headers['content-encoding']).toBe('gzip');
  });

  test('is not looked for unless that is asked for', async () => {
    const serving = await serve(new Site(all));
    const { headers } = await serving.ask('/app.js', { headers: { 'Accept-Encoding': 'br' } });
    expect(headers['content-encoding']).toBeUndefined();
    expect(headers.vary).toBeUndefined();
  });

  const coding = fc.constantFrom('br', 'gzip', 'zstd', 'identity', '*', 'deflate', 'x-gzip');
  const weight = fc.constantFrom('', ';q=0', ';q=0.5', ';q=0.001', ';q=1', '; q=0.9');
  test('is never one that was refused, whatever the list', () => {
    const codings: Coding[] = ['br', 'zstd', 'gzip'];
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.tuple(coding, weight), { selector: ([name]) => name.replace('x-', '') }),
        list => {
          const field = list.map(([name, q]) => name + q).join(', ');
          const weights = new Map(
            list.map(([name, q]) => [
              name.replace('x-', ''),
              q === '' ? 1 : Number(q.slice(q.indexOf('=') + 1)),
            ]),
          );
          const of = (name: string) => weights.get(name) ?? weights.get('*') ?? 0;
          const chosen = new Preferences(codings).of(field);
          for (const one of chosen) expect(of(one)).toBeGreaterThan(0);
          for (const one of codings) {
            if (of(one) > 0 && of(one) >= of('identity')) expect(chosen).toContain(one);
          }
          const [best] = chosen;
          if (best !== undefined) expect(of(best)).toBe(Math.max(...codings.map(of)));
        },
      ),
    );
  });

  test('many different fields are no reason to grow', () => {
    const preferences = new Preferences(['gzip']);
    for (let number = 0; number < 10_000; number += 1)
      expect(preferences.of(`gzip;q=0.5, x${number}`)).toEqual(['gzip']);
    expect(preferences.of(`gzip, ${'x'.repeat(100_000)}`)).toEqual(['gzip']);
  });
});

describe('a sibling', () => {
  const gzip = { headers: { 'Accept-Encoding': 'gzip' } };

  test('has a tag of its own, and is what conditions and ranges are about', async () => {
    const serving = await serve(new Site(all), { precompressed: true });
    const tags = [];
    for (const accept of ['br', 'zstd', 'gzip', '']) {
      const { headers } = await serving.ask('/app.js', { headers: { 'Accept-Encoding': accept } });
      tags.push(headers.etag as string);
    }
    expect(new Set(tags).size).toBe(4);
    const [br, , gz] = tags as [string, string, string];
    const ask = (tag: string) =>
      serving.ask('/app.js', { headers: { 'Accept-Encoding': 'gzip', 'If-None-Match': tag } });
    expect((await ask(br)).status).toBe(200);
    const unchanged = await ask(gz);
    expect([unchanged.status, unchanged.headers.vary]).toEqual([304, 'Accept-Encoding']);
    expect(unchanged.headers).not.toHaveProperty('content-encoding');
    const part = await serving.ask('/app.js', {
      headers: { 'Accept-Encoding': 'gzip', Range: 'bytes=0-9', 'If-Range': gz },
    });
    expect([part.status, part.headers['content-encoding']]).toEqual([206, 'gzip']);
    expect(part.body.equals(all['app.js.gz'].subarray(0, 10))).toBe(true);
  });

  test('is asked for by its own name as the file that it is', async () => {
    const serving = await serve(new Site(all), { precompressed: true });
    const { headers, body } = await serving.ask('/app.js.gz', gzip);
    expect([headers['content-type'], headers['content-encoding']]).toEqual(['application/gzip', undefined]);
    expect(gunzipSync(body).toString()).toBe(plain);
  });

  test('of a streamed file is streamed', async () => {
    const serving = await serve(new Site(all), { precompressed: true, cache: { fileBytes: 1 } });
    const { headers, body } = await serving.ask('/app.js', gzip);
    expect(headers['content-encoding']).toBe('gzip');
    expect(gunzipSync(body).toString()).toBe(plain);
    expect((await serving.ask('/app.js', { ...gzip, method: 'HEAD' })).headers['content-length']).toBe(
      String(body.length),
    );
  });

  test('of an index is found, too', async () => {
    const serving = await serve(new Site({ 'index.html': 'i', 'index.html.gz': 'z' }), {
      precompressed: true,
    });
    expect((await serving.ask('/', gzip)).text).toBe('z');
  });

  test('that is older than its file by more than a minute is left alone', async () => {
    const site = new Site(all);
    site.write('app.js.gz', 'old', new Date(changed.getTime() - 61_000));
    const serving = await serve(site, { precompressed: true });
    expect((await serving.ask('/app.js', gzip)).text).toBe(plain);
    site.write('b.js', 'b');
    site.write('b.js.gz', 'ok', new Date(changed.getTime() - 59_000));
    expect((await serving.ask('/b.js', gzip)).text).toBe('ok');
  });

  test('without its file is not there', async () => {
    const serving = await serve(new Site({ 'a.js.gz': 'z' }), { precompressed: true });
    expect((await serving.ask('/a.js', gzip)).status).toBe(404);
  });

  test('that comes, goes or changes is seen', async () => {
    const site = new Site({ 'a.js': 'plain' });
    const serving = await serve(site, { precompressed: true, cache: { seconds: 0 } });
    expect((await serving.ask('/a.js', gzip)).headers.vary).toBeUndefined();
    site.write('a.js.gz', 'one');
    expect((await serving.ask('/a.js', gzip)).text).toBe('one');
    site.write('a.js.gz', 'two!');
    expect((await serving.ask('/a.js', gzip)).text).toBe('two!');
    const { rmSync } = await import('node:fs');
    rmSync(site.file('a.js.gz'));
    expect((await serving.ask('/a.js', gzip)).text).toBe('plain');
  });
});
