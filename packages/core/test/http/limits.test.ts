// Every bound on size and number: what just fits is served, one octet more is refused, however the network cuts it.
import { describe, expect, test } from 'vitest';
import { Refusal } from '../../src/http/refusal.ts';
import {
  answersIn,
  cut,
  echoServer,
  outcome,
  readContent,
  respond,
  Server,
  type ServerOptions,
} from './wire.ts';

const HOST = 'Host: a\r\n';
const limits = {
  requestLine: 60,
  field: 40,
  head: 165,
  fields: 5,
  chunkExtensions: 30,
  content: 20,
  discard: 10_000,
};
const x = (length: number): string => 'x'.repeat(length);

/** A request with a head of so many octets, empty line included. */
function headOf(octets: number, last = 'Y: y'): string {
  const rest = `GET / HTTP/1.1\r\n${HOST}A: ${x(30)}\r\nB: ${x(30)}\r\nC: ${x(30)}\r\n`;
  return `${rest}${last}${x(octets - rest.length - last.length - 4)}\r\n\r\n`;
}

/** The same, with a last field that has no value. */
function emptyAtEnd(octets: number): string {
  return headOf(octets, '').replace(/(x+)\r\n\r\n$/, name => `${name.slice(1, -4)}:\r\n\r\n`);
}

const chunked = `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n`;

/** Name, a request that just fits, one that does not, the refusal. */
const bounds: [string, string, string, number][] = [
  [
    '3 the request line',
    `GET /${x(60 - 14)} HTTP/1.1\r\n${HOST}\r\n`,
    `GET /${x(61 - 14)} HTTP/1.1\r\n${HOST}\r\n`,
    414,
  ],
  [
    '3 the request line, of any number of octets',
    `GET / HTTP/1.1\r\n${HOST}\r\n`,
    `GET /${x(5000)} HTTP/1.1\r\n${HOST}\r\n`,
    414,
  ],
  [
    '2.2 empty lines before the request line',
    `${'\r\n'.repeat(10)}GET / HTTP/1.1\r\n${HOST}\r\n`,
    '\r\n'.repeat(1000),
    414,
  ],
  [
    'S5.4 one field',
    `GET / HTTP/1.1\r\n${HOST}A: ${x(37)}\r\n\r\n`,
    `GET / HTTP/1.1\r\n${HOST}A: ${x(38)}\r\n\r\n`,
    431,
  ],
  ['S5.4 all fields', headOf(165), headOf(166), 431],
  ['S5.4 all fields, the last one without a value', emptyAtEnd(165), emptyAtEnd(166), 431],
  ['S5.4 a name without end', headOf(150), `GET / HTTP/1.1\r\n${HOST}${x(5000)}`, 431],
  ['S5.4 a value without end', headOf(150), `GET / HTTP/1.1\r\n${HOST}X: ${x(5000)}`, 431],
  [
    'S5.4 blanks without end before a value',
    headOf(150),
    `GET / HTTP/1.1\r\n${HOST}X:${' '.repeat(5000)}`,
    431,
  ],
  [
    'S5.4 the number of fields',
    `GET / HTTP/1.1\r\n${HOST}A:1\r\nB:\r\nC: 3\r\nD: 4\r\n\r\n`,
    `GET / HTTP/1.1\r\n${HOST}A:1\r\nB:\r\nC: 3\r\nD: 4\r\nE:\r\n\r\n`,
    431,
  ],
  [
    'S15.5.14 content, by its length',
    `POST / HTTP/1.1\r\n${HOST}Content-Length: 20\r\n\r\n${x(20)}`,
    `POST / HTTP/1.1\r\n${HOST}Content-Length: 21\r\n\r\n${x(21)}`,
    413,
  ],
  [
    'S15.5.14 content in chunks',
    `${chunked}A\r\n${x(10)}\r\nA\r\n${x(10)}\r\n0\r\n\r\n`,
    `${chunked}A\r\n${x(10)}\r\nB\r\n${x(11)}\r\n0\r\n\r\n`,
    413,
  ],
  ['S15.5.14 content in one chunk without end', `${chunked}0\r\n\r\n`, `${chunked}FFFFFF\r\n${x(5000)}`, 413],
  [
    '7.1.1 a chunk extension',
    `${chunked}1;${x(29)}\r\nx\r\n0\r\n\r\n`,
    `${chunked}1;${x(30)}\r\nx\r\n0\r\n\r\n`,
    400,
  ],
  [
    '7.1.1 chunk extensions, all together',
    `${chunked}${`2;${x(2)}\r\nxx\r\n`.repeat(10)}0\r\n\r\n`,
    `${chunked}${`2;${x(2)}\r\nxx\r\n`.repeat(10)}0;\r\n\r\n`,
    400,
  ],
  ['7.1.1 an extension without end', `${chunked}0\r\n\r\n`, `${chunked}1;${x(5000)}`, 400],
  [
    '7.1 zeros before a chunk size',
    `${chunked}${'1'.padStart(16, '0')}\r\nx\r\n0\r\n\r\n`,
    `${chunked}${'1'.padStart(17, '0')}\r\nx\r\n0\r\n\r\n`,
    400,
  ],
  ['7.1.2 a trailer', `${chunked}0\r\nA: ${x(37)}\r\n\r\n`, `${chunked}0\r\nA: ${x(38)}\r\n\r\n`, 431],
  [
    '7.1.2 trailers',
    `${chunked}0\r\n${`A: ${x(35)}\r\n`.repeat(4)}\r\n`,
    `${chunked}0\r\n${`A: ${x(37)}\r\n`.repeat(4)}\r\n`,
    431,
  ],
  [
    '7.1.2 the number of trailers',
    `${chunked}0\r\n${'A:\r\n'.repeat(5)}\r\n`,
    `${chunked}0\r\n${'A:\r\n'.repeat(6)}\r\n`,
    431,
  ],
  ['7.1.2 trailers without end', `${chunked}0\r\n\r\n`, `${chunked}0\r\n${'A: 1\r\n'.repeat(1000)}`, 431],
];

