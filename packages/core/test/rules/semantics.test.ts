// Methods, expectations, upgrades and statuses: what an origin server does by itself.

import { describe, expect, test } from 'vitest';
import type { Application } from '../../src/base/types.ts';
import { gate, serving } from '../server/serving.ts';
import { ask, get, LAST, post, SMUGGLED } from './asking.ts';
import { HOST } from './malformed.ts';

const ok: Application = (_, startResponse) => {
  startResponse('200 OK', []);
  return 'content';
};

describe('methods', () => {
  test('9110-9.1-a: GET and HEAD are there.', async () => {
    const { codes, answers } = await ask(`HEAD / HTTP/1.1\r\n${HOST}\r\n${LAST}`, { methods: ['HEAD'] });
    expect(codes).toEqual([200, 200]);
    expect(answers.map(answer => answer.text)).toEqual(['', 'GET /last']);
  });

  test('9110-15.5.6-a: A method that is known, but not here, is answered 405 with Allow.', async () => {
    const { codes, answers } = await ask(
      `DELETE /only HTTP/1.1\r\n${HOST}\r\n${get('/only', 'Connection: close')}`,
      {
        application: null,
        link: server => {
          server.route(['GET', 'POST'], '/only', ok);
          server.mount('/other', ok);
        },
      },
    );
    expect(codes).toEqual([405, 200]);
    expect(answers[0]?.header('Allow')?.split(', ').toSorted()).toEqual(['GET', 'HEAD', 'OPTIONS', 'POST']);
  });

  test('9110-9.3.7-a: OPTIONS tells the methods in Allow: `*` those of the server, a route its own.', async () => {
    const { codes, answers } = await ask(
      `OPTIONS * HTTP/1.1\r\n${HOST}\r\nOPTIONS /only HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`,
      {
        application: null,
        link: server => {
          server.route('POST', '/only', ok);
          server.mount('/other', ok);
        },
      },
    );
    expect(codes).toEqual([200, 200]);
    expect(answers[0]?.header('Allow')?.split(', ')).toContain('QUERY');
    expect(answers[1]?.header('Allow')?.split(', ').toSorted()).toEqual(['OPTIONS', 'POST']);
    expect(answers.map(answer => answer.header('Content-Length'))).toEqual(['0', '0']);
  });

  test('9110-5.6.1-b: No list with empty members is sent.', async () => {
    const { answers } = await ask(`OPTIONS * HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`);
    expect(answers[0]?.header('Allow')).toMatch(/^[A-Z]+(, [A-Z]+)+$/);
  });

  test('9110-9.3.6-b: CONNECT is answered, but never with 2xx, and nothing behind it is read.', async () => {
    const { codes, called } = await ask(`CONNECT b:80 HTTP/1.1\r\nHost: b:80\r\n\r\n${SMUGGLED}`);
    expect([codes, called]).toEqual([[501], []]);
  });

  test('9110-9.3.8-a: TRACE sends nothing of the request back.', async () => {
    const { codes, answers } = await ask(`TRACE / HTTP/1.1\r\n${HOST}Cookie: secret\r\n\r\n${LAST}`);
    expect(codes).toEqual([501, 200]);
    expect(answers[0]?.text).not.toContain('secret');
  });

  test('9110-5.3-a: No application is called before the whole head is there.', async () => {
    let calls = 0;
    const made = await serving(server =>
      server.mount('/', (environ, startResponse) => {
        if (environ.PATH_INFO === '/watched') calls += 1;
        return ok(environ, startResponse);
      }),
    );
    const client = await made.client();
    const other = await made.client();
    const octets = get('/watched', 'X: y');
    for (const part of [octets.slice(0, -20), octets.slice(-20, -4), octets.slice(-4, -1)]) {
      await client.peer.sent(part);
      await other.get('/');
      expect(calls).toBe(0);
    }
    client.send(octets.slice(-1));
    expect((await client.answer()).code).toBe(200);
    expect(calls).toBe(1);
  });
});

