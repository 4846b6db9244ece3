// What the server does about HTTP, and what it leaves to applications: clauses C, D, H and I of docs/contract.md.

import { describe, expect, test } from 'vitest';
import { type Application, call, type Input } from '../../src/index.ts';
import { ALIVE, deferred, get, post, serve, within } from './support.ts';

/** Octets as text, also inside arrays. */
function textOf(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('latin1');
  return Array.isArray(value) ? value.map(textOf) : value;
}

/** Answers with what `look` makes of the content. */
const reading =
  (look: (input: Input) => Promise<unknown>): Application =>
  async (environ, startResponse) => {
    const seen = await look(environ['wsgi.input']);
    startResponse('200 OK', []);
    return JSON.stringify(textOf(seen));
  };

describe('wsgi.input', () => {
  test('C1: The content can be read by size, by line, by lines and by iteration; what comes is octets.', async () => {
    const text = 'one\ntwo\r\nthree';
    const cases: [(input: Input) => Promise<unknown>, unknown][] = [
      [input => input.read(), text],
      [input => input.read(5), 'one\nt'],
      [input => input.readline(), 'one\n'],
      [input => input.readlines(), ['one\n', 'two\r\n', 'three']],
      [input => input.text(), text],
      [
        async input => {
          const pieces: Uint8Array[] = [];
          for await (const piece of input) pieces.push(piece);
          return Buffer.concat(pieces);
        },
        text,
      ],
    ];
    for (const [look, expected] of cases) {
      const response = await call(reading(look), { method: 'POST', body: text });
      expect(response.json()).toEqual(expected);
    }
    await call(
      async (environ, startResponse) => {
        expect(await environ['wsgi.input'].read(2)).toBeInstanceOf(Uint8Array);
        startResponse('200 OK', []);
        return '';
      },
      { method: 'POST', body: 'abc' },
    );
  });

  test('C2: The input ends where the content ends, however that is framed; the next request is never read.', async () => {
    const serving = await serve(reading(input => input.text()));
    const chunked = get('/', { method: 'POST', headers: ['Transfer-Encoding: chunked'] });
    const client = await serving.connect();
    client.send(
      Buffer.concat([
        post('first'),
        Buffer.from(`${chunked}3\r\nsec\r\n3;x=y\r\nond\r\n0\r\nServer-Timing: t\r\n\r\n`),
      ]),
    );
    client.send(Buffer.concat([post(''), Buffer.from(get())]));
    for (const expected of ['first', 'second', '', '']) {
      expect((await client.answer()).json).toBe(expected);
    }
  });

  test('C3: `read()` without a size gives the rest; at the end every method gives nothing, as often as it is asked.', async () => {
    const look = async (input: Input): Promise<unknown> => [
      await input.read(2),
      await input.read(),
      await input.read(),
      await input.read(5),
      await input.read(0),
      await input.readline(),
      await input.readlines(),
      await input.text(),
    ];
    const response = await call(reading(look), { method: 'POST', body: 'abcdef' });
    expect(response.json()).toEqual(['ab', 'cdef', '', '', '', '', [], '']);
    expect((await call(reading(look), { method: 'GET' })).json()).toEqual(['', '', '', '', '', '', [], '']);
  });

  test('C4: `readline(limit)` keeps to its limit, `readlines(hint)` stops with the line that reaches it; below 0 there is none.', async () => {
    const look = async (input: Input): Promise<unknown> => [
      await input.readline(2),
      await input.readline(2),
      await input.readline(0),
      await input.readline(-1),
      await input.readlines(5),
      await input.readlines(0),
    ];
    const response = await call(reading(look), { method: 'POST', body: 'abc\ndef\nghi\njk\nl\n\nm' });
    expect(response.json()).toEqual(['ab', 'c\n', '', 'def\n', ['ghi\n', 'jk\n'], ['l\n', '\n', 'm']]);
  });

  test('C5: The input has no `close()`; what is not read is thrown away, and the connection goes on.', async () => {
    const serving = await serve((environ, startResponse) => {
      expect('close' in environ['wsgi.input']).toBe(false);
      startResponse('200 OK', []);
      return 'unread';
    });
    const client = await serving.connect();
    client.send(Buffer.concat([post('x'.repeat(20_000)), Buffer.from(get(ALIVE))]));
    expect((await client.answer()).text).toBe('unread');
    expect((await client.answer()).text).toBe('alive');
  });

  test('C6: What is read after the answer is complete fails, unless all of the content had arrived before.', async () => {
    const outcome = deferred<unknown>();
    const pending = deferred<unknown>();
    const serving = await serve((environ, startResponse) => {
      const input = environ['wsgi.input'];
      if (environ.PATH_INFO === '/later') {
        pending.resolve(input.read().catch((error: unknown) => error));
        setImmediate(() => outcome.resolve(input.text().catch((error: unknown) => error)));
      } else setImmediate(() => outcome.resolve(input.text()));
      startResponse('200 OK', []);
      return 'early';
    });
    const client = await serving.connect();
    const whole = post('0123456789', [], '/later');
    client.send(whole.subarray(0, -5));
    expect((await client.answer()).text).toBe('early');
    expect(await within('the read that waited', pending.promise)).toMatchObject({ code: 'FAPWS_ANSWERED' });
    expect(await within('the read afterwards', outcome.promise)).toMatchObject({ code: 'FAPWS_ANSWERED' });
    client.send(Buffer.concat([whole.subarray(-5), Buffer.from(get(ALIVE))]));
    expect((await client.answer()).text).toBe('alive');
  });

  test('C6: What is read after the answer is complete fails, unless all of the content had arrived before. (it had)', async () => {
    const outcome = deferred<unknown>();
    const serving = await serve((environ, startResponse) => {
      const input = environ['wsgi.input'];
      void input.read(2).then(first => {
        setImmediate(async () => outcome.resolve([first.length, await input.text()]));
        startResponse('200 OK', [])('x');
      });
      return new Promise(resolve => setImmediate(() => resolve('early')));
    });
    const answer = await serving.ask(post('0123456789'));
    expect(answer.text).toBe('xearly');
    expect(await within('the reading', outcome.promise)).toEqual([2, '23456789']);
  });
});

