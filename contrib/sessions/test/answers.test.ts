// The head of an answer has the cookie, however the answer is made; where it can't have it, that is an error which says so.

import { once } from 'node:events';
import { connect } from 'node:net';
import { Readable } from 'node:stream';
import {
  type Application,
  type Chunk,
  type Environ,
  type Middleware,
  type Result,
  type StartResponse,
  start,
} from '@fapws/core';
import { describe, expect, test } from 'vitest';
import { type Session, sessionOf, sessions } from '../src/index.ts';
import { app, Browser, type Data } from './browser.ts';

const login = async (environ: Environ): Promise<Session<Data>> => {
  const session = sessionOf<Data>(environ);
  (await session.load()).user = 'a';
  return session;
};

/** Applications that log in, each with another way to answer. */
const ways: Record<string, Application> = {
  'a string': async (environ, startResponse) => {
    await login(environ);
    startResponse('200 OK', []);
    return 'hello';
  },
  'a string, after startResponse': async (environ, startResponse) => {
    startResponse('200 OK', []);
    await login(environ);
    return 'hello';
  },
  'an array': async (environ, startResponse) => {
    await login(environ);
    startResponse('200 OK', []);
    return ['hel', 'lo'];
  },
  'a generator': async (environ, startResponse) => {
    await login(environ);
    startResponse('200 OK', []);
    return (function* (): Generator<Chunk> {
      yield '';
      yield 'hel';
      yield 'lo';
    })();
  },
  'an async generator that does it all': (environ, startResponse) =>
    (async function* (): AsyncGenerator<Chunk | null> {
      yield null;
      await login(environ);
      startResponse('200 OK', []);
      yield '';
      yield 'hel';
      await new Promise(resolve => setImmediate(resolve));
      yield 'lo';
    })(),
  'a generator that changes the session before its first piece': async (environ, startResponse) => {
    const data = await sessionOf<Data>(environ).load();
    return (function* (): Generator<Chunk> {
      data.user = 'a';
      startResponse('200 OK', []);
      yield 'hello';
    })();
  },
  'a readable stream': async (environ, startResponse) => {
    await login(environ);
    startResponse('200 OK', []);
    return Readable.from(['hel', 'lo']) as AsyncIterable<Chunk>;
  },
  'write, after save': async (environ, startResponse) => {
    const write = startResponse('200 OK', []);
    await (await login(environ)).save();
    await write('hel');
    return 'lo';
  },
  'an answer begun anew': async (environ, startResponse) => {
    startResponse('200 OK', [['X-First', '1']]);
    await (await login(environ)).save();
    startResponse('200 OK', [], new Error('anew'));
    return 'hello';
  },
  'an answer begun anew after an empty write': async (environ, startResponse) => {
    const write = startResponse('200 OK', [['X-First', '1']]);
    await (await login(environ)).save();
    await write('');
    startResponse('200 OK', [], new Error('anew'));
    return 'hello';
  },
  'two ids, one after the other': async (environ, startResponse) => {
    const write = startResponse('200 OK', []);
    const session = await login(environ);
    await session.save();
    await write('');
    session.rotate();
    return 'hello';
  },
  'an update that nobody waits for': (environ, startResponse) => {
    void sessionOf<Data>(environ).update(data => Object.assign(data, { user: 'a' }));
    startResponse('200 OK', []);
    return 'hello';
  },
  'an answer without content': async (environ, startResponse) => {
    await login(environ);
    startResponse('200 OK', [['Content-Length', '0']]);
  },
};

/** A middleware that puts a function of its own in place of startResponse, as old ones do. */
const hiding: Middleware = application => (environ, startResponse) =>
  application(environ, ((status, headers, excInfo) =>
    startResponse(status, [...headers, ['X-Outer', '1']], excInfo)) as StartResponse);

