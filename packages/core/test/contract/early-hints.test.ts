// wsgi.early_hints: clauses J4 to J6 of docs/contract.md.

import { describe, expect, test } from 'vitest';
import type { Application, Environ, Headers } from '../../src/index.ts';
import { ALIVE, deferred, get, serve } from './support.ts';

const style: Headers = [['Link', '</style.css>; rel=preload; as=style']];
const HINT = 'HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload; as=style\r\n\r\n';
const LINE = 'HTTP/1.1 103 Early Hints';

/** Hints, and answers with what `doing` has made of it. */
const hinting =
  (doing: (environ: Environ) => unknown = () => {}): Application =>
  (environ, startResponse) => {
    environ['wsgi.early_hints'](style);
    const seen = doing(environ);
    startResponse('200 OK', [['Content-Type', 'text/plain']]);
    return `${environ.PATH_INFO} ${String(seen)}`;
  };

describe('where hints go', () => {
  test('J4: `wsgi.early_hints` sends headers ahead of the answer, as 103, to a client of HTTP/1.1, as often as it is called.', async () => {
    const go = deferred();
    const serving = await serve(async (environ, startResponse) => {
      const hint = environ['wsgi.early_hints'];
      expect(hint(style)).toBeUndefined();
      await go.promise;
      hint([
        ['Link', '</a.js>; rel=preload; as=script'],
        ['link', '<https://cdn.test>; rel=preconnect'],
        ['X-Octets', 'é'],
      ]);
      startResponse('200 OK', [['X-Final', 'yes']]);
      return 'content';
    });
    const client = await serving.connect();
    client.send(get());
    await client.expect(HINT);
    await serving.alive();
    expect(client.received).toHaveLength(0);
    go.resolve();
    await client.expect(
      'HTTP/1.1 103 Early Hints\r\nLink: </a.js>; rel=preload; as=script\r\nlink: <https://cdn.test>; rel=preconnect\r\nX-Octets: é\r\n\r\n',
    );
    const answer = await client.answer();
    expect([answer.status, answer.text, answer.informational]).toEqual(['200 OK', 'content', []]);
    expect([answer.header('X-Final'), answer.header('Link')]).toEqual(['yes', undefined]);
  });

  test('J4: `wsgi.early_hints` sends headers ahead of the answer, as 103, to a client of HTTP/1.1, as often as it is called. (pipelined)', async () => {
    const go = deferred();
    const serving = await serve(async (environ, startResponse) => {
      environ['wsgi.early_hints']([['X-For', environ.PATH_INFO]]);
      if (environ.PATH_INFO === '/1') await go.promise;
      startResponse('200 OK', []);
      return environ.PATH_INFO;
    });
    const client = await serving.connect();
    client.send(get('/1') + get('/2') + get('/3'));
    await client.expect(`${LINE}\r\nX-For: /1\r\n\r\n`);
    await serving.alive();
    expect(client.received).toHaveLength(0);
    go.resolve();
    expect(await client.answer()).toMatchObject({ text: '/1', informational: [] });
    for (const target of ['/2', '/3']) {
      await client.expect(`${LINE}\r\nX-For: ${target}\r\n\r\n`);
      expect(await client.answer()).toMatchObject({ text: target, informational: [] });
    }
  });

  test('J4: `wsgi.early_hints` sends headers ahead of the answer, as 103, to a client of HTTP/1.1, as often as it is called. (HEAD, content, failures)', async () => {
    const reading = await serve(async (environ, startResponse) => {
      environ['wsgi.early_hints'](style);
      const content = await environ['wsgi.input'].text();
      environ['wsgi.early_hints'](style);
      if (content === '') throw new Error('nothing was sent');
      startResponse('200 OK', []);
      return content;
    });
    const client = await reading.connect();
    client.send(get('/', { method: 'POST', headers: ['Content-Length: 3', 'Expect: 100-continue'] }));
    await client.expect(`${HINT}HTTP/1.1 100 Continue\r\n\r\n`);
    client.send('abc');
    expect(await client.answer()).toMatchObject({ text: 'abc', informational: [LINE] });
    client.send(get('/'));
    expect(await client.answer()).toMatchObject({ code: 500, informational: [LINE, LINE] });

    const serving = await serve(hinting());
    const head = await serving.ask(get('/', { method: 'HEAD' }), { head: true });
    expect(head).toMatchObject({ status: '200 OK', informational: [LINE] });
  });

  test('J5: Hints go nowhere where nobody can use them: in HTTP/1.0, when content has been given, when the client has left.', async () => {
    const late: Environ[] = [];
    const serving = await serve(null, {
      set: server => {
        server.mount('/hint', hinting());
        server.mount('/written', (environ, startResponse) => {
          const write = startResponse('200 OK', []);
          // The head that is only set can still be waited for.
          environ['wsgi.early_hints'](style);
          write('a');
          environ['wsgi.early_hints'](style);
          late.push(environ);
          return 'b';
        });
        server.mount('/kept', function* (environ, startResponse) {
          startResponse('200 OK', []);
          yield 'a';
          environ['wsgi.early_hints'](style);
          yield 'b';
        });
        server.mount('/next', (_environ, startResponse) => {
          for (const environ of late) environ['wsgi.early_hints'](style);
          startResponse('200 OK', []);
          return String(late.length);
        });
      },
    });
    const old = await serving.ask(get('/hint', { version: '1.0' }));
    expect(old).toMatchObject({ status: '200 OK', informational: [] });
    const client = await serving.connect();
    client.send(get('/written') + get('/kept') + get('/next'));
    expect(await client.answer()).toMatchObject({ text: 'ab', informational: [LINE] });
    expect(await client.answer()).toMatchObject({ text: 'ab', informational: [] });
    expect(await client.answer()).toMatchObject({ text: '1', informational: [] });
  });

  test('J5: Hints go nowhere where nobody can use them: in HTTP/1.0, when content has been given, when the client has left. (left)', async () => {
    const over = deferred();
    const serving = await serve(async (environ, startResponse) => {
      const signal = environ['fapws.signal'];
      environ['wsgi.early_hints'](style);
      await new Promise(resolve => signal.addEventListener('abort', resolve));
      environ['wsgi.early_hints'](style);
      over.resolve();
      startResponse('200 OK', []);
      return '';
    });
    const client = await serving.connect();
    client.send(get());
    await client.expect(HINT);
    client.leave();
    await over.promise;
    await serving.alive();
    expect(serving.log.text).toBe('');
  });
});