describe('wsgi.errors', () => {
  test('D1: `wsgi.errors` has write, writelines and flush, takes any text, and goes to standard error unless the base says otherwise.', async () => {
    const written: string[] = [];
    const errors = {
      write: (text: string) => void written.push(text),
      writelines: (lines: Iterable<string>) => void written.push(...lines),
      flush: () => void written.push('<flush>'),
    };
    const application: Application = (environ, startResponse) => {
      environ['wsgi.errors'].write('trouble: é € 🐝 \ud800\n');
      environ['wsgi.errors'].writelines(['a\n', 'b\n']);
      environ['wsgi.errors'].flush();
      startResponse('200 OK', []);
      return '';
    };
    await call(application, '/', { errors });
    expect(written).toEqual(['trouble: é € 🐝 \ud800\n', 'a\n', 'b\n', '<flush>']);

    const original = process.stderr.write;
    let stderr = '';
    process.stderr.write = ((text: string) => {
      stderr += text;
      return true;
    }) as typeof process.stderr.write;
    try {
      await call(application);
    } finally {
      process.stderr.write = original;
    }
    expect(stderr).toContain('trouble: é');
    expect(stderr).toContain('a\nb\n');
  });
});

describe('failures', () => {
  test('H1: A failure before the first content is answered 500, one after it cuts the connection; both are reported.', async () => {
    const before: Application[] = [
      () => {
        throw new Error('on purpose');
      },
      async () => {
        throw new Error('on purpose');
      },
      (_environ, startResponse) => {
        startResponse('200 OK', [['X-Gone', '1']]);
        throw new Error('on purpose');
      },
    ];
    for (const application of before) {
      const serving = await serve(application);
      const client = await serving.connect();
      client.send(get('/where?q') + get(ALIVE));
      const answer = await client.answer();
      expect(answer.status).toBe('500 Internal Server Error');
      expect(answer.header('x-gone')).toBeUndefined();
      expect(answer.text).not.toContain('on purpose');
      // The connection is sound, so it goes on.
      expect((await client.answer()).text).toBe('alive');
      await serving.log.has(/^fapws: GET \/where\?q: Error: on purpose\n\s+at /m);
    }
    const after: Application[] = [
      (_environ, startResponse) => {
        startResponse('200 OK', [])('some');
        throw new Error('on purpose');
      },
      async (_environ, startResponse) => {
        startResponse('200 OK', [])('some');
        await new Promise(resolve => setImmediate(resolve));
        throw new Error('on purpose');
      },
    ];
    for (const application of after) {
      const serving = await serve(application);
      const client = await serving.connect();
      client.send(get());
      const answer = await client.answer().catch(() => null);
      expect(answer?.whole ?? false).toBe(false);
      await client.closed();
      await serving.log.has(/^fapws: GET \/: Error: on purpose/m);
      await serving.alive();
    }
  });

  test('H2: Nothing is added to an answer that broke off.', async () => {
    const serving = await serve(async function* (_environ, startResponse) {
      startResponse('200 OK', [['Content-Type', 'text/html']]);
      yield 'some';
      await new Promise(resolve => setImmediate(resolve));
      throw new Error('on purpose');
    } as Application);
    const answer = await serving.ask(get()).catch(() => null);
    expect(answer?.text ?? 'some').toBe('some');
  });

  test('H3: Where the end of the connection is the end of the content, a break is a reset.', async () => {
    const read = deferred();
    const serving = await serve(async function* (_environ, startResponse) {
      startResponse('200 OK', []);
      yield 'some';
      await read.promise;
      throw new Error('on purpose');
    } as Application);
    const client = await serving.connect();
    client.send(get('/', { version: '1.0' }));
    // libuv, in the client, tells data that comes together with a reset from an end no more.
    await client.until('the content', () => client.received.includes('some'));
    read.resolve();
    expect(await client.closed()).toBe('reset');
  });
});

