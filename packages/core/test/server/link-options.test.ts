// Bounds of one mount or route, in place of the server's: how much content, how much time.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type Application, defaultLimits, defaultTimeouts, start } from '../../src/index.ts';
import { within } from '../loop/watched.ts';
import type { Client } from './client.ts';
import { gate, type Serving, says, serving } from './serving.ts';

const x = (length: number): string => 'x'.repeat(length);

/** Answers with how much content there was. */
const counts: Application = async (environ, startResponse) => {
  const { length } = await environ['wsgi.input'].read();
  return says(String(length))(environ, startResponse);
};

/** Rejections that nobody handled, until the test is over. */
function unhandled(): unknown[] {
  const errors: unknown[] = [];
  const note = (error: unknown): void => void errors.push(error);
  process.on('unhandledRejection', note);
  onTestFinished(() => void process.off('unhandledRejection', note));
  return errors;
}

/** A request with content in chunks. */
function sendChunked(client: Client, target: string, content: string): void {
  client.request('POST', target, { 'Transfer-Encoding': 'chunked' });
  client.send(`${content.length.toString(16)}\r\n${content}\r\n0\r\n\r\n`);
}

describe('limits.content', () => {
  const options = (content: number) => ({ limits: { content } });

  function made(): Promise<Serving> {
    return serving(
      it =>
        it
          .mount('/usual', counts)
          .mount('/large', counts, options(200))
          .mount('/large/small', counts, options(10))
          .mount('/none', counts, options(Number.POSITIVE_INFINITY))
          .route('POST', '/large/route/:id', counts, options(20))
          .route('GET', '/large/hello', says('hello'), options(1))
          .fallback(counts, options(30)),
      options(100),
    );
  }

  test.each([
    ['the server’s, where a mount has none', '/usual', 100],
    ['a mount’s that is larger', '/large/x', 200],
    ['a mount’s that is smaller, within another', '/large/small', 10],
    ['a route’s, within a mount', '/large/route/5', 20],
    ['the fallback’s', '/elsewhere', 30],
  ])('S15.5.14 %s', async (_, target, limit) => {
    const it = await made();
    const fits = await it.client();
    expect((await fits.post(target, x(limit))).text).toBe(String(limit));
    sendChunked(fits, target, x(limit));
    expect((await fits.answer()).text).toBe(String(limit));
    const [long, chunked, asking] = [await it.client(), await it.client(), await it.client()];
    expect((await long.post(target, x(limit + 1))).code).toBe(413);
    sendChunked(chunked, target, x(limit + 1));
    expect((await chunked.answer()).code).toBe(413);
    // S10.1.1: nobody is asked for what will be refused.
    asking.request('POST', target, { 'Content-Length': String(limit + 1), Expect: '100-continue' });
    expect((await asking.answer()).code).toBe(413);
    expect(asking.interim).toEqual([]);
    for (const client of [long, chunked, asking]) await client.peer.untilEnded();
    expect(it.log).toBe('');
  });

  test('what may be sent is asked for', async () => {
    const client = await (await made()).client();
    client.request('POST', '/large', { 'Content-Length': '150', Expect: '100-continue' });
    await client.peer.until('it is asked for', () => client.peer.text.includes('100 Continue'));
    client.send(x(150));
    expect((await client.answer()).text).toBe('150');
  });

  test('Infinity is none', async () => {
    const client = await (await made()).client();
    expect((await client.post('/none', x(100_000))).text).toBe('100000');
  });

  test('holds for an application that does not look at its content', async () => {
    const it = await made();
    expect((await (await it.client()).get('/large/hello', { 'Content-Length': '2' })).code).toBe(413);
  });

  test('holds in server.call', async () => {
    const { server } = await made();
    expect((await server.call({ method: 'POST', target: '/large', body: x(200) })).text()).toBe('200');
    expect((await server.call({ method: 'POST', target: '/large', body: x(201) })).statusCode).toBe(413);
  });

  test('what is refused never reaches the application', async () => {
    let calls = 0;
    const it = await serving(link =>
      link.mount(
        '/',
        (environ, startResponse) => {
          calls += 1;
          return counts(environ, startResponse);
        },
        options(10),
      ),
    );
    const client = await it.client();
    expect((await client.post('/', x(11))).code).toBe(413);
    expect(calls).toBe(0);
  });
});

