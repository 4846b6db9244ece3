// Parts of files (RFC 9110 14 and 15.3.7), of those that are kept in memory and those that are streamed.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Span, spansOf } from '../src/ranges.ts';
import { type Answer, changedHttp, Site, serve } from './serving.ts';

const content = Buffer.from(Array.from({ length: 10_000 }, (_, at) => (at * 7 + (at >> 8)) & 0xff));

/** The parts of a multipart/byteranges answer, taken apart by its own words. */
function partsOf({ headers, body }: Answer): { range: string; type: string; content: Buffer }[] {
  const boundary = /^multipart\/byteranges; boundary=([\w-]+)$/.exec(headers['content-type'] as string)?.[1];
  const text = body.toString('latin1');
  const parts = text.split(`\r\n--${boundary}`);
  expect(parts[0]).toBe('');
  expect(parts.at(-1)).toBe('--\r\n');
  return parts.slice(1, -1).map(part => {
    const [head, ...rest] = part.split('\r\n\r\n');
    return {
      type: /\r\nContent-Type: (.*)\r\n/.exec(head as string)?.[1] as string,
      range: /\r\nContent-Range: (.*)$/.exec(head as string)?.[1] as string,
      content: Buffer.from(rest.join('\r\n\r\n'), 'latin1'),
    };
  });
}

describe.each([
  ['in memory', {}],
  ['streamed', { cache: { fileBytes: 100 } }],
  ['without a cache', { cache: false }],
] as const)('of a file %s', (_, options) => {
  const ask = async (headers: Record<string, string>, method = 'GET') => {
    const serving = await serve(new Site({ 'a.bin': content, empty: '' }), options);
    const { etag } = (await serving.ask('/a.bin')).headers;
    const asked = Object.entries(headers).map(([name, value]) => [
      name,
      value.replace('TAG', etag as string),
    ]);
    const answer = await serving.ask('/a.bin', { method, headers: Object.fromEntries(asked) });
    expect(answer.headers.date).toBeDefined();
    if (answer.status < 300) expect(answer.headers.etag).toBe(etag);
    return answer;
  };

  test.each([
    ['bytes=0-0', 0, 1],
    ['bytes=0-9', 0, 10],
    ['bytes=9990-', 9990, 10_000],
    ['bytes=9990-99999999', 9990, 10_000],
    ['bytes=-10', 9990, 10_000],
    ['bytes=-99999', 0, 10_000],
    ['bytes=0-', 0, 10_000],
    ['BYTES = 5-6', 5, 7],
    ['bytes= 5-6 ,', 5, 7],
    ['bytes=5-6,99999-', 5, 7],
    ['bytes=0-10,5-20', 0, 21],
    ['bytes=20-30,5-25', 5, 31],
    ['bytes=0-,0-,0-', 0, 10_000],
    ['bytes=0-5,50-60', 0, 61],
  ])('%s is one part', async (range, start, end) => {
    const { status, headers, body } = await ask({ Range: range });
    expect(status).toBe(206);
    expect(headers['content-range']).toBe(`bytes ${start}-${end - 1}/10000`);
    expect(headers['content-length']).toBe(String(end - start));
    expect(headers).toMatchObject({
      'last-modified': changedHttp,
      'cache-control': 'no-cache',
      'accept-ranges': 'bytes',
    });
    expect(body.equals(content.subarray(start, end))).toBe(true);
  });

  test.each([
    [
      'bytes=0-9,1000-1009',
      [
        [0, 10],
        [1000, 1010],
      ],
    ],
    [
      'bytes=1000-1009, 0-9',
      [
        [1000, 1010],
        [0, 10],
      ],
    ],
    [
      'bytes=-5,0-4,5000-',
      [
        [5000, 10_000],
        [0, 5],
      ],
    ],
    [
      'bytes=0-0,200-200,400-400,99999-',
      [
        [0, 1],
        [200, 201],
        [400, 401],
      ],
    ],
  ])('%s is several', async (range, spans) => {
    const answer = await ask({ Range: range });
    expect(answer.status).toBe(206);
    expect(answer.headers).not.toHaveProperty('content-range');
    expect(answer.headers['content-length']).toBe(String(answer.body.length));
    const parts = partsOf(answer);
    expect(parts.map(({ range }) => range)).toEqual(
      spans.map(([start, end]) => `bytes ${start}-${(end as number) - 1}/10000`),
    );
    for (const [at, { type, content: part }] of parts.entries()) {
      expect(type).toBe('application/octet-stream');
      expect(part.equals(content.subarray(...(spans[at] as [number, number])))).toBe(true);
    }
  });

  test.each(['bytes=10000-', 'bytes=10000-10001', 'bytes=-0', 'bytes=20000-20001,30000-'])(
    '%s is 416',
    async range => {
      const { status, headers } = await ask({ Range: range });
      expect(status).toBe(416);
      expect(headers['content-range']).toBe('bytes */10000');
      expect(headers).not.toHaveProperty('etag');
    },
  );

  test.each([
    'bytes',
    'bytes=',
    'bytes=,',
    'bytes=-',
    'bytes=a-b',
    'bytes=5',
    'bytes=6-5',
    'bytes=1-2-3',
    'bytes=0x1-5',
    'bytes=+1-5',
    'bytes=--5',
    'items=0-5',
    `bytes=${Array.from({ length: 17 }, (_, at) => `${at * 500}-${at * 500}`).join(',')}`,
    `bytes=${'0-,'.repeat(1000)}0-`,
  ])('%s is ignored', async range => {
    const { status, body, headers } = await ask({ Range: range });
    expect(status).toBe(200);
    expect(headers).not.toHaveProperty('content-range');
    expect(body.equals(content)).toBe(true);
  });

  test('14.2: Range is ignored by anything but GET', async () => {
    const { status, headers } = await ask({ Range: 'bytes=0-5' }, 'HEAD');
    expect([status, headers['content-length']]).toEqual([200, '10000']);
  });

  test.each([
    ['TAG', 206],
    [changedHttp, 206],
    ['"other"', 200],
    ['W/TAG', 200],
    ['Fri, 02 Jan 2026 03:04:06 GMT', 200],
    ['Friday, 02-Jan-26 03:04:05 GMT', 200],
    ['nonsense', 200],
    ['', 200],
  ])('13.1.5: If-Range: %s is answered %d', async (condition, status) => {
    const answer = await ask({ Range: 'bytes=2-4', 'If-Range': condition });
    expect(answer.status).toBe(status);
    expect(answer.body.equals(status === 206 ? content.subarray(2, 5) : content)).toBe(true);
  });

  test('13.1.5: where If-Range does not hold, an impossible Range is none', async () => {
    expect((await ask({ Range: 'bytes=99999-', 'If-Range': '"other"' })).status).toBe(200);
    expect((await ask({ Range: 'bytes=99999-', 'If-Range': 'TAG' })).status).toBe(416);
  });

  test('an empty file has no parts', async () => {
    const serving = await serve(new Site({ empty: '' }), options);
    expect((await serving.ask('/empty', { headers: { Range: 'bytes=0-' } })).status).toBe(416);
    const suffix = await serving.ask('/empty', { headers: { Range: 'bytes=-5' } });
    expect([suffix.status, suffix.body.length]).toEqual([200, 0]);
  });

  test('ranges can be switched off', async () => {
    const serving = await serve(new Site({ 'a.bin': content }), { ...options, ranges: false });
    const { status, headers } = await serving.ask('/a.bin', { headers: { Range: 'bytes=0-5' } });
    expect(status).toBe(200);
    expect(headers).not.toHaveProperty('accept-ranges');
  });
});

