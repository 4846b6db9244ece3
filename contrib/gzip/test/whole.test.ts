// Whole content: on a stream that is reused, beside the loop, and from the cache.

import zlib from 'node:zlib';
import { type Application, call } from '@fapws/core';
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { worksAtOnce } from '../src/at-once.ts';
import { Cache } from '../src/cache.ts';
import {
  allEncodings,
  codings,
  compressAtOnce,
  createStream,
  type Encoding,
  isAvailable,
  unknownSize,
} from '../src/codings.ts';
import { Encoder, GivenUp } from '../src/encoder.ts';
import { type GzipOptions, gzip } from '../src/index.ts';
import { settingsOf } from '../src/options.ts';
import { reuse } from '../src/reused.ts';
import { WholeCompressor } from '../src/whole.ts';
import { decode } from './client.ts';

vi.setConfig({ testTimeout: 30_000 });

const encodings = allEncodings.filter(isAvailable);
const levels: Record<Encoding, number> = { gzip: 6, deflate: 6, br: 4, zstd: 3 };

const contents = fc.oneof(
  fc.uint8Array({ maxLength: 5000 }),
  fc
    .tuple(fc.uint8Array({ minLength: 1, maxLength: 50 }), fc.integer({ min: 1, max: 5000 }))
    .map(([part, times]) => Buffer.concat(Array.from({ length: times }, () => part))),
);

describe.each(encodings)('%s', encoding => {
  const reused = reuse(encoding, levels[encoding]);

  test.runIf(encoding !== 'br')('can be reused on this Node', () => {
    expect(reused).not.toBe(null);
  });

  test.runIf(reused !== null)('on one stream: what comes out is right, and stays as it is', () => {
    const kept: [content: Uint8Array, compressed: Buffer][] = [];
    fc.assert(
      fc.property(contents, content => {
        const compressed = reused?.(content) as Buffer;
        expect(decode(encoding, compressed).equals(content)).toBe(true);
        kept.push([content, compressed]);
      }),
    );
    for (const [content, compressed] of kept) expect(decode(encoding, compressed).equals(content)).toBe(true);
  });

  test('at once, by what is public', () => {
    fc.assert(
      fc.property(contents, content => {
        expect(decode(encoding, compressAtOnce(encoding, levels[encoding], content)).equals(content)).toBe(
          true,
        );
      }),
    );
  });

  test('with a window that suits any size', () => {
    for (const around of [0, 256, 512, 1024, 32_768, 65_536, 1_048_576, 2 ** 24]) {
      for (const size of [around - 263, around - 262, around - 261, around - 1, around, around + 1]) {
        if (size >= 0) createStream(encoding, levels[encoding], size).destroy();
      }
    }
  });

  test('pieces can be compressed at once on this Node', () => {
    expect(worksAtOnce(encoding)).toBe(true);
  });

  test.each([0, 1000, 1e6])('piece by piece, those up to %i octets at once', async syncLimit => {
    await fc.assert(
      fc.asyncProperty(fc.array(contents, { maxLength: 5 }), async pieces => {
        const encoder = new Encoder(encoding, levels[encoding], unknownSize, syncLimit);
        const out: Buffer[] = [];
        for (const piece of pieces.filter(({ length }) => length > 0)) {
          const octets = await encoder.push(piece);
          expect(octets.length, 'nothing is kept back').toBeGreaterThan(0);
          out.push(...octets);
        }
        out.push(...(await encoder.finish()));
        expect(decode(encoding, Buffer.concat(out)).equals(Buffer.concat(pieces))).toBe(true);
      }),
      { numRuns: 30 },
    );
  });

  test('levels hold for pieces that are compressed at once', async () => {
    const content = Buffer.from(
      Array.from({ length: 20_000 }, (_, at) => `word${(at * at * 7919) % 1013}`).join(' '),
    );
    const sizes: number[] = [];
    for (const syncLimit of [0, 1e6]) {
      const encoder = new Encoder(encoding, levels[encoding], unknownSize, syncLimit);
      const out = [...(await encoder.push(content)), ...(await encoder.finish())];
      sizes.push(Buffer.concat(out).length);
    }
    expect(sizes[1]).toBe(sizes[0]);
  });

  test('whoever waits for an encoder that is given up is told, before, during and after', async () => {
    const encoder = new Encoder(encoding, levels[encoding]);
    const waiting = encoder.push(Buffer.alloc(1_000_000, 'abc'));
    encoder.destroy();
    await expect(waiting).rejects.toThrow(GivenUp);
    await expect(encoder.push(Buffer.from('x'))).rejects.toThrow(GivenUp);
    await expect(encoder.finish()).rejects.toThrow(GivenUp);
    encoder.destroy();
  });
});