describe('timeouts.handler', () => {
  const options = (handler: number) => ({ timeouts: { handler } });
  const never: Application = () => new Promise(() => {});

  test('is the server’s, a mount’s or a route’s', async () => {
    const it = await serving(
      link =>
        link
          .mount('/usual', never)
          .mount('/patient', never, options(Number.POSITIVE_INFINITY))
          .route('GET', '/patient/not', never, options(0.1)),
      { timeouts: { handler: 0.2 } },
    );
    const patient = await it.client();
    patient.request('GET', '/patient');
    for (const target of ['/usual', '/patient/not']) {
      const client = await it.client();
      const answer = await client.get(target);
      expect([answer.code, answer.header('Connection')]).toEqual([503, 'close']);
      expect(answer.text).toBe('503 Service Unavailable\nThe application took too long to answer.\n');
      await client.peer.untilEnded();
    }
    expect(patient.peer.octets).toBe(0);
    expect(it.log).toBe('');
  });

  test('is the fallback’s too, and the page is that of the base', async () => {
    const it = await serving(link =>
      link
        .base({
          errorPage: (status, detail) => ({ headers: [['X-Page', 'own']], content: `${status}: ${detail}` }),
        })
        .fallback(never, options(0.1)),
    );
    const answer = await (await it.client()).get('/');
    expect([answer.header('X-Page'), answer.text]).toEqual([
      'own',
      '503 Service Unavailable: The application took too long to answer.',
    ]);
  });

  /** What applications do when it is too late, and what of it stands in the log. */
  const late: [string, (over: Promise<void>) => Application, RegExp | null][] = [
    [
      'answers',
      over => async (environ, startResponse) => {
        await over;
        return says('late')(environ, startResponse);
      },
      null,
    ],
    [
      'answers bytes',
      over => async (_, startResponse) => {
        await over;
        startResponse('200 OK', []);
        return new Uint8Array(100_000);
      },
      null,
    ],
    [
      'answers piece by piece',
      over => async (_, startResponse) => {
        await over;
        startResponse('200 OK', []);
        return ['a', 'b'].values();
      },
      null,
    ],
    [
      'is a generator that begins late',
      over =>
        async function* (_, startResponse) {
          await over;
          startResponse('200 OK', []);
          yield 'a';
          yield 'b';
        },
      null,
    ],
    [
      'writes',
      over => async (_, startResponse) => {
        await over;
        const write = startResponse('200 OK', []);
        await write('a');
        return 'b';
      },
      null,
    ],
    [
      'answers nothing',
      over => async () => {
        await over;
      },
      null,
    ],
    [
      'reads its content',
      over => async (environ, startResponse) => {
        await over;
        return says(await environ['wsgi.input'].text())(environ, startResponse);
      },
      null,
    ],
    [
      'gives up because of the signal',
      () => async environ => {
        const { signal } = { signal: environ['fapws.signal'] };
        await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
      },
      null,
    ],
    [
      'gives up as fetch does',
      () => async environ => {
        const { signal } = { signal: environ['fapws.signal'] };
        await new Promise((_, reject) =>
          signal.addEventListener('abort', () => reject(new DOMException('stopped', 'AbortError'))),
        );
      },
      null,
    ],
    [
      'fails',
      over => async () => {
        await over;
        throw new Error('much later');
      },
      /much later/,
    ],
    [
      'breaks the contract',
      over => async () => {
        await over;
        return 5 as never;
      },
      /FAPWS_RESULT/,
    ],
  ];

  test.each(late)(
    'an application that %s when it is too late: nothing is sent twice',
    async (_, make, logged) => {
      const rejections = unhandled();
      const over = gate();
      const done = gate();
      const application = make(over.opened);
      const it = await serving(link =>
        link.mount(
          '/late',
          (environ, startResponse) => {
            environ['fapws.after'](outcome => {
              expect(outcome).toMatchObject({
                status: '503 Service Unavailable',
                complete: false,
                error: { code: 'FAPWS_HANDLER_TIMEOUT' },
              });
              done.open();
            });
            return application(environ, startResponse);
          },
          options(0.1),
        ),
      );
      const client = await it.client();
      client.request('POST', '/late', { 'Content-Length': '3' });
      client.send('abc');
      expect((await client.answer()).code).toBe(503);
      await within(done.opened, 'the application is told what became of its answer');
      const { octets } = client.peer;
      over.open();
      await client.peer.untilEnded();
      // What the application does now has come to its end when another request is answered.
      for (let round = 0; round < 3; round += 1) await (await it.client()).get('/nowhere');
      expect(client.peer.octets).toBe(octets);
      if (logged === null) expect(it.log).toBe('');
      else expect(it.log).toMatch(logged);
      expect(rejections).toEqual([]);
    },
  );

  test('an answer that has begun is let go on', async () => {
    const it = await serving(link =>
      link.mount(
        '/',
        async function* (_, startResponse) {
          startResponse('200 OK', []);
          yield 'a';
          await new Promise(resolve => setTimeout(resolve, 1300));
          yield 'b';
        },
        options(0.1),
      ),
    );
    expect((await (await it.client()).get('/')).text).toBe('ab');
    expect(it.log).toBe('');
  });
});

