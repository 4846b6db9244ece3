// What a head says, and when it keeps content as it is.

import { type Application, type CallResponse, call, type Middleware } from '@fapws/core';
import { describe, expect, test } from 'vitest';
import { gzip } from '../src/index.ts';
import { decode } from './client.ts';

type Pairs = [string, string][];

const text = 'The simplest and the fastest. '.repeat(200);
const html: Pairs = [['Content-Type', 'text/html']];

/** Passes a function of its own as startResponse, as middlewares may: `response` is out of reach. */
const opaque: Middleware = application => (environ, startResponse) =>
  application(environ, (status, headers, excInfo) => startResponse(status, headers, excInfo));

const page =
  (status: string, headers: Pairs): Application =>
  (_, startResponse) => {
    startResponse(status, headers);
    return text;
  };

interface Asked {
  readonly accept?: string;
  readonly method?: string;
  readonly headers?: Record<string, string>;
}

describe.each<[string, Middleware]>([
  ['with startResponse.response', gzip()],
  ['without it', application => opaque(gzip()(application))],
])('%s', (_title, middleware) => {
  const ask = (status: string, headers: Pairs, asked: Asked = {}): Promise<CallResponse> =>
    call(middleware(page(status, headers)), {
      method: asked.method ?? 'GET',
      headers: { 'Accept-Encoding': asked.accept ?? 'gzip', ...asked.headers },
    });

  test('coded content has its coding, its own length and Vary', async () => {
    const response = await ask('200 OK', [
      ...html,
      ['Content-Length', String(text.length)],
      ['X-Other', '1'],
    ]);
    expect(response.header('Content-Encoding')).toBe('gzip');
    expect(response.header('Content-Length')).toBe(String(response.body.length));
    expect(response.header('Vary')).toBe('Accept-Encoding');
    expect(response.header('X-Other')).toBe('1');
    expect(decode('gzip', response.body).toString()).toBe(text);
  });

  test('`deflate` is the zlib format', async () => {
    const response = await ask('200 OK', html, { accept: 'deflate' });
    expect(decode('deflate', response.body).toString()).toBe(text);
    // RFC 1950 2.2: method 8, and a header that is a multiple of 31.
    expect((response.body[0] as number) & 15).toBe(8);
    expect(response.body.readUInt16BE(0) % 31).toBe(0);
  });

  test.each(['201 Created', '203 Non-Authoritative Information', '404 Not Found', '500 Oops', '416 No'])(
    '%s is compressed',
    async status => {
      const response = await ask(status, html);
      expect(response.status).toBe(status);
      expect(decode('gzip', response.body).toString()).toBe(text);
    },
  );

  describe('never', () => {
    test.each<[string, string, Pairs]>([
      ['twice', '200 OK', [...html, ['Content-Encoding', 'br']]],
      ['with any Content-Encoding', '200 OK', [...html, ['content-encoding', 'identity']]],
      ['part of something', '206 Partial Content', [...html, ['Content-Range', 'bytes 0-5999/9999']]],
      ['anything with a Content-Range', '200 OK', [...html, ['Content-Range', 'bytes 0-5999/9999']]],
      ['with no-transform', '200 OK', [...html, ['Cache-Control', 'no-transform']]],
      [
        'with no-transform among others',
        '200 OK',
        [...html, ['cache-control', 'private,No-Transform, max-age=1']],
      ],
      ['what has a Content-Digest', '200 OK', [...html, ['Content-Digest', 'sha-256=:AA==:']]],
      ['what has a Repr-Digest', '200 OK', [...html, ['Repr-Digest', 'sha-256=:AA==:']]],
      ['what has a Digest', '200 OK', [...html, ['Digest', 'SHA-256=AA==']]],
      ['what has a Content-MD5', '200 OK', [...html, ['Content-MD5', 'AA==']]],
      ['what is compressed by its type', '200 OK', [['Content-Type', 'image/webp']]],
    ])('%s', async (_what, status, headers) => {
      const response = await ask(status, headers);
      expect(response.text()).toBe(text);
      const given = new Set(headers.map(([name]) => name.toLowerCase()));
      const added = response.headers.filter(([name]) => !given.has(name.toLowerCase())).map(([name]) => name);
      expect(added.sort()).toEqual(['Connection', 'Content-Length', 'Date', 'Server']);
    });

    test.each(['204 No Content', '304 Not Modified', '205 Reset Content'])('%s', async status => {
      const response = await ask(status, html);
      expect(response.header('Content-Encoding')).toBe(undefined);
      expect(response.body.length).toBe(0);
    });

    test('no-transform is a word of its own', async () => {
      const response = await ask('200 OK', [...html, ['Cache-Control', 'x-no-transform-y']]);
      expect(response.header('Content-Encoding')).toBe('gzip');
    });

    test('behind itself', async () => {
      const response = await call(middleware(gzip()(page('200 OK', html))), {
        headers: { 'Accept-Encoding': 'gzip' },
      });
      expect(response.header('Content-Encoding')).toBe('gzip');
      expect(response.header('Vary')).toBe('Accept-Encoding');
      expect(decode('gzip', response.body).toString()).toBe(text);
    });

    test('what gets larger', async () => {
      let state = 1;
      const noise = Uint8Array.from({ length: 5000 }, () => {
        state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
        return state >>> 24;
      });
      const application: Application = (_, startResponse) => {
        startResponse('200 OK', html);
        return noise;
      };
      const response = await call(middleware(application), { headers: { 'Accept-Encoding': 'gzip' } });
      expect(response.header('Content-Encoding')).toBe(undefined);
      expect(response.header('Vary')).toBe('Accept-Encoding');
      expect(response.body.equals(noise)).toBe(true);
    });
  });

  describe('Vary', () => {
    test.each([
      [[], 'Accept-Encoding'],
      [['Origin'], 'Origin, Accept-Encoding'],
      [['Origin', 'Cookie'], 'Origin, Cookie, Accept-Encoding'],
      [['Origin, accept-encoding'], 'Origin, accept-encoding'],
      [['ACCEPT-ENCODING'], 'ACCEPT-ENCODING'],
      [['X-Accept-Encoding'], 'X-Accept-Encoding, Accept-Encoding'],
      [['*'], '*'],
      [['Origin', '*'], 'Origin, *'],
    ])('%o becomes %s', async (values, merged) => {
      for (const accept of ['gzip', 'identity']) {
        const response = await ask(
          '200 OK',
          [...html, ...values.map((value): [string, string] => ['Vary', value])],
          {
            accept,
          },
        );
        expect(response.header('Vary'), accept).toBe(merged);
      }
    });

    test('is there too when this client gets content as it is, and when the content is short', async () => {
      const plain = await call(middleware(page('200 OK', html)));
      expect(plain.header('Vary')).toBe('Accept-Encoding');
      expect(plain.text()).toBe(text);
      const short: Application = (_, startResponse) => {
        startResponse('200 OK', html);
        return 'short';
      };
      const response = await call(middleware(short), { headers: { 'Accept-Encoding': 'gzip' } });
      expect(response.header('Vary')).toBe('Accept-Encoding');
      expect(response.text()).toBe('short');
    });
  });

  describe('validators', () => {
    test.each([
      ['"abc"', 'W/"abc"'],
      ['W/"abc"', 'W/"abc"'],
    ])('ETag %s becomes %s on coded content', async (tag, weak) => {
      const response = await ask('200 OK', [...html, ['ETag', tag]]);
      expect(response.header('ETag')).toBe(weak);
      expect((await ask('200 OK', [...html, ['ETag', tag]], { accept: 'identity' })).header('ETag')).toBe(
        tag,
      );
    });

    test('a 304 names the validator that the client has', async () => {
      const headers: Pairs = [['ETag', '"abc"']];
      const weak = await ask('304 Not Modified', headers, { headers: { 'If-None-Match': '"x", W/"abc"' } });
      expect(weak.header('ETag')).toBe('W/"abc"');
      expect(weak.header('Vary')).toBe('Accept-Encoding');
      const strong = await ask('304 Not Modified', headers, { headers: { 'If-None-Match': '"abc"' } });
      expect(strong.header('ETag')).toBe('"abc"');
    });

    test('nobody is told to ask for parts of coded content', async () => {
      const headers: Pairs = [...html, ['Accept-Ranges', 'bytes']];
      expect((await ask('200 OK', headers)).header('Accept-Ranges')).toBe(undefined);
      expect((await ask('200 OK', headers, { accept: 'br;q=0' })).header('Accept-Ranges')).toBe('bytes');
    });
  });

  describe('identity;q=0', () => {
    test('gets short content and content of any type compressed', async () => {
      const application: Application = (_, startResponse) => {
        startResponse('200 OK', [['Content-Type', 'image/png']]);
        return 'not really';
      };
      const response = await call(middleware(application), {
        headers: { 'Accept-Encoding': 'gzip, identity;q=0' },
      });
      expect(response.header('Content-Encoding')).toBe('gzip');
      expect(decode('gzip', response.body).toString()).toBe('not really');
    });

    test.each(['identity;q=0', '*;q=0', 'compress, *;q=0'])(
      '%s alone is 406 for GET and HEAD',
      async accept => {
        const response = await ask('200 OK', html, { accept });
        expect(response.status).toBe('406 Not Acceptable');
        expect(response.text()).toContain('gzip, deflate, identity');
        expect(response.header('Vary')).toBe('Accept-Encoding');
        expect((await ask('200 OK', html, { accept, method: 'HEAD' })).status).toBe('406 Not Acceptable');
      },
    );

    test('is no reason not to do what a POST asks for', async () => {
      const response = await ask('200 OK', html, { accept: '*;q=0', method: 'POST' });
      expect(response.status).toBe('200 OK');
      expect(response.text()).toBe(text);
    });

    test('is disregarded if the option says so', async () => {
      const response = await call(gzip({ unacceptable: 'identity' })(page('200 OK', html)), {
        headers: { 'Accept-Encoding': '*;q=0' },
      });
      expect(response.status).toBe('200 OK');
      expect(response.text()).toBe(text);
    });
  });

  test('a head that cannot be sent is an error as it is without the middleware', async () => {
    for (const headers of [
      [['Content-Type']],
      'Content-Type: text/html',
      [['X', 'a\r\nb']],
      [['X', 1]],
      undefined,
    ]) {
      const response = await call(middleware(page('200 OK', headers as unknown as Pairs)), '/', {
        errors: { write: () => {}, writelines: () => {}, flush: () => {} },
      });
      expect(response.status).toBe('500 Internal Server Error');
    }
  });

  test('what the application does to its headers afterwards changes nothing', async () => {
    const application: Application = (_, startResponse) => {
      const headers: Pairs = [['Content-Type', 'text/html']];
      startResponse('200 OK', headers);
      headers.push(['X-Late', '1']);
      return text;
    };
    const response = await call(middleware(application), { headers: { 'Accept-Encoding': 'gzip' } });
    expect(response.header('X-Late')).toBe(undefined);
    expect(response.header('Content-Encoding')).toBe('gzip');
  });

  test('an answer can be begun anew, and not twice without a reason', async () => {
    const application: Application = (environ, startResponse) => {
      startResponse('200 OK', [['Content-Type', 'image/png']]);
      if (environ.PATH_INFO === '/twice') startResponse('200 OK', html);
      startResponse('503 Later', html, new Error('why'));
      return text;
    };
    const headers = { 'Accept-Encoding': 'gzip' };
    const response = await call(middleware(application), { headers });
    expect(response.status).toBe('503 Later');
    expect(decode('gzip', response.body).toString()).toBe(text);
    const reported: string[] = [];
    const errors = {
      write: (line: string) => void reported.push(line),
      writelines: () => {},
      flush: () => {},
    };
    const twice = await call(middleware(application), { target: '/twice', headers }, { errors });
    expect(twice.status).toBe('500 Internal Server Error');
    expect(reported.join('')).toContain('FAPWS_STARTED_TWICE');
  });
});