describe('paths', () => {
  for (const path of [
    ...['/%', '/%4', '/%zz', '/%00', '/a%0d%0aX:y', '/%1f', '/%7f', '/%ff', '/%c0%ae%c0%ae/', '/%ed%a0%80'],
    ...['/..', '/a/../..', '/%2e%2e/', '/.%2e/x', '/a%2F..%2Fb', '/a%5c..%5cb'],
  ]) {
    test(`9112-3.2-e: A path that is no text, has controls or leads out of the root is answered 400. (${path})`, async () => {
      const { codes, called } = await ask(get(path) + SMUGGLED);
      expect([codes, called]).toEqual([[400], []]);
    });
  }

  test('9112-3.2-e: A path that is no text, has controls or leads out of the root is answered 400. (decoded once)', async () => {
    const { called } = await ask(get('/%252e%252e/%25') + get('/a/./b/../c') + LAST);
    expect(called).toEqual(['GET /%2e%2e/%', 'GET /a/c', 'GET /last']);
  });
});

describe('Expect', () => {
  const expecting = `Expect: 100-continue`;

  test('9110-10.1.1-a: Who expects 100 gets it, or the final status, before content is awaited.', async () => {
    const made = await serving(server => {
      server.mount('/reads', async (environ, startResponse) => {
        const content = await environ['wsgi.input'].text();
        startResponse('200 OK', []);
        return content;
      });
      server.mount('/refuses', (_, startResponse) => {
        startResponse('403 Forbidden', []);
        return '';
      });
    });
    for (const spelling of ['100-continue', '100-Continue']) {
      const client = await made.client();
      client.send(`POST /reads HTTP/1.1\r\n${HOST}Expect: ${spelling}\r\nContent-Length: 3\r\n\r\n`);
      await client.peer.untilText('HTTP/1.1 100 Continue\r\n\r\n');
      client.send('abc');
      expect((await client.answer()).text).toBe('abc');
      expect(client.interim).toHaveLength(1);
    }
    const refused = await made.client();
    refused.send(`POST /refuses HTTP/1.1\r\n${HOST}${expecting}\r\nContent-Length: 3\r\n\r\n`);
    expect((await refused.answer()).code).toBe(403);
    expect(refused.interim).toEqual([]);
  });

  test('9110-10.1.1-b: 100 is not sent unasked, and not to HTTP/1.0.', async () => {
    const old = `POST / HTTP/1.0\r\n${HOST}${expecting}\r\nContent-Length: 3\r\n\r\nabc`;
    for (const octets of [old, post('abc', 'Content-Length: 3', 'Connection: close')]) {
      const { called, codes, interim } = await ask(octets);
      expect([called, codes, interim]).toEqual([['POST / abc'], [200], []]);
    }
  });

  test('9110-10.1.1-c: 100 may be left out when content has arrived.', async () => {
    // The content comes with the head, and the application is slow to ask for it.
    const application: Application = async (environ, startResponse) => {
      await new Promise(resolve => setImmediate(resolve));
      const content = await environ['wsgi.input'].text();
      startResponse('200 OK', []);
      return content;
    };
    const { answers, interim } = await ask(post('abc', expecting, 'Content-Length: 3', 'Connection: close'), {
      application,
    });
    expect([answers.map(answer => answer.text), interim]).toEqual([['abc'], []]);
  });

  test('9110-10.1.1-d: A 100 is followed by a final status.', async () => {
    const application: Application = async environ => {
      await environ['wsgi.input'].read(1);
      throw new Error('behind 100');
    };
    const made = await serving(server => server.mount('/', application));
    const client = await made.client();
    client.send(post('', expecting, 'Content-Length: 3'));
    await client.peer.untilText('HTTP/1.1 100 Continue\r\n\r\n');
    client.send('abc');
    expect((await client.answer()).code).toBe(500);
  });

  test('9110-10.1.1-e: A final status before the content says whether the connection ends.', async () => {
    const octets = post(SMUGGLED, expecting, `Content-Length: ${SMUGGLED.length}`);
    const { codes, answers } = await ask(octets + SMUGGLED, { application: ok });
    expect(codes).toEqual([200]);
    expect(answers[0]?.header('Connection')).toBe('close');
    const large = await ask(post('', expecting, 'Content-Length: 21'), { limits: { content: 20 } });
    expect([large.codes, large.interim, large.answers[0]?.header('Connection')]).toEqual([
      [413],
      [],
      'close',
    ]);
  });

  test('9110-10.1.1-f: An expectation that nobody knows may be answered 417.', async () => {
    const { codes } = await ask(get('/', 'Expect: tea') + LAST);
    expect(codes).toEqual([200, 200]);
  });
});