describe('HTTP', () => {
  const expecting = (body: string): [string, string] => [
    get('/', { method: 'POST', headers: [`Content-Length: ${body.length}`, 'Expect: 100-continue'] }),
    body,
  ];

  test('I1: 100 Continue is sent once, when the content is first read, and not at all when it is not read.', async () => {
    const go = deferred();
    const serving = await serve(async (environ, startResponse) => {
      await go.promise;
      const first = await environ['wsgi.input'].read(2);
      const rest = await environ['wsgi.input'].read();
      startResponse('200 OK', []);
      return [first, rest];
    });
    const client = await serving.connect();
    const [head, body] = expecting('abcdef');
    client.send(head);
    await serving.alive();
    expect(client.received).toHaveLength(0);
    go.resolve();
    await client.expect('HTTP/1.1 100 Continue\r\n\r\n');
    client.send(body.slice(0, 3));
    client.send(body.slice(3));
    const answer = await client.answer();
    expect(answer.text).toBe(body);
    expect(answer.informational).toEqual([]);

    const refusing = await serve((_environ, startResponse) => {
      startResponse('403 Forbidden', []);
      return 'no';
    });
    const other = await refusing.connect();
    other.send(head);
    const refusal = await other.answer();
    expect(refusal.status).toBe('403 Forbidden');
    expect(refusal.informational).toEqual([]);
    // Nobody knows whether the content comes now or a request.
    expect(refusal.header('connection')).toBe('close');
  });

  test('I1: 100 Continue is sent once, when the content is first read, and not at all when it is not read. (other cases)', async () => {
    const serving = await serve(reading(input => input.text()));
    // HTTP/1.0 does not know it; content that is here already does not need it.
    const old = await serving.ask('POST / HTTP/1.0\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\nab');
    expect([old.informational, old.json]).toEqual([[], 'ab']);
    const impatient = await serving.ask(expecting('abc').join(''));
    expect(impatient.json).toBe('abc');
    const bodyless = await serving.ask(get('/', { headers: ['Expect: 100-continue'] }));
    expect([bodyless.informational, bodyless.json]).toEqual([[], '']);
  });

  test('I2: What concerns the connection is the server’s: chunks are taken apart, and hop-by-hop matters stay out of the content.', async () => {
    const serving = await serve(reading(input => input.text()));
    const head = get('/', { method: 'POST', headers: ['Transfer-Encoding: chunked', 'Trailer: X-T'] });
    const client = await serving.connect();
    client.send(`${head}5;name="va;lue"\r\nhello\r\n1\r\n \r\n5\r\nworld\r\n0\r\nX-T: t\r\n\r\n`);
    expect((await client.answer()).json).toBe('hello world');
    client.send(get(ALIVE));
    expect((await client.answer()).text).toBe('alive');
  });

  test('I3: The server changes nothing that has a meaning: no conditional answers, ranges or codings of its own.', async () => {
    const serving = await serve((_environ, startResponse) => {
      startResponse('200 OK', [
        ['ETag', '"v1"'],
        ['Last-Modified', 'Thu, 01 Jan 1970 00:00:00 GMT'],
        ['Content-Type', 'text/plain'],
      ]);
      return 'all of it';
    });
    const headers = [
      'If-None-Match: "v1"',
      'Range: bytes=0-2',
      'Accept-Encoding: gzip',
      'Upgrade: h2c',
      'TE: trailers',
    ];
    const answer = await serving.ask(get('/', { headers }));
    expect(answer.status).toBe('200 OK');
    expect(answer.text).toBe('all of it');
    expect(answer.headers.map(([name]) => name)).toEqual([
      'ETag',
      'Last-Modified',
      'Content-Type',
      'Date',
      'Server',
      'Content-Length',
    ]);
  });

  test('I4: Callbacks never run at the same time: between two of its awaits one has the process for itself.', async () => {
    let inside = 0;
    let most = 0;
    const serving = await serve(async (_environ, startResponse) => {
      for (let round = 0; round < 5; round += 1) {
        inside += 1;
        most = Math.max(most, inside);
        inside -= 1;
        await null;
      }
      startResponse('200 OK', []);
      return '';
    });
    await Promise.all(Array.from({ length: 10 }, () => serving.ask(get())));
    expect(most).toBe(1);
  });
});