describe('startResponse.response', () => {
  test('is there for the application, and what it changes is seen', async () => {
    const application: Application = (_, startResponse) => {
      startResponse('200 OK', [['Content-Type', 'image/png']]);
      startResponse.response?.setHeader('Content-Type', 'text/html');
      startResponse.response?.setCookie('a', 'b');
      return text;
    };
    const response = await call(gzip()(application), { headers: { 'Accept-Encoding': 'gzip' } });
    expect(response.header('Content-Encoding')).toBe('gzip');
    expect(response.header('Set-Cookie')).toContain('a=b');
  });

  test('can take the place of startResponse', async () => {
    const application: Application = (_, startResponse) => {
      startResponse.response?.setStatus('200 OK');
      startResponse.response?.addHeader('Content-Type', 'text/html');
      return text;
    };
    const response = await call(gzip()(application), { headers: { 'Accept-Encoding': 'gzip' } });
    expect(decode('gzip', response.body).toString()).toBe(text);
  });

  test('of somebody who holds heads back is left alone', async () => {
    const holding: Middleware = application => async (environ, startResponse) => {
      let held: Parameters<typeof startResponse> | undefined;
      const hold = (...given: Parameters<typeof startResponse>) => {
        held = given;
        return () => undefined;
      };
      const result = await application(environ, Object.assign(hold, { response: startResponse.response }));
      if (held !== undefined) startResponse(...held);
      return result;
    };
    const response = await call(holding(gzip()(page('200 OK', html))), {
      headers: { 'Accept-Encoding': 'gzip' },
    });
    expect(response.header('Content-Encoding')).toBe(undefined);
    expect(response.text()).toBe(text);
  });
});