describe('what hints may say', () => {
  const wrong: [string, unknown, string][] = [
    ['a line end', [['Link', 'a\r\nX-Injected: 1']], 'FAPWS_HEADER'],
    ['a line feed in a name', [['Li\nnk', 'a']], 'FAPWS_HEADER'],
    ['a NUL', [['Link', '\0']], 'FAPWS_HEADER'],
    ['the connection', [['Connection', 'close']], 'FAPWS_HOP_BY_HOP'],
    ['a transfer coding', [['Transfer-Encoding', 'chunked']], 'FAPWS_HOP_BY_HOP'],
    ['a length that is none', [['Content-Length', 'x']], 'FAPWS_CONTENT_LENGTH'],
    ['a record', { Link: 'a' }, 'FAPWS_HEADER'],
    ['a string', 'Link: a', 'FAPWS_HEADER'],
    ['nothing', undefined, 'FAPWS_HEADER'],
  ];
  test.each(wrong)(
    'J6: Hints are checked as the headers of an answer are, for whatever client; one that is refused changes nothing. (%s)',
    async (_, headers, code) => {
      const serving = await serve((environ, startResponse) => {
        let thrown: unknown;
        try {
          environ['wsgi.early_hints'](headers as Headers);
        } catch (error) {
          thrown = error;
        }
        startResponse('200 OK', []);
        return (thrown as { code?: string })?.code ?? 'nothing was thrown';
      });
      for (const version of ['1.1', '1.0'] as const) {
        const answer = await serving.ask(get('/', { version }));
        expect(answer).toMatchObject({ status: '200 OK', text: code, informational: [] });
      }
    },
  );

  test('J6: Hints are checked as the headers of an answer are, for whatever client; one that is refused changes nothing. (what nobody catches)', async () => {
    const serving = await serve(environ => {
      environ['wsgi.early_hints']([['Link', '\r\n']]);
      return '';
    });
    const client = await serving.connect();
    client.send(get() + get(ALIVE));
    expect(await client.answer()).toMatchObject({ code: 500, informational: [] });
    expect((await client.answer()).text).toBe('alive');
  });

  test('J6: Hints are checked as the headers of an answer are, for whatever client; one that is refused changes nothing. (no length is sent)', async () => {
    const serving = await serve((environ, startResponse) => {
      environ['wsgi.early_hints']([
        ['Content-Length', '5'],
        ['X-A', 'a'],
      ]);
      startResponse('200 OK', []);
      return 'content';
    });
    const client = await serving.connect();
    client.send(get());
    await client.expect(`${LINE}\r\nX-A: a\r\n\r\n`);
    expect((await client.answer()).text).toBe('content');
  });
});
