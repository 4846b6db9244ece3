import { call } from '@fapws/core';
import { describe, expect, test } from 'vitest';
import { compressible, type GzipOptions, gzip } from '../src/index.ts';
import { decode, hasZstd } from './client.ts';

const page = (length: number, type = 'text/html') => gzipped({}, length, type);

function gzipped(options: GzipOptions, length = 5000, type = 'text/html') {
  return gzip(options)((_, startResponse) => {
    startResponse('200 OK', [['Content-Type', type]]);
    return 'x'.repeat(length);
  });
}

const encodingOf = async (
  application: ReturnType<typeof page>,
  accept: string,
): Promise<string | undefined> =>
  (await call(application, { headers: { 'Accept-Encoding': accept } })).header('Content-Encoding');

describe('what is wrong is refused by name when the middleware is made', () => {
  test.each<[unknown, RegExp]>([
    [{ encoding: ['gzip'] }, /option "encoding" does not exist; there are encodings,/],
    [{ encodings: ['gzip', 'brotli'] }, /encodings has "brotli"; there are zstd, br, gzip, deflate/],
    [{ encodings: [] }, /encodings is empty/],
    [{ encodings: 'gzip' }, /encodings is a list, not "gzip"/],
    [{ levels: { gzip: 0 } }, /levels\.gzip is a whole number from 1 to 9, not 0/],
    [{ levels: { gzip: 10 } }, /levels\.gzip/],
    [{ levels: { deflate: 1.5 } }, /levels\.deflate/],
    [{ levels: { br: 12 } }, /levels\.br is a whole number from 0 to 11/],
    [{ levels: { zstd: 20 } }, /levels\.zstd is a whole number from 1 to 19/],
    [{ levels: { brotli: 4 } }, /levels: "brotli" does not exist/],
    [{ levels: 6 }, /levels is an object, not 6/],
    [{ threshold: -1 }, /threshold is a whole number of octets/],
    [{ threshold: '1kb' }, /threshold is .*, not "1kb"/],
    [{ threshold: Number.NaN }, /threshold/],
    [{ syncLimit: 1_048_577 }, /syncLimit is a whole number of octets from 0 to 1048576, not 1048577/],
    [{ cache: -1 }, /cache/],
    [{ cache: Number.POSITIVE_INFINITY }, /cache/],
    [{ types: ['text/html'] }, /types is a function, not an array/],
    [{ when: true }, /when is a function, not a boolean/],
    [{ unacceptable: 406 }, /unacceptable is '406' or 'identity', not 406/],
    [null, /options are an object, not null/],
    [[], /options are an object, not an array/],
  ])('%o', (options, message) => {
    expect(() => gzip(options as GzipOptions)).toThrow(message);
  });

  test('a level beyond what the type says is a RangeError, something else in its place a TypeError', () => {
    expect(() => gzip({ levels: { br: 99 } })).toThrow(RangeError);
    expect(() => gzip({ when: 1 as never })).toThrow(TypeError);
  });
});

describe('encodings', () => {
  test('are all that this Node has, the cheapest first', async () => {
    expect(await encodingOf(page(5000), 'deflate, gzip, br, zstd')).toBe(hasZstd ? 'zstd' : 'br');
    expect(await encodingOf(page(5000), 'deflate, gzip, br')).toBe('br');
    expect(await encodingOf(page(5000), 'deflate, gzip')).toBe('gzip');
  });

  test('are taken in the order of the option', async () => {
    expect(await encodingOf(gzipped({ encodings: ['gzip', 'br'] }), 'br, gzip')).toBe('gzip');
    expect(await encodingOf(gzipped({ encodings: ['gzip'] }), 'br')).toBe(undefined);
  });

  test('leave out what this Node does not have', async () => {
    expect(await encodingOf(gzipped({ encodings: ['zstd', 'gzip'] }), 'zstd, gzip')).toBe(
      hasZstd ? 'zstd' : 'gzip',
    );
    if (!hasZstd) expect(() => gzip({ encodings: ['zstd'] })).toThrow(/Node .* has none of them/);
  });
});