describe.each<[string, Middleware]>([
  ['with startResponse.response', application => application],
  ['behind a middleware that hides it', hiding],
])('%s', (_, outer) => {
  /** Sends a request through both middlewares. */
  const send = (browser: Browser, application: Application, method = 'GET') => {
    const inner = sessions(browser.options)(application);
    return browser.send(outer(inner), { method });
  };

  test.each(Object.entries(ways))('%s', async (name, application) => {
    const browser = new Browser();
    const response = await send(browser, application);
    expect(response.text()).toBe(name.includes('without content') ? '' : 'hello');
    expect(response.statusCode).toBe(200);
    expect(browser.lines).toHaveLength(1);
    expect(response.header('X-First')).toBeUndefined();
    expect(response.header('Vary')).toBe('Cookie');
    expect(await browser.data()).toEqual({ user: 'a' });
  });

  test.each(Object.entries(ways))('HEAD: %s', async (_name, application) => {
    const browser = new Browser();
    const response = await send(browser, application, 'HEAD');
    expect([response.statusCode, response.text()]).toEqual([200, '']);
    expect(await browser.data()).toEqual({ user: 'a' });
  });

  test('write() before the session is saved is an error that says what to do, and nothing is sent', async () => {
    const browser = new Browser();
    const response = await send(browser, async (environ, startResponse) => {
      const write = startResponse('200 OK', []);
      await login(environ);
      await write('hello');
    });
    expect(response.statusCode).toBe(500);
    expect(browser.log.join('')).toContain('FAPWS_SESSION_LATE');
    expect(browser.log.join('')).toContain('await session.save()');
    expect(browser.store.map.size).toBe(0);
  });

  test('a new session after the first piece is an error, and the answer is cut', async () => {
    const browser = new Browser();
    const application: Application = (environ, startResponse) =>
      (async function* (): AsyncGenerator<Chunk> {
        startResponse('200 OK', []);
        yield 'hello';
        await login(environ);
      })();
    await expect(send(browser, application)).rejects.toThrow(/cut/);
    expect(browser.log.join('')).toContain('FAPWS_SESSION_LATE');
    expect(browser.store.map.size).toBe(0);
  });

  test('changes of a session that needs no new cookie are stored at the end of a stream', async () => {
    const browser = new Browser();
    await browser.do(async session => Object.assign(await session.load(), { visits: 1 }));
    const response = await send(browser, async (environ, startResponse) => {
      const data = await sessionOf<Data>(environ).load();
      return (async function* (): AsyncGenerator<Chunk> {
        startResponse('200 OK', []);
        yield 'hello';
        data.visits = 2;
      })();
    });
    expect(response.text()).toBe('hello');
    expect(await browser.data()).toEqual({ visits: 2 });
  });

  test('startResponse twice without an error is refused, and its headers are checked', async () => {
    const browser = new Browser();
    const twice = await send(browser, (_environ, startResponse) => {
      startResponse('200 OK', []);
      startResponse('200 OK', []);
      return 'x';
    });
    const bad = await send(browser, (_environ, startResponse) => {
      startResponse('200 OK', [['X', 'a\r\nSet-Cookie: b']]);
      return 'x';
    });
    expect([twice.statusCode, bad.statusCode]).toEqual([500, 500]);
    expect(browser.log.join('')).toMatch(/FAPWS_STARTED_TWICE[\s\S]*FAPWS_HEADER/);
  });

  test('a conflict in a stream before its first piece is answered 409', async () => {
    const browser = new Browser();
    await browser.do(async session => Object.assign(await session.load(), { visits: 1 }));
    let closed = 0;
    const response = await send(browser, async (environ, startResponse) => {
      const data = await sessionOf<Data>(environ).load();
      await browser.clone().do(async other => Object.assign(await other.load(), { visits: 2 }));
      data.visits = 3;
      return (async function* (): AsyncGenerator<Chunk> {
        try {
          startResponse('200 OK', []);
          yield 'hello';
        } finally {
          closed += 1;
        }
      })();
    });
    expect(response.status).toBe('409 Conflict');
    expect(response.text()).toContain('Try again');
    expect(closed).toBe(1);
    expect(browser.log.join('')).toMatch(/fapws: sessions: GET \/: Another request has changed visits/);
  });
});

