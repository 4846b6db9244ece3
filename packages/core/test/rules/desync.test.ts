// Known ways to make two servers disagree, where HTTP says clearly how a request is to be read: it is read so, or the connection
// ends. desync.ts has those that are refused.

import { expect, test } from 'vitest';
import type { Application } from '../../src/base/types.ts';
import { ask, get, LAST, post, SMUGGLED } from './asking.ts';
import { chunked, HOST } from './malformed.ts';

const LENGTH = `Content-Length: ${SMUGGLED.length}`;
const inChunks = `${SMUGGLED.length.toString(16)}\r\n${SMUGGLED}\r\n0\r\n\r\n`;

/** Answers without a look at the content. */
const atOnce: Application = (_, startResponse) => {
  startResponse('200 OK', []);
  return 'x';
};

/** Requests that many servers answer without thinking of their content. */
const careless: Readonly<Record<string, [line: string, code: number]>> = {
  'an application that does not read': ['POST / HTTP/1.1', 200],
  'a GET': ['GET / HTTP/1.1', 200],
  'a path that is not there': ['POST /nothing/here HTTP/1.1', 404],
  'a method that is not allowed': ['POST /only-get HTTP/1.1', 405],
  'a method that is not implemented': ['PURGE / HTTP/1.1', 501],
  'OPTIONS *': ['OPTIONS * HTTP/1.1', 200],
  'an application that fails': ['POST /fails HTTP/1.1', 500],
  'an answer without content': ['POST /no-content HTTP/1.1', 204],
};

for (const [tried, [line, code]] of Object.entries(careless)) {
  for (const [name, fields] of [
    [
      'desync-cl-0: CL.0: content with a length, where the origin expects none.',
      `${LENGTH}\r\n\r\n${SMUGGLED}`,
    ],
    [
      'desync-te-0: TE.0: content in chunks, where the origin expects none.',
      `Transfer-Encoding: chunked\r\n\r\n${inChunks}`,
    ],
  ]) {
    test(`${name} (${tried})`, async () => {
      const called: string[] = [];
      const counting: Application = (environ, startResponse) => {
        called.push(environ.PATH_INFO);
        return atOnce(environ, startResponse);
      };
      const outcome = await ask(`${line}\r\n${HOST}${fields}${LAST}`, {
        application: null,
        link: server => {
          server.route('GET', '/only-get', atOnce);
          server.route('*', '/', atOnce);
          server.route('*', '/smuggled', counting);
          server.route('*', '/last', counting);
          server.mount('/other', atOnce);
          server.mount('/fails', () => {
            throw new Error('as it should');
          });
          server.mount('/no-content', (_, startResponse) => {
            startResponse('204 No Content', []);
            return '';
          });
        },
      });
      expect(outcome.codes).toEqual([code, 200]);
      expect(called).toEqual(['/last']);
    });
  }
}

test('desync-0-cl: 0.CL: an early answer to content that the front still waits to send, by Expect.', async () => {
  for (const application of [atOnce, undefined]) {
    // Who does not read does not invite, and nobody can tell whether what follows is the content.
    const outcome = await ask(get('/', 'Expect: 100-continue', LENGTH) + SMUGGLED + LAST, { application });
    expect(outcome.codes).toEqual(application === undefined ? [200, 200] : [200]);
    if (application === undefined) expect(outcome.called).toEqual([`GET / ${SMUGGLED}`, 'GET /last']);
  }
  for (const spelling of ['y 100-continue', '100-continue, x', '100-continued', '"100-continue"']) {
    const outcome = await ask(post(SMUGGLED, `Expect: ${spelling}`, LENGTH) + LAST);
    expect([outcome.interim, outcome.called]).toEqual([[], [`POST / ${SMUGGLED}`, 'GET /last']]);
  }
});

test('desync-early: An answer before the content is read does not turn the content into a request.', async () => {
  const fails: Application = () => {
    throw new Error('at once');
  };
  for (const application of [atOnce, fails]) {
    for (const octets of [post(SMUGGLED, LENGTH), chunked(inChunks)]) {
      const { codes, answers } = await ask(octets + LAST, { application });
      expect(codes).toEqual(application === atOnce ? [200, 200] : [500, 500]);
      expect(answers.at(-1)?.header('Connection')).toBe('close');
    }
  }
});

