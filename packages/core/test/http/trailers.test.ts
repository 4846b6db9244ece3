// The fields behind chunked content: checked as those of a head, then dropped. Nobody ever takes one for a field of the head.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Refusal } from '../../src/http/refusal.ts';
import { answersIn, cut, echoServer, outcome, readContent, Server, type ServerOptions } from './wire.ts';

const CHUNKED = 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n';
const NEXT = 'GET /next HTTP/1.1\r\nHost: a\r\n\r\n';
const x = (length: number): string => 'x'.repeat(length);

/** A request with content `abc` and trailers. */
const post = (...trailers: string[]): string =>
  `${CHUNKED}3\r\nabc\r\n0\r\n${trailers.map(trailer => `${trailer}\r\n`).join('')}\r\n`;

async function delivered(reads: Buffer[], options: ServerOptions = {}) {
  const server = echoServer(options);
  const client = server.connect().send(...reads);
  await server.quiet();
  return { server, client, result: outcome(server, client), codes: client.statuses };
}

/** Delivers octets whole, one by one and cut at every place: always to the same end. */
async function everyWay(octets: string, options: ServerOptions = {}) {
  const whole = await delivered(cut(octets), options);
  const single = await delivered(cut(octets, ...Array(octets.length).keys()), options);
  expect(single.result).toEqual(whole.result);
  for (let place = 1; place < octets.length; place += 1) {
    expect((await delivered(cut(octets, place), options)).result, `cut at ${place}`).toEqual(whole.result);
  }
  return whole;
}

describe('7.1.2 trailers', () => {
  test.each([
    ['one', ['Server-Timing: a']],
    ['several of a name', ['A: 1', 'A: 2', 'a: 3']],
    ['without a value', ['A:', 'B: \t ', 'C:']],
    [
      'with names that only begin or end like others',
      ['Content-Lengths: 5', 'X-Host: b', 'Transfer-Encodin: x'],
    ],
    ['with values that look like fields', ['A: Host: b', 'B: Content-Length: 5']],
    ['with octets above 7F', ['A: \xe4\xff']],
  ])('%s: dropped, and what follows them is the next request', async (_, trailers) => {
    const { server, codes } = await everyWay(post(...trailers) + NEXT);
    expect(codes).toEqual([200, 200]);
    expect(server.seen).toMatchObject([
      {
        content: 'abc',
        fields: [
          ['Host', 'a'],
          ['Transfer-Encoding', 'chunked'],
        ],
      },
      { path: '/next', fields: [['Host', 'a']] },
    ]);
  });

  test('the request ends with the empty line behind them, not before', async () => {
    const server = echoServer();
    const client = server.connect().send(post('A: 1').slice(0, -2));
    await server.quiet();
    expect(client.received).toBe('');
    client.send('\r\n');
    await server.quiet();
    expect(client.statuses).toEqual([200]);
  });
});

describe('S6.5.1 what only the head may say', () => {
  const names = [
    'Authorization',
    'Cache-Control',
    'Connection',
    'Content-Encoding',
    'Content-Length',
    'Content-Range',
    'Content-Type',
    'Cookie',
    'Expect',
    'Forwarded',
    'Host',
    'If-None-Match',
    'Keep-Alive',
    'Max-Forwards',
    'Proxy',
    'Proxy-Authenticate',
    'Proxy-Authorization',
    'Proxy-Connection',
    'Range',
    'Set-Cookie',
    'TE',
    'Trailer',
    'Transfer-Encoding',
    'Upgrade',
    'WWW-Authenticate',
    'X-Forwarded-For',
    'X-Real-IP',
  ];

  test.each(names)(
    '%s is refused with 400, in any spelling, behind others, however it is cut',
    async name => {
      for (const spelling of [name, name.toLowerCase(), name.toUpperCase()]) {
        for (const trailers of [
          [`${spelling}: 1`],
          [`${spelling}:`],
          ['A: b', 'C:', `${spelling}:1`, 'D: e'],
        ]) {
          const octets = post(...trailers) + NEXT;
          const { server, client, codes } =
            spelling === name ? await everyWay(octets) : await delivered(cut(octets));
          expect(codes).toEqual([400]);
          // llhttp itself refuses a second length.
          const { detail } = name === 'Content-Length' ? Refusal.framing : Refusal.trailer;
          expect(answersIn(client.octets)[0]?.content).toBe(`${detail}\n`);
          expect(client.ending).toBe('half-closed');
          expect(server.seen).toMatchObject([{ content: 'FAPWS_CONTENT_MALFORMED' }]);
        }
      }
    },
  );

  test('an answer that is out already stands, and is the last one', async () => {
    const server = new Server();
    const client = server.connect().send(post('A: b', 'Host: b') + NEXT);
    await server.quiet();
    expect(client.statuses).toEqual([200]);
    expect(server.seen).toHaveLength(1);
    expect(client.ending).toBe('half-closed');
  });

  test('an answer that has begun is cut', async () => {
    const codes: (string | undefined)[] = [];
    const server = new Server({
      app(exchange) {
        exchange.setHead('200 OK', []);
        exchange.send('x');
        readContent(exchange, (_, error) => codes.push(error?.code));
      },
    });
    const client = server.connect().send(post('Host: b'));
    await server.quiet();
    expect(client.ending).toBe('reset');
    expect(client.received.endsWith('1\r\nx\r\n')).toBe(true);
    expect(codes).toEqual(['FAPWS_CONTENT_MALFORMED']);
  });
});