describe('mistakes', () => {
  const made = () => start('127.0.0.1', 0);

  test.each([
    ['an option that there is not', { limit: {} }, /no option of a mount or route called limit\./],
    ['a limit of the server only', { limits: { head: 1 } }, /no limit of a mount or route called head\./],
    [
      'a timeout of the server only',
      { timeouts: { idle: 1 } },
      /no timeout of a mount or route called idle\./,
    ],
    [
      'no content at all',
      { limits: { content: 0 } },
      /limit of a mount or route content is a number above 0/,
    ],
    ['a text', { limits: { content: '1M' } }, /not 1M/],
    ['no time', { timeouts: { handler: 0 } }, /timeout of a mount or route handler is a number above 0/],
    ['NaN', { timeouts: { handler: Number.NaN } }, /not NaN/],
  ])('%s', (_, options, message) => {
    const hello = says('hello');
    expect(() => made().mount('/x', hello, options as object)).toThrow(message);
    expect(() => made().route('GET', '/x', hello, options as object)).toThrow(message);
    expect(() => made().fallback(hello, options as object)).toThrow(RangeError);
  });

  test('what is undefined is left out', async () => {
    const server = made().mount('/', counts, {
      limits: { content: undefined },
      timeouts: undefined,
    } as object);
    expect((await server.call({ method: 'POST', target: '/', body: 'abc' })).text()).toBe('3');
  });
});

describe('the tables of README.md', () => {
  const readme = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8');

  /** The rows of the table whose head begins with this: the first two cells, without their marks. */
  function rows(head: string): [string, string][] {
    const lines = readme.split(`| ${head} |`)[1]?.split('\n\n')[0]?.split('\n').slice(2) ?? [];
    return lines.map(line => {
      const [name = '', value = ''] = line.split('|').slice(1);
      return [name.trim().replaceAll('`', ''), value.trim()];
    });
  }

  test.each([
    ['`limits.`', defaultLimits],
    ['`timeouts.`', defaultTimeouts],
  ])('%s has every bound with its default', (head, bounds) => {
    expect(rows(head)).toEqual(Object.entries(bounds).map(([name, value]) => [name, String(value)]));
  });

  test('the options are those that there are', () => {
    const names = rows('option').map(([name]) => name);
    for (const name of names) expect(() => start('127.0.0.1', 0, { [name]: undefined })).not.toThrow();
    let known = '';
    try {
      start('127.0.0.1', 0, { none: 1 } as object);
    } catch (error) {
      known = (error as Error).message;
    }
    expect(
      known
        .replace(/.*There are: |\.$/g, '')
        .split(', ')
        .toSorted(),
    ).toEqual(names.toSorted());
  });
});
