// How long a connection lasts, in what order its answers come, and how it ends.

import { describe, expect, test } from 'vitest';
import type { Application } from '../../src/base/types.ts';
import { serving } from '../server/serving.ts';
import { ask, get, LAST, post, SMUGGLED } from './asking.ts';
import { chunked } from './malformed.ts';

const http10 = (...lines: string[]): string =>
  `GET / HTTP/1.0\r\n${lines.map(line => `${line}\r\n`).join('')}\r\n`;

describe('persistence', () => {
  test('9112-9.3-a: An HTTP/1.1 connection persists unless somebody says close.', async () => {
    const { codes, answers } = await ask(get('/') + get('/', 'Connection: x') + LAST);
    expect(codes).toEqual([200, 200, 200]);
    expect(answers.map(answer => answer.header('Connection'))).toEqual([undefined, undefined, 'close']);
  });

  test('9112-9.3-b: An HTTP/1.0 connection ends, unless keep-alive is asked for and the answer says it.', async () => {
    const once = await ask(http10() + SMUGGLED);
    expect(once.answers.map(answer => answer.header('Connection'))).toEqual(['close']);
    const kept = await ask(
      http10('Connection: Keep-Alive') + http10('Connection: keep-alive, close') + SMUGGLED,
    );
    expect(kept.answers.map(answer => answer.header('Connection'))).toEqual(['keep-alive', 'close']);
    // Without a length the end of the connection is the end of the content.
    const application: Application = async function* (_, startResponse) {
      startResponse('200 OK', []);
      yield 'a';
      await null;
      yield 'b';
    } as Application;
    const open = await ask(http10('Connection: keep-alive') + SMUGGLED, { application });
    expect(open.answers.map(answer => [answer.text, answer.header('Connection')])).toEqual([['ab', 'close']]);
  });

  for (const options of [
    'close',
    'CLOSE',
    'x, close',
    'keep-alive, close',
    'close, keep-alive',
    ' ,close\t, x',
  ]) {
    test(`9112-9.6-a: After a request that says close, in whatever case or place, nothing is processed. (${JSON.stringify(options)})`, async () => {
      const outcome = await ask(get('/', `Connection: ${options}`) + SMUGGLED);
      expect(outcome.called).toEqual(['GET /']);
      expect(outcome.answers.map(answer => answer.header('Connection'))).toEqual(['close']);
    });
  }

  test('9112-9.6-a: After a request that says close, in whatever case or place, nothing is processed. (in the first of two lines)', async () => {
    const outcome = await ask(get('/', 'Connection: close', 'Connection: keep-alive') + SMUGGLED);
    expect(outcome.codes).toEqual([200]);
  });

  test('9112-9.3-c: Words that contain close are not close.', async () => {
    const outcome = await ask(get('/', 'Connection: closed, x-close, "close", close\xa0') + LAST);
    expect(outcome.codes).toEqual([200, 200]);
  });

  test('9112-9.3-d: Content that nobody reads is read and thrown away, or the connection ends.', async () => {
    const application: Application = (_, startResponse) => {
      startResponse('200 OK', []);
      return 'x';
    };
    const rows = [
      post(SMUGGLED, `Content-Length: ${SMUGGLED.length}`),
      chunked(`${SMUGGLED.length.toString(16)}\r\n${SMUGGLED}\r\n0\r\n\r\n`),
    ];
    for (const row of rows) expect((await ask(row + LAST, { application })).codes).toEqual([200, 200]);
    // More than it is worth.
    const limits = { discard: 10 };
    for (const row of rows) {
      expect((await ask(row + SMUGGLED, { application, limits })).codes).toEqual([200]);
    }
  });

  test('9112-9.6-c: After an answer that says close, nothing is processed.', async () => {
    const outcome = await ask(get('/') + get('/') + SMUGGLED, { limits: { requests: 2 } });
    expect(outcome.called).toEqual(['GET /', 'GET /']);
    expect(outcome.answers.map(answer => answer.header('Connection'))).toEqual([undefined, 'close']);
  });
});

describe('order', () => {
  const application: Application = async (environ, startResponse) => {
    const turns = Number(environ.QUERY_STRING);
    for (let turn = 0; turn < turns; turn += 1) await new Promise(resolve => setImmediate(resolve));
    startResponse('200 OK', []);
    return String(turns);
  };
  const row = [30, 0, 5, 1, 0].map(turns => get(`/?${turns}`)).join('');

  test('9112-9.3.2-a: Requests in a row are answered in their order, however long each takes.', async () => {
    const { answers } = await ask(row + LAST, { application });
    expect(answers.map(answer => answer.text)).toEqual(['30', '0', '5', '1', '0', '0']);
  });

  test('9112-9.3.2-b: A refusal waits for the answers before it.', async () => {
    const { codes, answers } = await ask(`${row}GET / HTTP/1.1\r\n\r\n${SMUGGLED}`, { application });
    expect(codes).toEqual([200, 200, 200, 200, 200, 400]);
    expect(answers[0]?.text).toBe('30');
  });

  test('9112-9.2-a: Every request has exactly one final answer.', async () => {
    const failures: unknown[] = [];
    const twice: Application = async (_, startResponse) => {
      startResponse('200 OK', []);
      try {
        startResponse('201 Created', []);
      } catch (error) {
        failures.push(error);
      }
      setImmediate(() => {
        try {
          startResponse('500 Late', [], new Error('late'));
        } catch (error) {
          failures.push(error);
        }
      });
      return 'once';
    };
    const { codes, answers } = await ask(get('/') + LAST, { application: twice });
    expect(codes).toEqual([200, 200]);
    expect(answers.map(answer => answer.text)).toEqual(['once', 'once']);
    expect(failures.length).toBeGreaterThanOrEqual(3);
  });
});

