// PEP 3333, clause by clause (docs/contract.md explains the ids), through the real front and a real worker. What a clause
// allows is tried, and what it forbids.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { answerOf, arrives, Front, hasPython, received, requestOf } from './front.ts';

/** Hands content on as it arrives. */
let front: Front;
/** Stores all but the least content in files. */
let storing: Front;
beforeAll(async () => {
  if (!hasPython) return;
  const environ = { 'site.name': 'here', DEPLOYED: 'yes' };
  front = await Front.open('clauses:application', { environ, spool: false });
  storing = await Front.open('clauses:application', { inlineContent: 4 });
  await Promise.all([front.app.ready, storing.app.ready]);
}, 30_000);
afterAll(() => Promise.all([front, storing].map(one => one?.[Symbol.asyncDispose]())));

const post = (body: string) => ({ method: 'POST', body });
const noticed = (name: string) => `/read_noticed?${name}`;

/** Asks for what fails, and returns what was logged. */
async function failing(target: string, asked = {}): Promise<string> {
  front.log = '';
  const answer = await front.ask(target, asked);
  expect(answer.status).toBe('500 Internal Server Error');
  return front.log;
}

describe.runIf(hasPython)('PEP 3333', () => {
  test('A1: the application is called once per request, with exactly two positional arguments', async () => {
    expect(await front.json('/A1')).toEqual([2, 0]);
    expect(await failing('/A1_other')).toMatch(
      /TypeError: .*missing 1 required positional argument: 'third'/,
    );
    for (const method of ['GET', 'HEAD', 'POST']) await front.ask('/A1_counted', { method });
    expect(await front.json(noticed('A1_counted'))).toBe(3);
  });
  test('A2: environ is a dict of its own for each request', async () => {
    for (let time = 0; time < 2; time += 1) expect(await front.json('/A2')).toEqual([true, true]);
  });
  test('A3: start_response takes three positional arguments and returns write', async () => {
    expect((await front.ask('/A3')).body).toBe('True');
    expect(await failing('/A3_arguments')).toContain("missing 1 required positional argument: 'headers'");
  });
  test('A4: start_response may be called by the iterator; not after its first content', async () => {
    expect((await front.ask('/A4')).body).toBe('lazy');
    expect(await failing('/A4_late')).toContain(
      'There is content, but start_response(status, headers) was not called.',
    );
  });
  test('A5: a result needs iteration and nothing more; what has none is an error', async () => {
    expect((await front.ask('/A5')).body).toBe('ab');
    expect(await failing('/A5_kind')).toContain("'int' object is not iterable");
  });
  test('A6: a length of 1 is trusted, another one says nothing of the content', async () => {
    expect((await front.ask('/A6')).head).toContain('Content-Length: 4');
    const two = await front.ask('/A6_two');
    expect(two.head).toContain('Transfer-Encoding: chunked');
    expect(two.body).toBe('only');
  });
  test('A7: close() is called once: at the end, after an error, with HEAD, at Content-Length, when the client has left', async () => {
    await front.ask('/A7');
    expect(await front.json(noticed('A7'))).toBe(1);
    await front.ask('/A7', { method: 'HEAD' });
    expect(await front.json(noticed('A7'))).toBe(1);
    expect((await front.ask('/A7_raise')).cut).toBe(true);
    expect(await front.json(noticed('A7_raise'))).toBe(1);
    expect((await front.ask('/A7_length')).body).toBe('a');
    expect(await front.json(noticed('A7_length'))).toBe(1);
    const socket = await front.connect();
    socket.write(requestOf('/A7_gone'));
    await arrives(socket, /xxxx/);
    socket.destroy();
    await front.untilJson(noticed('A7_gone'), 1);
  });
  test('A8: a block is with the client before the next one is asked for; empty ones begin nothing', async () => {
    const socket = await front.connect();
    socket.write(requestOf('/A8', { method: 'POST', headers: ['Transfer-Encoding: chunked'] }));
    await arrives(socket, /first/);
    const rest = received(socket);
    socket.write('6\r\nsecond\r\n0\r\n\r\n');
    expect(await rest).toContain('second');
    expect((await front.ask('/E1')).status).toBe('203 Replaced');
  });
  test('A9: octets arrive as they are; str is no content', async () => {
    expect((await front.ask('/A9')).body).toBe(String.fromCharCode(...Array(256).keys()));
    expect(await failing('/A9_str')).toContain('TypeError: A result consists of bytes, not of str');
  });

  test('B1: the variables of CGI are there, and never empty where they must not be', async () => {
    const environ = (await front.json('/B?a=%20b')) as Record<string, string>;
    expect(environ).toMatchObject({
      REQUEST_METHOD: 'GET',
      SCRIPT_NAME: '',
      PATH_INFO: '/B',
      QUERY_STRING: 'a=%20b',
      SERVER_NAME: '127.0.0.1',
      SERVER_PROTOCOL: 'HTTP/1.1',
      REQUEST_URI: '/B?a=%20b',
    });
    expect(environ['SERVER_PORT']).toMatch(/^\d+$/);
    expect(environ).not.toHaveProperty('CONTENT_LENGTH');
    expect(environ).not.toHaveProperty('CONTENT_TYPE');
  });
  test('B2: HTTP_ variables are there when the header is, and only then', async () => {
    const environ = await front.json('/B', {
      headers: ['X-Custom: one', 'X-Custom: two', 'X_Custom: forged'],
    });
    expect(environ).toMatchObject({ HTTP_X_CUSTOM: 'one, two', HTTP_HOST: 'test' });
    expect(environ).not.toHaveProperty('HTTP_ACCEPT');
    expect(environ).not.toHaveProperty('HTTP_CONTENT_LENGTH');
  });
  test('B3: variables are str, and their code points are the octets that were sent', async () => {
    const environ = await front.json('/B', { headers: ['X-Latin: caf\xe9', 'X-Utf8: \xe2\x82\xac'] });
    expect(environ).toMatchObject({
      types: ['str'],
      'key types': ['str'],
      HTTP_X_LATIN: 'caf\xe9',
      HTTP_X_UTF8: '\xe2\x82\xac',
    });
    const path = await front.ask('/%E2%82%AC');
    expect(path.status).toBe('500 Internal Server Error');
    await front.logs(/KeyError: 'â\\x82¬'/);
  });
  test('B4: what does not exist is left out', async () => {
    expect(await front.json('/B')).not.toHaveProperty('REMOTE_USER');
  });
  test('B5: the client is named, and HTTPS only when it is true', async () => {
    const environ = (await front.json('/B')) as Record<string, string>;
    expect(environ['REMOTE_ADDR']).toBe('127.0.0.1');
    expect(environ['REMOTE_PORT']).toMatch(/^\d+$/);
    expect(environ).not.toHaveProperty('HTTPS');
  });
  test('B7: the keys of wsgi. are there and tell the truth', async () => {
    expect(await front.json('/B')).toMatchObject({
      version: true,
      'wsgi.url_scheme': 'http',
      'wsgi.multithread': false,
      'wsgi.multiprocess': false,
      'wsgi.run_once': false,
      'wsgi.input_terminated': true,
    });
  });
  test('B8: of the front’s own keys none comes here that means nothing in Python', async () => {
    const environ = (await front.json('/B')) as object;
    expect(Object.keys(environ).filter(key => key.startsWith('fapws.'))).toEqual([]);
  });
  test('B9: the deployer’s own keys are there', async () => {
    expect(await front.json('/B')).toMatchObject({ 'site.name': 'here', DEPLOYED: 'yes' });
  });

  const inChunks = {
    method: 'POST',
    headers: ['Transfer-Encoding: chunked'],
    body: '7\r\nabcdef\n\r\nf\r\nghi\njkl\nmno\npqr\r\n0\r\n\r\n',
  };
  for (const [kind, asked, opened] of [
    ['with the request', post('abcdef\nghi\njkl\nmno\npqr'), () => front],
    ['as it arrives', inChunks, () => front],
    ['in a file', inChunks, () => storing],
  ] as const) {
    test(`C1: wsgi.input has all methods, and they give bytes (content ${kind})`, async () => {
      expect(await opened().json('/C1', asked)).toEqual([
        'abc',
        'def\n',
        'gh',
        ['i\n'],
        ['jkl\n', 'mno\n', 'pqr'],
        '',
        '',
      ]);
    });
  }
  for (const [kind, opened] of [
    ['as it arrives', () => front],
    ['in a file', () => storing],
  ] as const) {
    test(`C2: wsgi.input ends where the content ends (content ${kind})`, async () => {
      expect(await opened().json('/C2', post('12345'))).toEqual([5, '', '', 0]);
      expect(await opened().json('/C2', post('x'.repeat(300_000)))).toEqual([300_000, '', '', 0]);
      expect(await opened().json('/C2')).toEqual([0, '', '', 0]);
    });
    test(`C3: read() gives all that is left (content ${kind})`, async () => {
      expect(await opened().json('/C3', post('x'.repeat(65_536)))).toBe(65_536);
      expect(await opened().json('/C3', post('x'.repeat(2_000_000)))).toBe(2_000_000);
    });
    test(`C4: readline() and readlines() keep to a size (content ${kind})`, async () => {
      expect(await opened().json('/C4', post('abcdef\nghi\njkl\nmno\n'))).toEqual([
        ['ab', '', 'cdef\n'],
        ['ghi\n'],
        ['jkl\n', 'mno\n'],
      ]);
    });
    test(`C5: content that nobody reads harms nobody (content ${kind})`, async () => {
      expect(await opened().json('/C_never', post('x'.repeat(200_000)))).toBe('not read');
    });
  }

  test('D1: wsgi.errors takes any text, and the log has it line by line with the request', async () => {
    front.log = '';
    await front.ask('/D1?q');
    const lines = ['one', 'two', 'three', 'f\u00f6ur \u20ac \\ud800', 'five', 'six'];
    expect(front.log).toBe(lines.map(line => `GET /D1?q: ${line}\n`).join(''));
    expect(await front.json('/D1_bytes')).toBe('wsgi.errors takes str, not bytes.');
  });

  test('E1: nothing is sent before the first content, so an error may replace the answer', async () => {
    const answer = await front.ask('/E1');
    expect([answer.status, answer.body]).toEqual(['203 Replaced', 'second']);
    expect(answer.head).not.toContain('X-First');
  });
  test('E2: a second call without exc_info is an error, also after a first that failed', async () => {
    expect(await failing('/E2')).toContain('start_response was called twice.');
    expect(await failing('/E2_after_failure')).toContain('start_response was called twice.');
  });
  test('E3: exc_info is raised again when the head is out', async () => {
    front.log = '';
    const answer = await front.ask('/E3');
    expect([answer.status, answer.cut]).toEqual(['200 OK', true]);
    expect(front.log).toContain("KeyError: 'the original'");
  });
  test('E4: exc_info is not kept', async () => {
    expect((await front.ask('/E4')).body).toBe('True');
    expect((await front.ask('/E4_late')).body).toBe('sent True');
  });
  test('E5: status and headers are checked when start_response is called', async () => {
    const answer = await front.ask('/E5');
    expect(JSON.parse(answer.body)).toEqual([]);
    expect(answer.status).toBe('200 \xfcber all');
    expect(answer.head).toContain('X-Latin: \xe9');
  });
  test('E6: hop-by-hop headers are an error', async () => {
    expect(await front.json('/E6')).toEqual([]);
  });
  test('E7: what is missing is added, whatever the case of what is there', async () => {
    const { head } = await front.ask('/E7');
    expect(head.match(/^(date|server|content-type):.*$/gim)).toEqual([
      'content-type: text/plain',
      'dATE: mine',
      'sERVER: mine too',
    ]);
    expect((await front.ask('/A3')).head).toMatch(/^Date: .*GMT$/m);
  });

  test('F1: no octet more than Content-Length is sent; write() says so', async () => {
    for (const path of ['/F1', '/F1_list']) {
      front.log = '';
      const answer = await front.ask(path);
      expect([answer.body, answer.cut]).toEqual(['abcdef'.slice(0, 3), false]);
      await front.logs(/longer than its Content-Length of 3/);
    }
    expect((await front.ask('/F1_write')).body).toBe('abc');
    await front.untilJson(
      noticed('F1_write'),
      'The answer is longer than its Content-Length of 3; what was too much is not sent.',
    );
  });
  test('F2: fewer octets than Content-Length are an error that the client can see', async () => {
    front.log = '';
    const answer = await front.ask('/F2');
    expect([answer.body, answer.cut]).toEqual(['short', true]);
    expect(front.log).toContain('The answer has 5 octets, but its Content-Length says 10.');
    expect(await failing('/F2_list')).toContain('The answer has 5 octets, but its Content-Length says 10.');
  });
  test('F3: a single block has a Content-Length, however long; others are chunked, or end with the connection', async () => {
    for (const size of [0, 1, 262_144, 262_145, 1_000_000]) {
      const answer = await front.ask(`/F3?${size}`);
      expect(answer.head).toContain(`Content-Length: ${size}\r\n`);
      expect(answer.body.length).toBe(size);
    }
    expect((await front.ask('/F3_unknown')).head).toContain('Transfer-Encoding: chunked');
    const old = await front.ask('/F3_unknown', { version: '1.0' });
    expect(old.head).not.toMatch(/transfer-encoding|content-length/i);
    expect(old.body).toBe('ab');
  });

  test('G1: what is written comes before what is returned', async () => {
    expect((await front.ask('/G1')).body).toBe('one two three four');
    expect(await failing('/G1_str')).toContain('write() takes bytes, not str.');
  });

  test('H1: what the application raises is logged with its traceback, and answered 500, or cut', async () => {
    const log = await failing('/H1');
    expect(log).toMatch(/GET \/H1: .*the application raised/);
    expect(log).toMatch(/File ".*clauses\.py", line \d+, in H1\n/);
    expect(log).toContain('ZeroDivisionError: on purpose');
    expect(log).not.toContain('fapws_worker');
    expect(await failing('/H1_exit')).toContain('SystemExit: no, I stay');
    const begun = await front.ask('/H1_after');
    expect([begun.body, begun.cut]).toEqual(['begun', true]);
    front.log = '';
    // The answer was complete before close() was called, so this is a matter for the log.
    expect((await front.ask('/H1_close')).cut).toBe(false);
    await front.logs(/GET \/H1_close: ZeroDivisionError: on purpose/);
    expect(await front.json('/C_never')).toBe('not read');
  });

  for (const [kind, opened] of [
    ['as it arrives', () => front],
    ['in a file', () => storing],
  ] as const) {
    test(`I1: 100 Continue is sent when content is read, and not to HTTP/1.0 (content ${kind})`, async () => {
      const asked = { method: 'POST', headers: ['Expect: 100-continue', 'Content-Length: 5'] };
      const socket = await opened().connect();
      socket.write(requestOf('/I1', asked));
      await arrives(socket, /^HTTP\/1.1 100 Continue\r\n\r\n$/);
      const rest = received(socket);
      socket.write('hello');
      expect(answerOf(await rest).body).toBe('"hello"');
      const old = await opened().ask('/I1', { ...asked, body: 'hello', version: '1.0' });
      expect([old.body, old.interim]).toEqual(['"hello"', []]);
    });
  }
  test('I1: an application that refuses without reading sends no 100 Continue, where content is handed on as it arrives', async () => {
    const asked = { method: 'POST', headers: ['Expect: 100-continue', 'Content-Length: 5'] };
    const refused = await front.ask('/I1?refuse', asked);
    expect([refused.status, refused.interim]).toEqual(['401 Unauthorized', []]);
  });
  test('I2: chunked content is decoded, and its end is its end', async () => {
    const asked = {
      method: 'POST',
      headers: ['Transfer-Encoding: chunked'],
      body: '3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n',
    };
    for (const opened of [front, storing]) {
      expect(await opened.json('/C2', asked)).toEqual([5, '', '', 0]);
    }
  });
  test('I3: what the application says is not changed', async () => {
    const answer = await front.ask('/I3');
    expect(answer.status).toBe('404 My own words');
    expect(answer.head).toContain('Content-Encoding: mine\r\nETag: "x"');
    expect(answer.body).toBe('as it is');
  });
  test('I4: with one thread, requests are answered one after another, all of them in that thread', async () => {
    const [begun, ...rest] = await Promise.all([1, 2, 3, 4].map(() => front.json('/I4')));
    expect([begun, ...rest]).toEqual(Array(4).fill([1, 'MainThread']));
  });
  test('J1: what a server adds is reached through the environ: a middleware that takes it away takes it away', async () => {
    expect(await front.json('/J1_removed')).toBe('nothing');
  });
  test('early hints are sent ahead of the answer, and checked', async () => {
    const { interim, status, body } = await front.ask('/early');
    expect(interim).toEqual([
      'HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\nLink: </caf\xe9.js>; rel=preload',
      'HTTP/1.1 103 Early Hints\r\nLink: </more.js>; rel=preload',
    ]);
    expect([status, JSON.parse(body)]).toEqual(['200 OK', []]);
  });
  test('early hints are not for HTTP/1.0, nor for when the answer has begun', async () => {
    expect((await front.ask('/early', { version: '1.0' })).interim).toEqual([]);
    const late = await front.ask('/early_late');
    expect([late.interim, late.body]).toEqual([[], 'one two']);
  });

  test('K1: file_wrapper reads nothing before it is returned', async () => {
    const answer = await front.ask('/K1');
    expect(answer.head).toContain('X-Reads: 0');
    expect(answer.body).toBe('in memory');
    expect(await front.json(noticed('K1'))).toBe('closed');
  });
  test('K2: a middleware may iterate the wrapper; a file needs no close() and no descriptor', async () => {
    expect((await front.ask('/K2')).body).toBe('ABCD|EFGH|');
    expect((await front.ask('/K2_unclosable')).body).toBe('rrr');
  });
  test('K3: a file is sent from where it stands to its end, or to Content-Length', async () => {
    const answer = await front.ask('/K3');
    expect(answer.body).toBe('0123456789');
    expect(answer.head).toContain('Content-Length: 10');
    const shorter = await front.ask('/K3_length');
    expect([shorter.body, shorter.cut]).toEqual(['2345', false]);
  });

  test('Answers to HEAD, 204 and 304 have no content', async () => {
    const head = await front.ask('/F3_unknown', { method: 'HEAD' });
    expect([head.status, head.body]).toEqual(['200 OK', '']);
    expect(head.head).not.toContain('Content-Length: 0');
    expect((await front.ask('/F3?12', { method: 'HEAD' })).head).toContain('Content-Length: 12');
    for (const status of ['204 No Content', '304 Not Modified']) {
      const answer = await front.ask(`/no_content?${status.replaceAll(' ', '+')}`);
      expect([answer.status, answer.body]).toEqual([status, '']);
      expect(await front.json(noticed('no_content'))).toBe(1);
    }
  });
});