describe('results are closed', () => {
  class Closable implements Iterable<Chunk> {
    closed = 0;
    returned = 0;
    *[Symbol.iterator](): Generator<Chunk> {
      try {
        yield 'one';
        yield 'two';
      } finally {
        this.returned += 1;
      }
    }
    close(): void {
      this.closed += 1;
    }
  }

  const answering =
    (result: Result, before: (environ: Environ) => unknown = login): Application =>
    async (environ, startResponse) => {
      startResponse('200 OK', []);
      await before(environ);
      return result;
    };

  test('when all is well', async () => {
    const result = new Closable();
    expect((await new Browser().send(answering(result))).text()).toBe('onetwo');
    expect(result).toMatchObject({ closed: 1, returned: 1 });
  });

  test('when nobody wants the rest', async () => {
    const result = new Closable();
    await new Browser().send(answering(result), { method: 'HEAD' });
    expect(result).toMatchObject({ closed: 1, returned: 1 });
  });

  test('when the session can’t be stored', async () => {
    const result = new Closable();
    const browser = new Browser({ maxCharacters: 1 });
    expect((await browser.send(answering(result))).statusCode).toBe(500);
    expect(result).toMatchObject({ closed: 1, returned: 1 });
    let closed = 0;
    const whole = Object.assign(['x'], {
      close: () => {
        closed += 1;
      },
    });
    expect((await browser.send(answering(whole))).statusCode).toBe(500);
    expect(closed).toBe(1);
  });

  test('when the client leaves', async () => {
    const server = start('127.0.0.1', 0);
    const errors: string[] = [];
    server.base({
      errors: { write: text => void errors.push(text), writelines: () => {}, flush: () => {} },
    });
    server.use(sessions());
    let over!: () => void;
    const isOver = new Promise<void>(resolve => {
      over = resolve;
    });
    server.mount('/endless', async (environ, startResponse) => {
      await login(environ);
      startResponse('200 OK', []);
      return (async function* (): AsyncGenerator<Chunk> {
        try {
          for (;;) {
            yield 'x'.repeat(1000);
            await new Promise(resolve => setImmediate(resolve));
          }
        } finally {
          over();
        }
      })();
    });
    let left!: () => void;
    const hasLeft = new Promise<void>(resolve => {
      left = resolve;
    });
    let afterwards!: (outcome: unknown) => void;
    const answered = new Promise(resolve => {
      afterwards = resolve;
    });
    server.mount('/late', async (environ, startResponse) => {
      environ['fapws.signal'].addEventListener('abort', () => left());
      socket.resetAndDestroy();
      await hasLeft;
      await login(environ);
      startResponse('200 OK', []);
      setImmediate(() => setImmediate(() => afterwards(null)));
      return 'nobody reads this';
    });
    await server.listen();
    const { port } = new URL(server.url);
    let socket = connect(Number(port), '127.0.0.1');
    try {
      socket.write('GET /endless HTTP/1.1\r\nHost: a\r\n\r\n');
      await once(socket, 'data');
      socket.destroy();
      await isOver;
      socket = connect(Number(port), '127.0.0.1');
      socket.write('GET /late HTTP/1.1\r\nHost: a\r\n\r\n');
      await answered;
      // That nobody is there for the cookie is no error of the application.
      expect(errors).toEqual([]);
    } finally {
      socket.destroy();
      await server.stop({ graceMs: 500 });
    }
  });
});

test('the whole way: browser, server, two requests', async () => {
  const server = start('127.0.0.1', 0);
  server.use(sessions());
  server.mount(
    '/',
    app(session =>
      session.update(data => {
        data.visits = (data.visits ?? 0) + 1;
        return data.visits;
      }),
    ),
  );
  await server.listen();
  try {
    const first = await fetch(server.url, { signal: AbortSignal.timeout(5000) });
    const cookie = (first.headers.get('set-cookie') as string).split(';')[0] as string;
    expect(await first.json()).toBe(1);
    const second = await fetch(server.url, { headers: { cookie }, signal: AbortSignal.timeout(5000) });
    expect([await second.json(), second.headers.get('set-cookie')]).toEqual([2, null]);
  } finally {
    await server.stop();
  }
});