describe('the end', () => {
  test('9112-9.6-b: The last answer of a connection says close. (a refusal)', async () => {
    const { answers } = await ask('GET / HTTP/1.1\r\n\r\n');
    expect(answers.map(answer => answer.header('Connection'))).toEqual(['close']);
  });

  test('9112-9.6-b: The last answer of a connection says close. (while the server stops)', async () => {
    let begun = (): void => {};
    const beginning = new Promise<void>(resolve => {
      begun = resolve;
    });
    let answer = (): void => {};
    const made = await serving(server =>
      server.mount('/', async (_, startResponse) => {
        begun();
        await new Promise<void>(resolve => {
          answer = resolve;
        });
        startResponse('200 OK', []);
        return 'x';
      }),
    );
    const client = await made.client();
    client.send(get('/') + SMUGGLED);
    await beginning;
    const stopped = made.server.stop({ graceMs: 4000 });
    answer();
    expect((await client.answer()).header('Connection')).toBe('close');
    await client.peer.untilEnded();
    client.peer.end();
    await stopped;
    expect(client.rest).toBe('');
  });

  test('9112-9.6-d: The last answer is not lost: our side is shut first, and what still comes is read for a while.', async () => {
    const content = Buffer.alloc(400_000, 'x').toString();
    const { codes, client } = await ask(
      `POST / HTTP/1.1\r\nContent-Length: ${content.length}\r\n\r\n${content.slice(0, 50_000)}`,
    );
    expect(codes).toEqual([400]);
    expect(client.peer.error).toBe(null);
  });

  test('9112-9.5-a: A connection on which nothing happens is closed in an orderly way.', async () => {
    const { codes, client } = await ask(get('/'), { timeouts: { idle: 0.5 } });
    expect(codes).toEqual([200]);
    expect(client.peer.error).toBe(null);
  });

  test('9112-9.5-b: A client that shuts its side gets its answers, and the connection is closed.', async () => {
    const outcome = await ask(get('/a') + get('/b'), { finish: true });
    expect(outcome.called).toEqual(['GET /a', 'GET /b']);
    expect(outcome.codes).toEqual([200, 200]);
    await outcome.client.peer.untilClosed();
  });

  test('9110-15.5.9-a: Who takes too long for a head is answered 408 with close; who has said nothing, not at all.', async () => {
    const timeouts = { head: 0.5 };
    const half = await ask('GET / HTTP/1.1\r\nHo', { timeouts });
    expect([half.codes, half.answers[0]?.header('Connection')]).toEqual([[408], 'close']);
    expect((await ask('\r\n', { timeouts })).octets).toBe(0);
  });
});

describe('what does not become complete', () => {
  const cases = {
    'a length': post('abc', 'Content-Length: 5'),
    chunks: chunked('3\r\nabc\r\n'),
    'a chunk': chunked('5\r\nabc'),
    'the line behind the last chunk': chunked('3\r\nabc\r\n0\r\n'),
    trailers: chunked('3\r\nabc\r\n0\r\nX: y\r\n'),
  };
  for (const [tried, octets] of Object.entries(cases)) {
    test(`9112-6.3-e: Content that ends early is not taken for whole, and the connection ends. (${tried})`, async () => {
      const outcome = await ask(octets, { finish: true });
      expect(outcome.called).toEqual(['POST / FAPWS_CLIENT_GONE']);
      expect(outcome.codes.filter(code => code < 400)).toEqual([]);
    });
  }

  test('9112-8-a: A request that does not become complete in time is answered with an error, and the connection ends.', async () => {
    const outcome = await ask(post('abc', 'Content-Length: 5'), { timeouts: { content: 0.5 } });
    expect(outcome.codes).toEqual([408]);
    expect(outcome.called).toEqual(['POST / FAPWS_CONTENT_TIMEOUT']);
  });

  test('9112-8-b: An answer that can’t be completed is broken off so that its client can tell.', async () => {
    let fail = (): void => {};
    const fails: Application = async function* (_, startResponse) {
      startResponse('200 OK', []);
      yield 'half';
      await new Promise<void>(resolve => {
        fail = resolve;
      });
      throw new Error('half-way');
    } as Application;
    const made = await serving(server => server.mount('/', fails));
    const chunkedAnswer = await made.client();
    chunkedAnswer.send(get('/') + SMUGGLED);
    await chunkedAnswer.peer.untilText('4\r\nhalf\r\n');
    fail();
    await chunkedAnswer.peer.untilEnded();
    expect(chunkedAnswer.peer.text).toMatch(/\r\n\r\n4\r\nhalf\r\n$/);
    // Where only the end of the connection tells the end of the content, it is a reset.
    const closeDelimited = await made.client();
    closeDelimited.send(http10());
    await closeDelimited.peer.untilText('\r\n\r\nhalf');
    fail();
    await closeDelimited.peer.untilClosed();
    expect(closeDelimited.peer.error?.code).toBe('ECONNRESET');
  });
});
