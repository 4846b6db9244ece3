// What every answer has, and what none may have.

import { expect, test } from 'vitest';
import type { Application, Headers, Result } from '../../src/base/types.ts';
import type { Answer } from '../server/client.ts';
import { ask, get, LAST, type Outcome, post } from './asking.ts';
import { HOST } from './malformed.ts';

const http10 = `GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n`;
const head = `HEAD / HTTP/1.1\r\n${HOST}\r\n`;

function says(status: string, headers: Headers = [], result: () => Result = () => 'content'): Application {
  return (_, startResponse) => {
    startResponse(status, headers);
    return result();
  };
}

async function* pieces(): AsyncGenerator<string> {
  yield 'con';
  await null;
  yield 'tent';
}

const names = ({ headers }: Answer): string[] => headers.map(([name]) => name.toLowerCase());

/** Answers to GET, HEAD and HTTP/1.0, of an application that knows its length and of one that does not. */
async function answersWith(status: string): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const result of [() => 'content', pieces]) {
    for (const [request, method] of [
      [get('/'), 'GET'],
      [head, 'HEAD'],
      [http10, 'GET'],
    ] as const) {
      outcomes.push(await ask(request + LAST, { application: says(status, [], result), methods: [method] }));
    }
  }
  return outcomes;
}

test('9112-4-a: A status line has a space behind the code, also without a reason.', async () => {
  const { client } = await ask(LAST, { application: says('299 ') });
  expect(client.peer.text).toMatch(/^HTTP\/1\.1 299 \r\n/);
});

test('9110-6.2-a: Every answer is of HTTP/1.1, to HTTP/1.0 too.', async () => {
  for (const octets of [LAST, http10 + LAST, 'GET / HTTP/1.0\r\n\r\n', 'GET / HTTP/2.0\r\n\r\n', '\0']) {
    expect((await ask(octets)).client.peer.text).toMatch(/^HTTP\/1\.1 \d/);
  }
});

test('9112-6.2-a: No answer has both Content-Length and Transfer-Encoding.', async () => {
  const length: Headers = [['Content-Length', '7']];
  const outcomes = [
    ...(await answersWith('200 OK')),
    await ask(LAST, { application: says('200 OK', length) }),
    await ask(LAST, { application: says('200 OK', length, pieces) }),
    await ask('GET / HTTP/1.1\r\n\r\n'),
  ];
  for (const { answers } of outcomes) {
    expect(answers.length).toBeGreaterThan(0);
    for (const answer of answers) {
      const framed = names(answer).filter(name => name === 'content-length' || name === 'transfer-encoding');
      expect(framed.length).toBeLessThan(2);
    }
  }
});

for (const status of ['200 OK', '204 No Content', '205 Reset Content', '304 Not Modified', '404 Not Found']) {
  test(`9112-6.3-a: Answers to HEAD, and those with 204, 205 or 304, end with their head. (${status})`, async () => {
    for (const [place, { codes, answers }] of (await answersWith(status)).entries()) {
      // `ask` reads by the same rule, so any content would be in the way of the next answer.
      const closes = answers[0]?.header('Connection') === 'close';
      expect(codes.slice(0, 1)).toEqual([Number(status.slice(0, 3))]);
      expect(codes.length, String(place)).toBe(closes ? 1 : 2);
      const empty = place % 3 === 1 || /^(20[45]|304)/.test(status);
      expect(answers[0]?.text).toBe(empty ? '' : 'content');
    }
  });
}

test('9112-6.1-c: No answer with 1xx or 204 has a Transfer-Encoding.', async () => {
  for (const { answers } of await answersWith('204 No Content')) {
    expect(names(answers[0] as Answer)).not.toContain('transfer-encoding');
  }
  const { client } = await ask(post('abc', 'Expect: 100-continue', 'Content-Length: 3') + LAST);
  expect(client.peer.text).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK\r\n/);
});