test('desync-pause: A client that pauses within its content is answered 408, and what it sends then is no request.', async () => {
  const { codes, called } = await ask(post('', LENGTH), { timeouts: { content: 0.5 } });
  expect(codes).toEqual([408]);
  expect(called).toEqual(['POST / FAPWS_CONTENT_TIMEOUT']);
});

test('desync-fat-get: Content of a GET is content, not the next request.', async () => {
  expect((await ask(get('/', LENGTH) + SMUGGLED + LAST)).called).toEqual([`GET / ${SMUGGLED}`, 'GET /last']);
  expect((await ask(get('/', 'Transfer-Encoding: chunked') + inChunks + LAST)).called).toEqual([
    `GET / ${SMUGGLED}`,
    'GET /last',
  ]);
});

test('desync-underscore: A field that only looks like Content-Length or Transfer-Encoding is an unknown one, and not shown.', async () => {
  for (const line of [
    'Content_Length: 5',
    'Transfer_Encoding: chunked',
    'Content.Length: 5',
    'X-Content-Length: 5',
  ]) {
    const keys: string[] = [];
    const application: Application = async (environ, startResponse) => {
      keys.push(...Object.keys(environ));
      return atOnce(environ, startResponse);
    };
    const { codes } = await ask(get('/', line) + LAST, { application });
    expect(codes).toEqual([200, 200]);
    expect(keys).not.toContain('CONTENT_LENGTH');
    expect(keys.filter(key => /^HTTP_(CONTENT|TRANSFER)_/.test(key))).toEqual([]);
  }
});

test('desync-close: Octets behind a request that says close are no request.', async () => {
  for (const garbage of [SMUGGLED, SMUGGLED.repeat(3), '\0\0\0', 'HTTP/1.1 200 OK\r\n\r\n', '\r\n']) {
    const { codes, called } = await ask(get('/', 'Connection: x, close') + garbage);
    expect([codes, called]).toEqual([[200], ['GET /']]);
  }
});

test('desync-connection: Fields that Connection names are not taken away from the request.', async () => {
  const named = 'Connection: content-length, host, transfer-encoding, cookie';
  expect((await ask(post(SMUGGLED, named, LENGTH) + LAST)).called).toEqual([
    `POST / ${SMUGGLED}`,
    'GET /last',
  ]);
  const octets = chunked(inChunks).replace(HOST, `${HOST}${named}\r\n`);
  expect((await ask(octets + LAST)).called).toEqual([`POST / ${SMUGGLED}`, 'GET /last']);
});

test('desync-h2c: An upgrade to HTTP/2 is not agreed to, and what follows is HTTP/1.1.', async () => {
  const lines = [
    'Connection: Upgrade, HTTP2-Settings',
    'Upgrade: h2c',
    'HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA',
  ];
  const served = await ask(get('/', ...lines) + LAST);
  expect([served.codes, served.called, served.interim]).toEqual([[200, 200], ['GET /', 'GET /last'], []]);
  const preface = await ask(`${get('/', ...lines)}PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${SMUGGLED}`);
  expect([preface.codes, preface.called]).toEqual([[200, 505], ['GET /']]);
});

test('desync-websocket: An upgrade to WebSocket is not agreed to, whatever its version, and what follows is HTTP/1.1.', async () => {
  for (const version of ['13', '777']) {
    const lines = ['Connection: Upgrade', 'Upgrade: websocket', `Sec-WebSocket-Version: ${version}`];
    const { codes, interim } = await ask(get('/', ...lines, 'Sec-WebSocket-Key: x') + LAST);
    expect([codes, interim]).toEqual([[200, 200], []]);
  }
});

test('desync-head: The answer to HEAD has no content that could pass for the next answer.', async () => {
  const application: Application = (_, startResponse) => {
    const write = startResponse('200 OK', [['Content-Length', '38']]);
    write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
    return '';
  };
  const octets = `HEAD / HTTP/1.1\r\n${HOST}\r\n`.repeat(2);
  const { codes, answers } = await ask(octets + LAST, { application, methods: ['HEAD', 'HEAD'] });
  expect(codes).toEqual([200, 200, 200]);
  expect(answers.map(answer => answer.body.length)).toEqual([0, 0, 38]);
});

test('desync-connect: What follows a CONNECT is neither a tunnel nor a request.', async () => {
  const { codes, called } = await ask(`CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n${SMUGGLED}`);
  expect([codes, called]).toEqual([[501], []]);
});
