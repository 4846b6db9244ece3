// Every part of the base replaced in a few lines. docs/base.md quotes this file, and a test here compares them.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  type Application,
  type ErrorPage,
  type ErrorStream,
  type Headers,
  LazyEnviron,
  type Server,
  type Write,
  WsgiResponse,
} from '../../src/index.ts';
import { get, Log, type Serving, serve } from '../contract/support.ts';

const hello: Application = (_environ, startResponse) => {
  startResponse('200 OK', [['Content-Type', 'text/plain']]);
  return 'hello';
};

async function serving(set: (server: Server) => void, application: Application = hello): Promise<Serving> {
  return serve(application, { set });
}

describe('the base', () => {
  test('the environ: keys of one’s own', async () => {
    class AppEnviron extends LazyEnviron {
      override lookup(key: string): unknown {
        if (key === 'app.started') return started;
        return super.lookup(key);
      }

      override names(): string[] {
        return [...super.names(), 'app.started'];
      }
    }
    const started = new Date();

    let seen: unknown[] = [];
    const { ask } = await serving(
      server => server.base({ Environ: AppEnviron }),
      (environ, startResponse) => {
        seen = [
          environ['app.started'],
          'app.started' in environ,
          Object.keys(environ).includes('app.started'),
        ];
        return hello(environ, startResponse);
      },
    );
    expect((await ask(get())).text).toBe('hello');
    expect(seen).toEqual([started, true, true]);
  });

  test('the environ: another client address', async () => {
    class BehindProxy extends LazyEnviron {
      override lookup(key: string): unknown {
        if (key === 'REMOTE_ADDR') return this.exchange.head.field('x-real-ip') ?? super.lookup(key);
        return super.lookup(key);
      }
    }

    const { ask } = await serving(
      server => server.base({ Environ: BehindProxy }),
      (environ, startResponse) => {
        startResponse('200 OK', []);
        return environ.REMOTE_ADDR;
      },
    );
    expect((await ask(get('/', { headers: ['X-Real-IP: 192.0.2.1'] }))).text).toBe('192.0.2.1');
    expect((await ask(get())).text).toBe('127.0.0.1');
  });

  test('answers: a header more', async () => {
    class SecureResponse extends WsgiResponse {
      override start(status: string, headers: Headers, excInfo?: unknown): Write {
        return super.start(status, [...headers, ['X-Content-Type-Options', 'nosniff']], excInfo);
      }
    }

    const { ask } = await serving(server => server.base({ Response: SecureResponse }));
    expect((await ask(get())).headers.slice(0, 2)).toEqual([
      ['Content-Type', 'text/plain'],
      ['X-Content-Type-Options', 'nosniff'],
    ]);
  });

  test('the name of the server, or none', async () => {
    const named = await serving(
      server => server.base({ ident: 'my-app/1.0' }),
      (environ, startResponse) => {
        startResponse('200 OK', []);
        return environ.SERVER_SOFTWARE;
      },
    );
    const answer = await named.ask(get());
    expect([answer.header('server'), answer.text]).toEqual(['my-app/1.0', 'my-app/1.0']);
    expect((await named.ask('\x01\r\n\r\n')).header('server')).toBe('my-app/1.0');
    const anonymous = await serving(server => server.base({ ident: '' }));
    expect((await anonymous.ask(get())).header('server')).toBeUndefined();
  });

  test('the pages for errors', async () => {
    const errorPage = (status: string, detail: string): ErrorPage => ({
      headers: [['Content-Type', 'application/json']],
      content: JSON.stringify({ status, detail }),
    });

    const { ask, alive } = await serve(null, {
      set: server =>
        server.base({ errorPage }).route('GET', '/broken', () => {
          throw new Error('secret');
        }),
    });
    for (const [request, status] of [
      [get('/nowhere'), '404 Not Found'],
      [get('/broken'), '500 Internal Server Error'],
      [get('/broken', { method: 'POST' }), '405 Method Not Allowed'],
      [get('/', { method: 'TRACE' }), '501 Not Implemented'],
      ['\x01\r\n\r\n', '400 Bad Request'],
    ] as const) {
      const answer = await ask(request);
      expect(answer.header('content-type')).toBe('application/json');
      expect(answer.json).toMatchObject({ status });
      expect(answer.status).toBe(status);
      expect(answer.text).not.toContain('secret');
    }
    await alive();
  });

  test('the methods that reach applications', async () => {
    const withTrace = await serving(server => server.base({ methods: ['GET', 'HEAD', 'TRACE'] }));
    expect((await withTrace.ask(get('/', { method: 'TRACE' }))).text).toBe('hello');
    expect((await withTrace.ask(get('/', { method: 'POST' }))).code).toBe(501);
    const usual = await serving(() => {});
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'QUERY']) {
      expect((await usual.ask(get('/', { method }))).text).toBe('hello');
    }
    for (const method of ['TRACE', 'PROPFIND', 'GIT']) {
      expect((await usual.ask(get('/', { method }))).code).toBe(501);
    }
  });

  test('the stack of a failed callback in its page, for development', async () => {
    const failing: Application = () => {
      throw new Error('look here');
    };
    const shown = await serving(server => server.base({ traceback: true }), failing);
    expect((await shown.ask(get())).text).toMatch(/Traceback\nError: look here\n\s+at /);
    const hidden = await serving(() => {}, failing);
    expect((await hidden.ask(get())).text).not.toContain('look here');
  });

  test('where errors are written', async () => {
    const lines: string[] = [];
    const errors: ErrorStream = {
      write: text => void lines.push(text),
      writelines: texts => void lines.push(...texts),
      flush: () => {},
    };

    const { ask } = await serving(
      server => server.base({ errors }),
      environ => {
        environ['wsgi.errors'].write('from the application\n');
        throw new Error('from the server');
      },
    );
    await ask(get());
    expect(lines[0]).toBe('from the application\n');
    expect(lines[1]).toMatch(/^fapws: GET \/: Error: from the server\n/);
  });

  test('what is left out stays as it is', async () => {
    const log = new Log();
    const { ask } = await serving(server =>
      server
        .base({ ident: 'one', errors: log })
        .base({ methods: ['GET'] })
        .base({}),
    );
    expect((await ask(get())).header('server')).toBe('one');
    expect((await ask(get('/', { method: 'POST' }))).code).toBe(501);
  });
});

test('docs/base.md quotes this file', () => {
  const squeeze = (text: string): string => text.replaceAll(/\s+/g, ' ').trim();
  const here = squeeze(readFileSync(import.meta.filename, 'utf8'));
  const page = readFileSync(join(import.meta.dirname, '../../../../docs/base.md'), 'utf8');
  const quotes = [...page.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code]) => squeeze(code as string));
  expect(quotes.length).toBeGreaterThanOrEqual(7);
  expect(quotes.filter(quote => !here.includes(quote))).toEqual([]);
});