test('9112-6.1-d: No Transfer-Encoding is sent to HTTP/1.0.', async () => {
  for (const octets of [http10, 'GET / HTTP/1.0\r\n\r\n', 'HEAD / HTTP/1.0\r\n\r\n']) {
    const { answers, client } = await ask(octets, {
      application: says('200 OK', [], pieces),
      methods: [octets.slice(0, 4).trim()],
    });
    expect(answers[0]?.code).toBe(200);
    expect(client.peer.text).not.toMatch(/transfer-encoding/i);
  }
});

test('9112-6.3-g: An answer has a length, or chunks, wherever that is possible.', async () => {
  const whole = await ask(LAST, { application: says('200 OK') });
  expect(whole.answers[0]?.header('Content-Length')).toBe('7');
  const streamed = await ask(LAST, { application: says('200 OK', [], pieces) });
  expect(streamed.answers[0]?.header('Transfer-Encoding')).toBe('chunked');
  expect(streamed.answers[0]?.text).toBe('content');
  const old = await ask('GET / HTTP/1.0\r\n\r\n', { application: says('200 OK', [], pieces) });
  expect([old.answers[0]?.header('Connection'), old.answers[0]?.text]).toEqual(['close', 'content']);
});

test('9110-8.6-a: No answer with 1xx or 204 has a Content-Length.', async () => {
  const headers: Headers = [['Content-Length', '0']];
  for (const application of [says('204 No Content'), says('204 No Content', headers, () => '')]) {
    const { answers } = await ask(LAST, { application });
    expect(answers[0]?.code).toBe(204);
    expect(names(answers[0] as Answer)).not.toContain('content-length');
  }
});

test('9110-8.6-b: The length that HEAD tells is that of GET.', async () => {
  const { answers } = await ask(head + LAST, { application: says('200 OK'), methods: ['HEAD'] });
  expect(answers.map(answer => answer.header('Content-Length'))).toEqual(['7', '7']);
});

test('9110-9.3.2-b: HEAD is answered with the fields of GET.', async () => {
  const application = says('200 OK', [
    ['Content-Type', 'text/plain'],
    ['X', 'y'],
  ]);
  const { answers } = await ask(`${head}${get('/')}${LAST}`, { application, methods: ['HEAD'] });
  expect(names(answers[0] as Answer)).toEqual(names(answers[1] as Answer));
});

test('9112-7.4-a: Whatever TE asks for, no coding but chunked is used, and no trailers are sent.', async () => {
  const { answers, client } = await ask(
    get('/', 'Connection: TE, close', 'TE: trailers, gzip, deflate;q=1'),
    {
      application: says('200 OK', [], pieces),
    },
  );
  expect(answers[0]?.header('Transfer-Encoding')).toBe('chunked');
  expect(answers[0]?.header('Trailer')).toBe(undefined);
  expect(client.peer.text).toMatch(/\r\n\r\n3\r\ncon\r\n4\r\ntent\r\n0\r\n\r\n$/);
});

test('9110-6.6.1-a: Every answer with 2xx, 3xx or 4xx has one Date, refusals too.', async () => {
  const own: Headers = [['Date', 'Thu, 01 Jan 1970 00:00:00 GMT']];
  const outcomes = [
    await ask(LAST, { application: says('200 OK') }),
    await ask(LAST, { application: says('301 Moved Permanently', [['Location', '/']]) }),
    await ask(get('/nothing', 'Connection: close'), {
      application: null,
      link: server => server.mount('/other', says('200 OK')),
    }),
    await ask('GET / HTTP/1.1\r\n\r\n'),
    await ask('BREW / HTTP/1.1\r\n\r\n'),
    await ask(LAST, { application: says('200 OK', own) }),
  ];
  expect(outcomes.map(({ codes }) => codes)).toEqual([[200], [301], [404], [400], [501], [200]]);
  for (const { answers } of outcomes) {
    const date = answers[0]?.header('Date') ?? '';
    // RFC 9110 5.6.7: IMF-fixdate, and no second one behind a comma.
    expect(date).toMatch(/^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/);
    if (answers[0] !== outcomes.at(-1)?.answers[0]) {
      expect(Math.abs(Date.parse(date) - Date.now())).toBeLessThan(10_000);
    }
  }
});