describe.each(encodings)('a stream of %s that forgets its level at a reset', encoding => {
  const { lowest, usual } = codings[encoding];
  const words = Buffer.from(
    Array.from({ length: 5000 }, (_, at) => `word${(at * at * 104_729) % 2017}`).join(' '),
  );

  test.each([lowest, usual - 1, usual, usual + 1, 9])('is not reused, with level %i', level => {
    const compress = reuse(encoding, level);
    if (compress === null) return;
    const first = compress(words);
    for (let at = 0; at < 3; at += 1) expect(compress(words).equals(first)).toBe(true);
    const fresh = compressAtOnce(encoding, level, words);
    expect(Math.abs(fresh.length - first.length)).toBeLessThan(0.02 * fresh.length);
  });
});

describe.each([0, 1e6])('an encoder that compresses up to %i octets at once', syncLimit => {
  const noise = Buffer.from(Array.from({ length: 200_000 }, (_, at) => Math.imul(at, 2_654_435_761) >>> 24));

  test('lets out all of a piece, also when it has many chunks', async () => {
    const encoder = new Encoder('gzip', 1, unknownSize, syncLimit);
    const out: Buffer[] = [];
    for (let at = 1; at <= 5; at += 1) {
      out.push(...(await encoder.push(noise)));
      const decoded = zlib.gunzipSync(Buffer.concat(out), { finishFlush: zlib.constants.Z_SYNC_FLUSH });
      expect(decoded.length).toBe(at * noise.length);
    }
    encoder.destroy();
  });

  test('lets others have their turn', async () => {
    const encoder = new Encoder('gzip', 1, unknownSize, syncLimit);
    let turns = 0;
    let pushing = true;
    const count = (): void => {
      turns += 1;
      if (pushing) setImmediate(count);
    };
    count();
    for (let at = 0; at < 10; at += 1) await encoder.push(noise);
    pushing = false;
    expect(turns).toBeGreaterThan(8);
    encoder.destroy();
  });

  test('leaves no listeners behind', async () => {
    const warned = vi.spyOn(process, 'emitWarning');
    const encoder = new Encoder('gzip', 1, unknownSize, syncLimit);
    for (let at = 0; at < 30; at += 1) await encoder.push(Buffer.from('piece'));
    await encoder.finish();
    encoder.destroy();
    expect(warned).not.toHaveBeenCalled();
    warned.mockRestore();
  });
});

test('where the internals of zlib are others, the public way is taken', () => {
  const gone = vi.spyOn(zlib.Gzip.prototype as never as { _processChunk(): void }, '_processChunk');
  gone.mockImplementation(() => {
    throw new Error('gone');
  });
  try {
    expect(reuse('gzip', 7)).toBe(null);
    // Each level has a stream of its own: this one has not been used before.
    const whole = new WholeCompressor(settingsOf({ levels: { gzip: 8 } }));
    const content = Buffer.from('The simplest and the fastest. '.repeat(100));
    // zlib's own synchronous functions do not go through the method.
    const compressed = whole.compress(content, 'gzip', () => {}) as Buffer;
    expect(zlib.gunzipSync(compressed).equals(content)).toBe(true);
  } finally {
    gone.mockRestore();
  }
});

test('a stream that fails while it is used is replaced by the public way', () => {
  const whole = new WholeCompressor(settingsOf({ levels: { gzip: 3 } }));
  const content = Buffer.from('The simplest and the fastest. '.repeat(100));
  const compress = (): Buffer => whole.compress(content, 'gzip', () => {}) as Buffer;
  expect(zlib.gunzipSync(compress()).equals(content)).toBe(true);
  const failing = vi.spyOn(zlib.Gzip.prototype as never as { reset(): void }, 'reset');
  failing.mockImplementation(() => {
    throw new Error('out of memory');
  });
  expect(zlib.gunzipSync(compress()).equals(content)).toBe(true);
  failing.mockRestore();
  expect(zlib.gunzipSync(compress()).equals(content)).toBe(true);
});

