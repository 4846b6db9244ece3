// Whatever is asked for and whatever is answered: what the client decodes is what the application gave, with the same status,
// and HEAD says the same as GET.

import { type Application, call, type Environ, type Result, type StartResponse } from '@fapws/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type GzipOptions, gzip } from '../src/index.ts';
import { decode } from './client.ts';

const pieceOf = fc.oneof(
  fc.string({ maxLength: 300, unit: 'grapheme' }),
  fc.uint8Array({ maxLength: 300 }),
  fc.constant(null),
  fc.constant(''),
  fc
    .tuple(fc.string({ minLength: 1, maxLength: 20 }), fc.integer({ min: 1, max: 4000 }))
    .map(([part, times]) => part.repeat(times)),
);
const kinds = [
  'whole',
  'array',
  'generator',
  'async generator',
  'write',
  'write and return',
  'promise',
] as const;

const accepts = fc.oneof(
  fc.constantFrom(
    'gzip',
    'br',
    'deflate',
    'zstd',
    '*',
    'gzip, br;q=0.5',
    'identity',
    'br;q=0',
    '',
    'gzip, identity;q=0',
  ),
  fc
    .array(
      fc.tuple(
        fc.constantFrom('gzip', 'br', 'deflate', 'zstd', 'identity', '*', 'x'),
        fc.constantFrom('', ';q=0', ';q=0.5', ';q=1', ';q=x'),
      ),
      { maxLength: 6 },
    )
    .map(list => list.map(member => member.join('')).join(', ')),
);

const optionsOf: fc.Arbitrary<GzipOptions> = fc.record({
  threshold: fc.constantFrom(0, 1, 100, 1024),
  syncLimit: fc.constantFrom(0, 1000, 32_768),
  cache: fc.constantFrom(0, 100_000),
});

type Piece = string | Uint8Array | null;

function applicationOf(kind: (typeof kinds)[number], type: string, pieces: readonly Piece[]): Application {
  const headers: [string, string][] = [['Content-Type', type]];
  const whole = (): Buffer => Buffer.concat(pieces.map(piece => Buffer.from(piece ?? '')));
  const results: Record<typeof kind, (environ: Environ, start: StartResponse) => Result | Promise<Result>> = {
    whole,
    array: () => [...pieces],
    generator: () => pieces.values(),
    'async generator': () =>
      (async function* () {
        yield* pieces;
      })(),
    write: () => undefined,
    'write and return': () => pieces.slice(1).values(),
    promise: async () => whole(),
  };
  return (environ, start) => {
    const write = start('200 OK', headers);
    const written = kind === 'write' ? pieces : kind === 'write and return' ? pieces.slice(0, 1) : [];
    for (const piece of written) if (piece !== null) void write(piece);
    return results[kind](environ, start);
  };
}

test('what is decoded is what was given', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...kinds),
      fc.constantFrom('text/html', 'image/png'),
      fc.array(pieceOf, { maxLength: 8 }),
      accepts,
      optionsOf,
      async (kind, type, pieces, accept, options) => {
        const application = applicationOf(kind, type, pieces);
        const headers = { 'Accept-Encoding': accept };
        const plain = await call(application);
        const middleware = gzip({ ...options, unacceptable: 'identity' });
        const coded = await call(middleware(application), { headers });
        expect(coded.status).toBe(plain.status);
        const encoding = coded.header('Content-Encoding');
        expect(decode(encoding, coded.body).equals(plain.body)).toBe(true);
        if (encoding !== undefined) expect(accept).toMatch(new RegExp(`${encoding}|\\*`));
        if (encoding !== undefined || type === 'text/html')
          expect(coded.header('Vary')).toBe('Accept-Encoding');
        // Answers whose length is known say so.
        const length = coded.header('Content-Length');
        if (length !== undefined) expect(Number(length)).toBe(coded.body.length);
        const head = await call(middleware(application), { method: 'HEAD', headers });
        const linesOf = (response: typeof head): string[] =>
          response.headers.filter(([name]) => name !== 'Date').map(([name, value]) => `${name}: ${value}`);
        expect(linesOf(head)).toEqual(linesOf(coded));
      },
    ),
    { numRuns: 500 },
  );
}, 60_000);