test('9110-5.6.7-a: Dates are sent as IMF-fixdate.', async () => {
  const application: Application = (_, startResponse) => {
    startResponse('200 OK', []);
    startResponse.response?.setCookie('a', 'b', { expires: new Date(0) });
    startResponse.response?.deleteCookie('c');
    return '';
  };
  const { answers } = await ask(LAST, { application });
  expect(answers[0]?.header('Set-Cookie')?.match(/Expires=[^;]*/g)).toEqual([
    'Expires=Thu, 01 Jan 1970 00:00:00 GMT',
    'Expires=Thu, 01 Jan 1970 00:00:00 GMT',
  ]);
});

test('9110-5.6.7-a: Dates are sent as IMF-fixdate. (which has no year of five digits, nor one before Christ)', async () => {
  for (const expires of [
    new Date(8.64e15),
    new Date(-8.64e15),
    new Date(253_402_300_800_000),
    new Date('x'),
  ]) {
    const application: Application = (_, startResponse) => {
      startResponse('200 OK', []);
      startResponse.response?.setCookie('a', 'b', { expires });
      return '';
    };
    expect((await ask(LAST, { application })).codes).toEqual([500]);
  }
});

test('9110-10.2.4-a: Server tells a name and no version.', async () => {
  const { answers } = await ask(LAST);
  expect(answers[0]?.header('Server')).toBe('fapws');
  const silent = await ask(LAST, { link: server => server.base({ ident: '' }) });
  expect(silent.answers[0]?.header('Server')).toBe(undefined);
});

test('9110-15.5-a: Answers with 4xx and 5xx of the server’s own say what happened, in plain text.', async () => {
  const rows: [string, number][] = [
    ['GET / HTTP/1.1\r\n\r\n', 400],
    [get('/%zz'), 400],
    ['BREW / HTTP/1.1\r\n\r\n', 501],
    ['GET / HTTP/3.0\r\n\r\n', 505],
  ];
  for (const [octets, code] of rows) {
    const { answers } = await ask(octets);
    expect(answers.map(answer => answer.code)).toEqual([code]);
    expect(answers[0]?.header('Content-Type')).toBe('text/plain; charset=utf-8');
    expect(answers[0]?.header('X-Content-Type-Options')).toBe('nosniff');
    expect(answers[0]?.text).toMatch(/^\d{3} .+\n.+\n$/);
  }
});

test('9110-15.6.6-a: 505 says which versions there are.', async () => {
  const { answers } = await ask('GET / HTTP/2.0\r\n\r\n');
  expect(answers[0]?.text).toContain('HTTP/1.1 and HTTP/1.0');
});

test('9110-13.2.1-a: The server itself answers no condition, range or preference.', async () => {
  const lines = ['If-None-Match: *', 'If-Match: "x"', 'If-Modified-Since: Thu, 01 Jan 2099 00:00:00 GMT'];
  const more = ['Range: bytes=0-0', 'Accept: image/png', 'Accept-Encoding: gzip', 'Connection: close'];
  const { answers } = await ask(get('/', ...lines, ...more), { application: says('200 OK') });
  expect(answers.map(answer => [answer.code, answer.text])).toEqual([[200, 'content']]);
});

test('9110-5.3-c: Lines that an application repeats are sent as they are, in their order.', async () => {
  const headers: Headers = [
    ['Set-Cookie', 'a=1'],
    ['X', '1'],
    ['set-cookie', 'b=2'],
    ['X', '2'],
  ];
  const { answers } = await ask(LAST, { application: says('200 OK', headers) });
  expect(answers[0]?.headers.slice(0, 4)).toEqual(headers);
});