describe('levels', () => {
  test.each(['gzip', 'deflate', 'br', ...(hasZstd ? (['zstd'] as const) : [])] as const)(
    'of %s make content smaller',
    async encoding => {
      const words = Array.from({ length: 8000 }, (_, at) => `word${(at * at * 7919) % 1013}`).join(' ');
      const sizes: number[] = [];
      for (const level of [1, 9]) {
        const application = gzip({ levels: { [encoding]: level }, syncLimit: 1_048_576 })(
          (_, startResponse) => {
            startResponse('200 OK', [['Content-Type', 'text/plain']]);
            return words;
          },
        );
        const response = await call(application, { headers: { 'Accept-Encoding': encoding } });
        expect(decode(encoding, response.body).toString()).toBe(words);
        sizes.push(response.body.length);
      }
      expect(sizes[1]).toBeLessThan(sizes[0] as number);
    },
  );
});

describe('threshold', () => {
  test('is where compressing begins', async () => {
    expect(await encodingOf(page(1023), 'gzip')).toBe(undefined);
    expect(await encodingOf(page(1024), 'gzip')).toBe('gzip');
    expect(await encodingOf(gzipped({ threshold: 0 }, 100), 'gzip')).toBe('gzip');
    expect(await encodingOf(gzipped({ threshold: Number.POSITIVE_INFINITY }), 'gzip')).toBe(undefined);
  });

  test('counts octets, not characters', async () => {
    const application = gzip()((_, startResponse) => {
      startResponse('200 OK', [['Content-Type', 'text/plain']]);
      return '€'.repeat(342);
    });
    expect(await encodingOf(application, 'gzip')).toBe('gzip');
  });
});

describe('types', () => {
  test.each([
    ['text/html', true],
    ['text/html; charset=utf-8', true],
    ['TEXT/HTML ;charset=utf-8', true],
    ['application/json', true],
    ['application/problem+json', true],
    ['application/vnd.made-up+xml', true],
    ['image/svg+xml', true],
    ['text/event-stream', true],
    ['text/of-some-kind', true],
    ['application/wasm', true],
    ['image/png', false],
    ['video/mp4', false],
    ['application/zip', false],
    ['application/gzip', false],
    ['font/woff2', false],
    ['constructor', false],
    ['', false],
  ])('%s is compressed: %s', async (type, is) => {
    expect((await encodingOf(page(5000, type), 'gzip')) !== undefined).toBe(is);
  });

  test('without a Content-Type nothing is', async () => {
    const application = gzip()((_, startResponse) => {
      startResponse('200 OK', []);
      return 'x'.repeat(5000);
    });
    expect(await encodingOf(application, 'gzip')).toBe(undefined);
  });

  test('can be others', async () => {
    const asked: string[] = [];
    const types = (type: string): boolean => {
      asked.push(type);
      return type === 'application/x-tar' || compressible(type);
    };
    expect(await encodingOf(gzipped({ types }, 5000, 'application/X-Tar; a=b'), 'gzip')).toBe('gzip');
    expect(asked).toEqual(['application/x-tar']);
  });
});

describe('when', () => {
  test('keeps answers out of it', async () => {
    const application = gzipped({ when: environ => environ.PATH_INFO !== '/secret' });
    const headers = { 'Accept-Encoding': 'gzip' };
    expect((await call(application, { headers })).header('Content-Encoding')).toBe('gzip');
    const response = await call(application, { target: '/secret', headers });
    expect(response.header('Content-Encoding')).toBe(undefined);
    expect(response.header('Vary')).toBe(undefined);
  });
});

describe('without options', () => {
  test('gzip(application) is gzip()(application)', async () => {
    const application = gzip((_, startResponse) => {
      startResponse('200 OK', [['Content-Type', 'text/html']]);
      return 'x'.repeat(5000);
    });
    expect(await encodingOf(application, 'gzip')).toBe('gzip');
  });
});
