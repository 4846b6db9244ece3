// What `fapws.after` tells, for every way in which an answer can end.

import { describe, expect, test } from 'vitest';
import { type Environ, type Outcome, RequestError } from '../../src/index.ts';
import { deferred, get, post, serve, within } from './support.ts';

const X8 = 'X8: `fapws.after` has a function called once, when the answer is over, with what became of it.';

/** Keeps what is told, and resolves with the first of it. */
function noting(): { outcomes: Outcome[]; first: Promise<Outcome>; watch(environ: Environ): void } {
  const outcomes: Outcome[] = [];
  const told = deferred<Outcome>();
  return {
    outcomes,
    first: within('the outcome', told.promise),
    watch: environ =>
      environ['fapws.after'](outcome => {
        outcomes.push(outcome);
        told.resolve(outcome);
      }),
  };
}

describe('fapws.after', () => {
  test.each([
    ['a string', () => 'hello', 5],
    ['an array', () => ['hel', 'lo'], 5],
    [
      'a generator',
      function* () {
        yield 'hel';
        yield 'lo';
      },
      5,
    ],
    ['nothing', () => undefined, 0],
  ])(`${X8} (%s)`, async (_, result, octets) => {
    const { outcomes, first, watch } = noting();
    const serving = await serve((environ, startResponse) => {
      watch(environ);
      startResponse('201 Made', [['X-Y', 'a: b']]);
      return result();
    });
    const client = await serving.connect();
    client.send(get());
    await client.answer();
    expect(await first).toEqual({
      status: '201 Made',
      headers: [['X-Y', 'a: b']],
      octets,
      complete: true,
      error: null,
    });
    client.leave();
    await serving.alive();
    expect(outcomes).toHaveLength(1);
  });

  test(`${X8} (HEAD)`, async () => {
    const { first, watch } = noting();
    const serving = await serve((environ, startResponse) => {
      watch(environ);
      startResponse('200 OK', []);
      return 'hello';
    });
    const client = await serving.connect();
    client.send(get('/', { method: 'HEAD' }));
    expect(await first).toMatchObject({ status: '200 OK', octets: 0, complete: true });
  });

  test(`${X8} (an application that fails)`, async () => {
    const { first, watch } = noting();
    const serving = await serve(environ => {
      watch(environ);
      throw new Error('no');
    });
    const client = await serving.connect();
    client.send(get());
    expect((await client.answer()).code).toBe(500);
    expect(await first).toMatchObject({ status: '500 Internal Server Error', complete: true, error: null });
  });

  test(`${X8} (an application that fails after the head)`, async () => {
    const { first, watch } = noting();
    const serving = await serve(async function* (environ, startResponse) {
      watch(environ);
      startResponse('200 OK', []);
      yield 'abc';
      throw new Error('no');
    });
    const client = await serving.connect();
    client.send(get());
    expect(await first).toMatchObject({ status: '200 OK', octets: 3, complete: false, error: null });
  });

  test(`${X8} (a client that leaves)`, async () => {
    const { first, watch } = noting();
    const called = deferred<void>();
    const serving = await serve(environ => {
      watch(environ);
      called.resolve();
      return new Promise<string>(() => {});
    });
    const client = await serving.connect();
    client.send(get());
    await within('the call', called.promise);
    client.leave();
    const outcome = await first;
    expect(outcome).toMatchObject({ status: '', octets: 0, complete: false });
    expect(outcome.error).toBeInstanceOf(RequestError);
    expect(outcome.error?.code).toBe('FAPWS_CLIENT_GONE');
  });

  test(`${X8} (content that is too large)`, async () => {
    const { first, watch } = noting();
    const serving = await serve(
      async environ => {
        watch(environ);
        return environ['wsgi.input'].read();
      },
      { options: { limits: { content: 3 } } },
    );
    const client = await serving.connect();
    const head = get('/', { method: 'POST', headers: ['Transfer-Encoding: chunked'] });
    client.send(Buffer.from(`${head}4\r\nabcd\r\n0\r\n\r\n`));
    const answer = await client.answer();
    expect(answer.code).toBe(413);
    const { body } = answer;
    expect(await first).toMatchObject({
      status: '413 Content Too Large',
      octets: body.length,
      complete: false,
    });
    expect(body.length).toBeGreaterThan(0);
    expect((await first).error?.code).toBe('FAPWS_CONTENT_TOO_LARGE');
  });

  test(`${X8} (a task that fails is reported and harms nobody)`, async () => {
    const serving = await serve((environ, startResponse) => {
      environ['fapws.after'](() => {
        throw new Error('the task is broken');
      });
      startResponse('200 OK', []);
      return 'hello';
    });
    const client = await serving.connect();
    client.send(Buffer.concat([post('a'), Buffer.from(get())]));
    for (let round = 0; round < 2; round += 1) expect((await client.answer()).code).toBe(200);
    await serving.log.has(/after GET \/.*the task is broken/);
  });
});