describe('syncLimit', () => {
  const where = (options: GzipOptions, length: number): boolean => {
    const whole = new WholeCompressor(settingsOf(options));
    return (
      whole.compress(Buffer.alloc(length, 'abc'), 'gzip', encoder => encoder.destroy()) instanceof Promise
    );
  };

  test('decides what is done beside the loop', async () => {
    vi.spyOn(Encoder.prototype, 'finish').mockResolvedValue([]);
    try {
      expect(where({}, 32_768)).toBe(false);
      expect(where({}, 32_769)).toBe(true);
      expect(where({ syncLimit: 0 }, 1)).toBe(true);
      expect(where({ syncLimit: 1_048_576 }, 1_048_576)).toBe(false);
    } finally {
      vi.restoreAllMocks();
    }
  });

  test('0: everything is, and right', async () => {
    const application: Application = (_, startResponse) => {
      startResponse('200 OK', [['Content-Type', 'text/html']]);
      return 'x'.repeat(2000);
    };
    const response = await call(gzip({ syncLimit: 0 })(application), {
      headers: { 'Accept-Encoding': 'gzip' },
    });
    expect(decode('gzip', response.body).toString()).toBe('x'.repeat(2000));
    expect(response.header('Content-Length')).toBe(String(response.body.length));
  });
});

describe('the cache', () => {
  const octets = (length: number, value = 1): Buffer => Buffer.alloc(length, value);

  test('gives what was put in, by content and coding', () => {
    const cache = new Cache(100_000);
    const key = cache.keyOf(octets(10), 'gzip');
    expect(cache.get(key)).toBe(undefined);
    cache.set(key, octets(5));
    expect(cache.get(key)?.equals(octets(5))).toBe(true);
    expect(cache.get(cache.keyOf(octets(10), 'br'))).toBe(undefined);
    expect(cache.get(cache.keyOf(octets(11), 'gzip'))).toBe(undefined);
    expect(cache.get(cache.keyOf(octets(10), 'gzip'))).not.toBe(undefined);
  });

  test('keeps to its size, and the longest unused goes first', () => {
    const cache = new Cache(8 * 1256);
    for (let at = 0; at < 8; at += 1) cache.set(`${at}`, octets(1000));
    for (let at = 0; at < 8; at += 1) expect(cache.get(`${at}`), `${at}`).not.toBe(undefined);
    cache.get('0');
    cache.set('8', octets(1000));
    expect(cache.get('1')).toBe(undefined);
    expect(cache.get('0')).not.toBe(undefined);
    expect(cache.get('8')).not.toBe(undefined);
    cache.set('large', octets(5000));
    expect(cache.get('large'), 'more than a quarter').toBe(undefined);
  });

  test('never holds more than it may, whatever comes', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 20_000 }),
        fc.array(fc.tuple(fc.integer({ min: 0, max: 50 }), fc.integer({ min: 0, max: 6000 })), {
          maxLength: 100,
        }),
        (room, entries) => {
          const cache = new Cache(room);
          for (const [key, length] of entries) cache.set(`${key}`, octets(length));
          let held = 0;
          for (let key = 0; key <= 50; key += 1) {
            const kept = cache.get(`${key}`);
            if (kept !== undefined) held += kept.length + 256;
          }
          expect(held).toBeLessThanOrEqual(room);
        },
      ),
    );
  });

  test.each([2000, 100_000])('of a middleware: content of %i octets is compressed once', async length => {
    let content = 'The simplest and the fastest. '.repeat(length / 30);
    const application = gzip({ cache: 1_000_000 })((_, startResponse) => {
      startResponse('200 OK', [['Content-Type', 'text/html']]);
      return content;
    });
    const hashed = vi.spyOn(Cache.prototype, 'set');
    const request = { headers: { 'Accept-Encoding': 'gzip' } };
    const first = await call(application, request);
    const second = await call(application, request);
    expect(hashed).toHaveBeenCalledTimes(1);
    expect(second.body.equals(first.body)).toBe(true);
    expect(second.header('Content-Length')).toBe(first.header('Content-Length'));
    content = content.replace('simplest', 'SIMPLEST');
    const third = await call(application, request);
    expect(decode('gzip', third.body).toString()).toBe(content);
    expect(hashed).toHaveBeenCalledTimes(2);
    hashed.mockRestore();
  });
});