describe('bounds are those of a head', () => {
  const limits = { field: 40, head: 150, fields: 4 };

  test.each([
    ['one line', [`A: ${x(37)}`], [`A: ${x(38)}`]],
    ['one name', [`${x(37)}:`], [`${x(40)}:`]],
    ['one line, the second', ['A: 1', `B: ${x(37)}`], ['A: 1', `B: ${x(38)}`]],
    ['blanks', [`A:${' '.repeat(37)}b`], [`A:${' '.repeat(50)}b`]],
    ['their number', ['A:', 'B: 2', 'C:', 'D: 4'], ['A:', 'B: 2', 'C:', 'D: 4', 'E:']],
    ['all lines together', Array(4).fill(`A: ${x(32)}`), Array(4).fill(`A: ${x(36)}`)],
  ])('%s: what fits is dropped, more is refused with 431', async (_, fits, exceeds) => {
    const served = await everyWay(post(...fits) + NEXT, { limits });
    expect(served.codes).toEqual([200, 200]);
    const { server, client, codes } = await everyWay(post(...exceeds) + NEXT, { limits });
    expect(codes).toEqual([431]);
    expect(server.seen).toMatchObject([{ content: 'FAPWS_CONTENT_TOO_LARGE' }]);
    expect(client.ending).toBe('half-closed');
  });

  test.each([
    ['8000 octets in one line', post(`A: ${x(8000)}`), 200],
    ['8200 octets in one line', post(`A: ${x(8200)}`), 431],
    ['100 lines', post(...Array(100).fill('A: 1')), 200],
    ['101 lines', post(...Array(101).fill('A: 1')), 431],
    ['16000 octets', post(`A: ${x(7990)}`, `B: ${x(7990)}`), 200],
    ['16400 octets', post(`A: ${x(8180)}`, `B: ${x(8180)}`, `C: ${x(40)}`), 431],
    ['a name without end', `${CHUNKED}0\r\n${x(100_000)}`, 431],
    ['a value without end', `${CHUNKED}0\r\nA: ${x(100_000)}`, 431],
    ['lines without end', `${CHUNKED}0\r\n${'A: 1\r\n'.repeat(20_000)}`, 431],
  ])('by default: %s', async (_, octets, status) => {
    for (const reads of [cut(octets), cut(octets, ...Array(Math.min(octets.length, 20_000)).keys())]) {
      expect((await delivered(reads)).codes).toEqual([status]);
    }
  });

  test('each request has its own', async () => {
    const { codes } = await delivered(cut(post('A: 1', 'B: 2', 'C: 3').repeat(5)), { limits });
    expect(codes).toEqual(Array(5).fill(200));
  });

  test('they do not count as content, nor content as them', async () => {
    const { codes } = await delivered(cut(post(`A: ${x(30)}`)), { limits: { ...limits, content: 3 } });
    expect(codes).toEqual([200]);
    const upload = `${CHUNKED}${'1\r\nx\r\n'.repeat(1000)}0\r\nA: 1\r\n\r\n`;
    expect((await delivered(cut(upload), { limits })).codes).toEqual([200]);
  });
});

test('any trailers, cut anywhere, come to the same end as whole ones', async () => {
  const token = fc.string({ unit: fc.constantFrom(...'abHost-TE'), minLength: 1, maxLength: 12 });
  const name = fc.oneof(token, fc.constantFrom('Host', 'te', 'Content-Length', 'X-Y', 'Cookie'));
  const value = fc.string({ unit: fc.constantFrom(...'ab: \t\xe9,;='), maxLength: 20 });
  const trailer = fc.tuple(name, value).map(([key, text]) => `${key}: ${text}`);
  await fc.assert(
    fc.asyncProperty(
      fc.array(trailer, { maxLength: 6 }),
      fc.array(fc.nat(400), { maxLength: 5 }),
      async (trailers, places) => {
        const octets = post(...trailers) + NEXT;
        const inside = places.filter(place => place > 0 && place < octets.length);
        const whole = await delivered(cut(octets), { limits: { fields: 5 } });
        const parts = await delivered(cut(octets, ...inside), { limits: { fields: 5 } });
        expect(parts.result).toEqual(whole.result);
        const spoken = trailers.map(text => text.slice(0, text.indexOf(':')).toLowerCase());
        const forbidden = ['host', 'te', 'content-length', 'cookie'];
        const refused = trailers.length > 5 || spoken.some(text => forbidden.includes(text));
        expect(whole.codes[0] === 200).toBe(!refused);
      },
    ),
    { numRuns: 100 },
  );
});
