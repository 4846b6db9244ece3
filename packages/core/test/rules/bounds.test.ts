// Bounds: beyond them a request is refused as a whole, nothing of it is cut short or left out.

import { describe, expect, test } from 'vitest';
import type { ServerOptions } from '../../src/options.ts';
import { ask, get, LAST, post, SMUGGLED } from './asking.ts';
import { chunked } from './malformed.ts';

const x = (length: number): string => 'x'.repeat(length);

/** Serves the first request and refuses the second one. */
function bounds(
  title: string,
  fits: string,
  exceeds: string,
  status: number,
  limits?: ServerOptions['limits'],
): void {
  test(title, async () => {
    const served = await ask(fits + LAST, { limits });
    expect(served.codes).toEqual([200, 200]);
    const refused = await ask(exceeds + SMUGGLED, { limits });
    expect(refused.codes).toEqual([status]);
    expect(refused.answers[0]?.header('Connection')).toBe('close');
    expect(refused.called.filter(call => call.includes('/smuggled'))).toEqual([]);
  });
}

describe('heads', () => {
  bounds(
    '9112-2.2-e: The number of empty lines before a request line is bounded.',
    '\r\n'.repeat(100) + get('/'),
    '\r\n'.repeat(20_000) + get('/'),
    414,
  );

  bounds(
    '9112-3-d: A target longer than what is accepted is answered 414.',
    get(`/${x(8000)}`),
    get(`/${x(8200)}`),
    414,
  );

  test('9112-3-e: A request line of 8000 octets is accepted.', async () => {
    const target = `/${x(8000 - 'GET / HTTP/1.1'.length)}`;
    expect((await ask(get(target) + LAST)).called).toEqual([`GET ${target}`, 'GET /last']);
  });

  bounds(
    '9110-5.4-a: Fields that are larger or more than what is accepted are answered 431; none is left out. (one field)',
    get('/', `X: ${x(8000)}`),
    get('/', `X: ${x(8200)}`),
    431,
  );

  bounds(
    '9110-5.4-a: Fields that are larger or more than what is accepted are answered 431; none is left out. (all of them)',
    get('/', `X: ${x(7000)}`, `Y: ${x(7000)}`),
    get('/', `X: ${x(7000)}`, `Y: ${x(7000)}`, `Z: ${x(7000)}`),
    431,
  );

  bounds(
    '9110-5.4-a: Fields that are larger or more than what is accepted are answered 431; none is left out. (their number)',
    get('/', ...Array.from({ length: 99 }, (_, at) => `X${at}: y`)),
    get('/', ...Array.from({ length: 100 }, (_, at) => `X${at}: y`)),
    431,
  );

  bounds(
    '9110-5.4-a: Fields that are larger or more than what is accepted are answered 431; none is left out. (a length behind them)',
    post('abc', ...Array.from({ length: 98 }, () => 'X: y'), 'Content-Length: 3'),
    post(SMUGGLED, ...Array.from({ length: 2000 }, () => 'X:'), `Content-Length: ${SMUGGLED.length}`),
    431,
  );
});

describe('content', () => {
  bounds(
    '9110-15.5.14-a: Content that is larger than what is accepted is answered 413. (by its length)',
    post(x(20), 'Content-Length: 20'),
    post(x(21), 'Content-Length: 21'),
    413,
    { content: 20 },
  );

  bounds(
    '9110-15.5.14-a: Content that is larger than what is accepted is answered 413. (in chunks)',
    chunked(`A\r\n${x(10)}\r\na\r\n${x(10)}\r\n0\r\n\r\n`),
    chunked(`A\r\n${x(10)}\r\nb\r\n${x(11)}\r\n0\r\n\r\n`),
    413,
    { content: 20 },
  );

  for (const [name, size] of [
    ['2^32 and 3', '100000003'],
    ['2^53 and 3', '20000000000003'],
    ['2^63 and 3', '8000000000000003'],
    ['2^64 less 1', 'ffffffffffffffff'],
  ]) {
    bounds(
      `9112-7.1-b: A size that is too large for a number overflows nowhere. (${name}: all that follows is content)`,
      chunked('3\r\nabc\r\n0\r\n\r\n'),
      chunked(`${size}\r\nabc\r\n0\r\n\r\n`),
      413,
      { content: 20 },
    );
  }

  bounds(
    '9112-7.1-e: The zeros before a size are bounded.',
    chunked('0000000000000003\r\nabc\r\n0\r\n\r\n'),
    chunked('00000000000000003\r\nabc\r\n0\r\n\r\n'),
    400,
  );

  bounds(
    '9112-7.1.1-b: The length of all chunk extensions is bounded. (one)',
    chunked(`3;${x(4000)}\r\nabc\r\n0\r\n\r\n`),
    chunked(`3;${x(4200)}\r\nabc\r\n0\r\n\r\n`),
    400,
  );

  bounds(
    '9112-7.1.1-b: The length of all chunk extensions is bounded. (many)',
    chunked(`${`1;${x(400)}\r\na\r\n`.repeat(10)}0\r\n\r\n`),
    chunked(`${`1;${x(400)}\r\na\r\n`.repeat(11)}0\r\n\r\n`),
    400,
  );

  for (const [name, fits, exceeds] of [
    ['one', `X: ${x(8000)}\r\n`, `X: ${x(8200)}\r\n`],
    ['all of them', `X: ${x(7000)}\r\n`.repeat(2), `X: ${x(7000)}\r\n`.repeat(3)],
    ['their number', 'X: y\r\n'.repeat(100), 'X: y\r\n'.repeat(101)],
  ] as const) {
    bounds(
      `9110-5.4-b: Trailer fields are bounded like those of the head. (${name})`,
      chunked(`3\r\nabc\r\n0\r\n${fits}\r\n`),
      chunked(`3\r\nabc\r\n0\r\n${exceeds}\r\n`),
      431,
    );
  }
});