describe('Upgrade', () => {
  const lines = ['Connection: upgrade', 'Upgrade: websocket, x/1'];

  test('9110-7.8-a: An upgrade may be ignored: then it is an ordinary request, its content and what follows too.', async () => {
    const { called, codes, interim } = await ask(
      get('/a', ...lines) + post('abc', ...lines, 'Content-Length: 3') + LAST,
    );
    expect([called, codes, interim]).toEqual([['GET /a', 'POST / abc', 'GET /last'], [200, 200, 200], []]);
  });

  test('9110-7.8-b: Upgrade in HTTP/1.0 is ignored.', async () => {
    const { codes, answers } = await ask(`GET / HTTP/1.0\r\n${lines.join('\r\n')}\r\n\r\n${SMUGGLED}`);
    expect([codes, answers[0]?.header('Upgrade')]).toEqual([[200], undefined]);
  });

  for (const status of ['100 Continue', '101 Switching Protocols', '103 Early Hints', '199 x']) {
    test(`9110-15.2-a: An application can’t answer with 1xx, so nobody gets 101. (${status})`, async () => {
      const application: Application = (_, startResponse) => {
        startResponse(status, []);
        return '';
      };
      const { codes, interim } = await ask(LAST, { application });
      expect([codes, interim]).toEqual([[500], []]);
    });
  }
});

describe('statuses', () => {
  test('9110-15.2-b: HTTP/1.0 gets no interim answer; to HTTP/1.1 each comes before the final answer of its own request.', async () => {
    const application: Application = async (environ, startResponse) => {
      environ['wsgi.early_hints']([['X-Of', environ.PATH_INFO]]);
      await new Promise(resolve => setImmediate(resolve));
      startResponse('200 OK', []);
      return environ.PATH_INFO;
    };
    const { client, answers, interim } = await ask(get('/a') + get('/b') + LAST, { application });
    expect(answers.map(({ text }) => text)).toEqual(['/a', '/b', '/last']);
    expect(interim).toHaveLength(3);
    expect(client.peer.text.match(/(?<=HTTP\/1\.1 )\d+|(?<=X-Of: ).+/g)).toEqual([
      '103',
      '/a',
      '200',
      '103',
      '/b',
      '200',
      '103',
      '/last',
      '200',
    ]);
    const old = await ask('GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET / HTTP/1.0\r\n\r\n', {
      application,
    });
    expect([old.codes, old.interim]).toEqual([[200, 200], []]);
  });

  test('9110-15.3.6-a: An answer with 205 has no content.', async () => {
    const application: Application = (_, startResponse) => {
      startResponse('205 Reset Content', []);
      return 'content';
    };
    const { answers } = await ask(LAST, { application });
    expect(answers.map(({ text, header }) => [text, header('Content-Length')])).toEqual([['', '0']]);
  });

  test('9112-9.4-a: Connections beyond a bound are answered 503 and closed.', async () => {
    const made = await serving(server => server.mount('/', ok), { limits: { connections: 1 } });
    const first = await made.client();
    expect((await first.get('/')).code).toBe(200);
    const second = await made.client();
    second.send(SMUGGLED);
    const answer = await second.answer();
    expect([answer.code, answer.header('Connection')]).toEqual([503, 'close']);
    await second.peer.untilEnded();
    expect((await first.get('/')).code).toBe(200);
  });

  test('9110-15.6.4-a: An application that takes too long is answered 503, when that was asked for.', async () => {
    const never = gate();
    const application: Application = async () => {
      await never.opened;
      return '';
    };
    const { codes } = await ask(get('/slow') + SMUGGLED, {
      application: null,
      link: server => {
        server.mount('/slow', application, { timeouts: { handler: 0.5 } });
        server.mount('/other', ok);
      },
    });
    expect(codes[0]).toBe(503);
  });
});