async function delivered(octets: string, reads: Buffer[], options: ServerOptions = { limits }) {
  const made = echoServer(options);
  const client = made.connect().send(...reads);
  await made.quiet();
  expect(Buffer.concat(reads).length).toBe(octets.length);
  return { made, client, codes: answersIn(client.octets).map(({ code }) => code) };
}

describe.each(bounds)('%s', (_, fits, exceeds, status) => {
  test.each([
    ['what just fits is served', fits, 200],
    [`one octet more is ${status}`, exceeds, status],
  ])('%s, whole, byte by byte and cut at every place', async (_, octets, code) => {
    const { made, client, codes } = await delivered(octets, cut(octets));
    expect(codes).toEqual([code]);
    expect(client.ending).toBe(code === 200 ? 'open' : 'half-closed');
    const whole = outcome(made, client);
    const bytes = await delivered(octets, cut(octets, ...Array(octets.length).keys()));
    expect(outcome(bytes.made, bytes.client)).toEqual(whole);
    for (let place = 1; place < Math.min(octets.length, 700); place += 1) {
      const { made, client } = await delivered(octets, cut(octets, place));
      expect(outcome(made, client), `cut at ${place}`).toEqual(whole);
    }
  });
});

describe('defaults', () => {
  test.each([
    ['3 a request line of 8000 octets', `GET /${x(8000)} HTTP/1.1\r\n${HOST}\r\n`, 200],
    ['3 one of 9000', `GET /${x(9000)} HTTP/1.1\r\n${HOST}\r\n`, 414],
    ['S5.4 a field of 8000 octets', `GET / HTTP/1.1\r\n${HOST}X: ${x(8000)}\r\n\r\n`, 200],
    ['S5.4 one of 9000', `GET / HTTP/1.1\r\n${HOST}X: ${x(9000)}\r\n\r\n`, 431],
    ['S5.4 100 fields', `GET / HTTP/1.1\r\n${HOST}${'X: y\r\n'.repeat(99)}\r\n`, 200],
    ['S5.4 101 fields', `GET / HTTP/1.1\r\n${HOST}${'X: y\r\n'.repeat(100)}\r\n`, 431],
    ['S5.4 5000 fields', `GET / HTTP/1.1\r\n${HOST}${'X:\r\n'.repeat(5000)}\r\n`, 431],
  ])('%s: %s', async (_, octets, status) => {
    for (const reads of [cut(octets), cut(octets, ...Array(octets.length).keys())]) {
      expect((await delivered(octets, reads, {})).codes).toEqual([status]);
    }
  });

  test('fields are never dropped: with the limit lifted all 5000 arrive', async () => {
    const infinite = { limits: { fields: Number.POSITIVE_INFINITY, head: Number.POSITIVE_INFINITY } };
    const octets = `GET / HTTP/1.1\r\n${HOST}${Array.from({ length: 5000 }, (_, at) => `X${at}: ${at}\r\n`).join('')}\r\n`;
    const { made, codes } = await delivered(octets, cut(octets), infinite);
    expect(codes).toEqual([200]);
    expect(made.seen[0]?.fields).toHaveLength(5001);
    expect(made.seen[0]?.fields.at(-1)).toEqual(['X4999', '4999']);
    const bytes = await delivered(octets, cut(octets, ...Array(octets.length).keys()), infinite);
    expect(bytes.made.seen).toEqual(made.seen);
  }, 30_000);
});