describe('whatever is asked for', () => {
  const number = fc.integer({ min: 0, max: 300 });
  const one = fc.oneof(
    fc.tuple(number, fc.nat(50)).map(([first, more]) => ({
      text: `${first}-${first + more}`,
      of: (size: number) => [first, Math.min(size, first + more + 1)],
    })),
    number.map(first => ({ text: `${first}-`, of: (size: number) => [first, size] })),
    number.map(length => ({
      text: `-${length}`,
      of: (size: number) => [Math.max(0, size - length), length === 0 ? 0 : size],
    })),
  );

  test('each octet comes once, if anybody asked for it, and hardly any that nobody did', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 250 }),
        fc.array(one, { minLength: 1, maxLength: 12 }),
        (size, asked) => {
          const spans = spansOf(`bytes=${asked.map(({ text }) => text).join(', ')}`, size) as Span[];
          const wanted = new Set<number>();
          for (const { of } of asked) {
            const [start, end] = of(size) as [number, number];
            for (let at = start; at < end; at += 1) wanted.add(at);
          }
          const got: number[] = [];
          for (const { start, end } of spans) {
            expect(start).toBeLessThan(end);
            expect(end).toBeLessThanOrEqual(size);
            for (let at = start; at < end; at += 1) got.push(at);
          }
          expect(new Set(got).size).toBe(got.length);
          for (const at of wanted) expect(got).toContain(at);
          expect(got.length).toBeLessThanOrEqual(wanted.size + 80 * Math.max(0, asked.length - 1));
          expect(spans.length === 0).toBe(wanted.size === 0);
        },
      ),
      { numRuns: 500 },
    );
  });

  test('nonsense is ignored or means something possible', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^bytes=[-0-9, \t]{0,30}$/), fc.nat(1000), (field, size) => {
        for (const { start, end } of spansOf(field, size) ?? []) {
          expect(start).toBeGreaterThanOrEqual(0);
          expect(end).toBeGreaterThan(start);
          expect(end).toBeLessThanOrEqual(size);
        }
      }),
      { numRuns: 1000 },
    );
    expect(spansOf('bytes=9999999999999999999999-', 10)).toEqual([]);
    expect(spansOf('bytes=0-9999999999999999999999', 10)).toEqual([{ start: 0, end: 10 }]);
    expect(spansOf('bytes=-9999999999999999999999', 10)).toEqual([{ start: 0, end: 10 }]);
  });
});