describe('content', () => {
  test('an upload in many chunks is not taken for a flood of framing, however it is cut', async () => {
    const chunk = `1000\r\n${x(4096)}\r\n`;
    const octets = `${chunked}${chunk.repeat(200)}0\r\n\r\n`;
    // Sizes, data and line ends in reads of their own, as some clients send them.
    const reads = [
      chunked,
      ...Array(200)
        .fill(['1000', '\r\n', x(4096), '\r', '\n'])
        .flat(),
      '0\r\n\r\n',
    ];
    const { made, codes } = await delivered(
      octets,
      reads.map(read => Buffer.from(read)),
      { limits: { ...limits, content: 1e9 } },
    );
    expect(codes).toEqual([200]);
    expect(made.seen[0]?.content).toHaveLength(200 * 4096);
  });

  test('the application may lift the limit', async () => {
    const octets = `${chunked}FF\r\n${x(255)}\r\n0\r\n\r\n`;
    const made: Server = new Server({
      limits,
      app: exchange => {
        exchange.contentLimit = 255;
        readContent(exchange, content => respond(exchange, String(content.length)));
      },
    });
    const client = made.connect().send(octets);
    expect(answersIn(client.octets)).toMatchObject([{ code: 200, content: '255' }]);
  });

  test('what is too much breaks an answer off that has begun', async () => {
    const made = new Server({
      limits,
      app: exchange => {
        exchange.setHead('200 OK', []);
        exchange.send('x');
        readContent(exchange, () => {});
      },
    });
    const client = made.connect().send(chunked, `FF\r\n${x(255)}`);
    await made.quiet();
    expect(client.received).toMatch(/\r\n1\r\nx\r\n$/);
    expect(client.ending).toBe('reset');
  });

  test.each([
    ['by its length', `POST / HTTP/1.1\r\n${HOST}Content-Length: 30\r\n\r\n`, x(30)],
    ['in chunks', chunked, `1E\r\n${x(30)}\r\n0\r\n\r\n`],
  ])(
    '9.3 unread content is thrown away to keep a connection, within a bound: %s',
    async (_, head, content) => {
      const big = { ...limits, content: 1e9, discard: 30 };
      const next = `GET /next HTTP/1.1\r\n${HOST}\r\n`;
      const made = new Server({ limits: big });
      const client = made.connect().send(head, content, next);
      expect(client.statuses).toEqual([200, 200]);
      expect(made.seen).toMatchObject([{ path: '/' }, { path: '/next' }]);
      const other = new Server({ limits: big });
      const longer = other
        .connect()
        .send(head.replace('30', '31'), content.replace('1E', '1F').replace(x(30), x(31)), next);
      await other.quiet();
      expect(longer.statuses).toEqual([200]);
      expect(other.seen).toHaveLength(1);
      expect(longer.ending).not.toBe('open');
      // Where the length says it beforehand, the client is told.
      expect(longer.received.includes('Connection: close\r\n')).toBe(head.includes('Content-Length'));
    },
  );

  test('9.6 what follows a last answer is thrown away, within a bound', async () => {
    const made = new Server({ limits: { linger: 30 } });
    const client = made.connect().send(`GET / HTTP/1.0\r\n\r\n`, x(30));
    await made.quiet();
    expect(client.ending).toBe('half-closed');
    client.send('x');
    await made.quiet();
    expect(client.ending).toBe('closed');
    expect(made.protocol.connections.size).toBe(0);
  });

  test('S10.1.1 content that will be refused is not invited', async () => {
    const client = echoServer({ limits })
      .connect()
      .send(`POST / HTTP/1.1\r\n${HOST}Expect: 100-continue\r\nContent-Length: 21\r\n\r\n`);
    expect(answersIn(client.octets)).toMatchObject([
      { code: 413, content: `${Refusal.contentTooLarge.detail}\n` },
    ]);
  });
});

describe('the number of requests', () => {
  test('the last one is answered with Connection: close, and nothing behind it is looked at', () => {
    const made = new Server({ limits: { requests: 3 } });
    const client = made.connect().send(`GET / HTTP/1.1\r\n${HOST}\r\n`.repeat(5));
    expect(answersIn(client.octets).map(({ headers }) => Object.fromEntries(headers)['Connection'])).toEqual([
      undefined,
      undefined,
      'close',
    ]);
    expect(made.seen).toHaveLength(3);
    expect(client.ending).toBe('half-closed');
  });
});
