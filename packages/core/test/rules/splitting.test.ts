// Response splitting: whatever an application hands over, the client reads one answer, and nothing in it that was not checked.

import { describe, expect, test } from 'vitest';
import type { CookieOptions } from '../../src/base/cookie.ts';
import type { Application, Headers, StartResponse } from '../../src/base/types.ts';
import { RequestError } from '../../src/http/errors.ts';
import { start } from '../../src/server.ts';
import { ask, get, LAST } from './asking.ts';

/** What an attacker would like to get out. */
const attacks = [
  'x\r\nX-Injected: 1',
  'x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
  'x\nX-Injected: 1',
  'x\rX-Injected: 1',
  'x\0',
  // Code points whose lower octet is LF or CR, should anybody cut them to octets.
  'x\u010d\u010aX-Injected: 1',
  'x\u560d\u560aX-Injected: 1',
];

type Way = (text: string, startResponse: StartResponse) => void;

const response = (startResponse: StartResponse): NonNullable<StartResponse['response']> => {
  if (startResponse.response === undefined) throw new Error('no response');
  return startResponse.response;
};
const cookie = (startResponse: StartResponse, name: string, value: string, options?: CookieOptions): void =>
  response(startResponse).setCookie(name, value, options);

/** Every interface that puts text of the application into a head. */
const ways: Readonly<Record<string, Way>> = {
  'the reason of startResponse': (text, respond) => respond(`200 ${text}`, []),
  'the name of a header': (text, respond) => respond('200 OK', [[text, 'y']]),
  'the value of a header': (text, respond) => respond('200 OK', [['X', text]]),
  Location: (text, respond) => respond('302 Found', [['Location', `/login?next=${text}`]]),
  'Content-Length': (text, respond) => respond('200 OK', [['Content-Length', text]]),
  'Content-Type': (text, respond) => respond('200 OK', [['Content-Type', text]]),
  Date: (text, respond) => respond('200 OK', [['Date', text]]),
  Server: (text, respond) => respond('200 OK', [['Server', text]]),
  'an answer begun anew': (text, respond) => {
    respond('200 OK', []);
    respond('500 No', [['X', text]], new Error('anew'));
  },
  addHeader: (text, respond) => {
    response(respond).addHeader('X', text);
    respond('200 OK', []);
  },
  'the name of addHeader': (text, respond) => {
    respond('200 OK', []);
    response(respond).addHeader(text, 'y');
  },
  setHeader: (text, respond) => {
    respond('200 OK', [['X', 'y']]);
    response(respond).setHeader('X', text);
  },
  setStatus: (text, respond) => {
    respond('200 OK', []);
    response(respond).setStatus(`200 ${text}`);
  },
  'the name of a cookie': (text, respond) => cookie(respond, text, 'y'),
  'the domain of a cookie': (text, respond) => cookie(respond, 'a', 'b', { domain: text }),
  'the path of a cookie': (text, respond) => cookie(respond, 'a', 'b', { path: text }),
  'the SameSite of a cookie': (text, respond) => cookie(respond, 'a', 'b', { sameSite: text as 'Lax' }),
  'the age of a cookie': (text, respond) => cookie(respond, 'a', 'b', { maxAge: text as unknown as number }),
  'a cookie that is deleted': (text, respond) => response(respond).deleteCookie('a', { path: text }),
  'the status of an error': text => {
    throw new RequestError('FAPWS_CLIENT_GONE', `400 ${text}`, text);
  },
  'an array that changes while it is read': (text, respond) => {
    let reads = 0;
    const pair = ['X', 'y'] as [string, string];
    Object.defineProperty(pair, 1, {
      get: () => {
        reads += 1;
        return reads === 1 ? text : 'y';
      },
    });
    respond('200 OK', [pair]);
  },
};

describe('heads', () => {
  for (const [way, set] of Object.entries(ways)) {
    test(`9112-11.1-a: No CR, LF or NUL gets into a head, whatever interface it comes through. (${way})`, async () => {
      for (const attack of attacks) {
        const application: Application = (environ, startResponse) => {
          if (environ.PATH_INFO === '/last') startResponse('200 OK', []);
          else set(attack, startResponse);
          return 'content';
        };
        const { codes, answers, client } = await ask(get('/') + LAST, { application });
        expect(codes, attack).toEqual([500, 200]);
        expect(client.peer.text.split('HTTP/1.1')).toHaveLength(3);
        expect(answers[0]?.header('X-Injected')).toBe(undefined);
        expect(answers[0]?.text).not.toContain('content');
      }
    });
  }

  test('9112-11.1-a: No CR, LF or NUL gets into a head, whatever interface it comes through. (the value of a cookie is encoded)', async () => {
    for (const attack of attacks) {
      const application: Application = (_, startResponse) => {
        startResponse('200 OK', []);
        cookie(startResponse, 'a', attack);
        return '';
      };
      const { answers } = await ask(LAST, { application });
      expect(answers.map(answer => answer.header('Set-Cookie'))).toEqual([
        `a=${encodeURIComponent(attack)}; Path=/`,
      ]);
    }
  });

  test('9112-11.1-a: No CR, LF or NUL gets into a head, whatever interface it comes through. (the base)', async () => {
    for (const attack of attacks) {
      const server = start({ host: '127.0.0.1', port: 0 });
      expect(() => server.base({ ident: attack })).toThrow(expect.objectContaining({ code: 'FAPWS_HEADER' }));
      for (const headers of [[['X', attack]], [[attack, 'y']]] as Headers[]) {
        const { codes, answers } = await ask('GET / HTTP/1.1\r\n\r\n', {
          link: it => it.base({ errorPage: () => ({ headers, content: 'mine' }) }),
        });
        expect(codes).toEqual([400]);
        expect(answers[0]?.text).toMatch(/^400 Bad Request\n/);
      }
    }
  });

  test('9112-11.1-a: No CR, LF or NUL gets into a head, whatever interface it comes through. (Allow of a router)', async () => {
    const { codes } = await ask(get('/') + LAST, {
      application: null,
      router: {
        links: () => [],
        mount() {},
        route() {},
        find(_, path) {
          if (path !== '/') return { kind: 'not-found', pathInfo: path };
          return { kind: 'method-not-allowed', pathInfo: path, allow: [attacks[0] as string] };
        },
      },
    });
    expect(codes).toEqual([500, 404]);
  });

  for (const value of ['\x7f', '\x1b[0m', '\x0b', '€', '\u{1f41d}']) {
    test(`9112-11.1-b: A name is a token; a value has no control and nothing that is no octet. (${JSON.stringify(value)})`, async () => {
      for (const headers of [[['X', value]], [[value, 'x']], [[`X${value}`, 'x']]] as Headers[]) {
        const application: Application = (_, startResponse) => {
          startResponse('200 OK', headers);
          return '';
        };
        expect((await ask(LAST, { application })).codes).toEqual([500]);
      }
    });
  }

  for (const [name, value] of [
    ['Connection', 'keep-alive'],
    ['Transfer-Encoding', 'chunked'],
    ['tRANSFER-eNCODING', 'identity'],
    ['Keep-Alive', 'timeout=5'],
    ['Upgrade', 'h2c'],
    ['Trailer', 'X'],
    ['TE', 'trailers'],
    ['Proxy-Connection', 'keep-alive'],
    ['Proxy-Authenticate', 'Basic'],
    ['Content-Length', '1, 1'],
    ['Content-Length', '+7'],
    ['Content-Length', ''],
    ['Content-Length', '9'.repeat(30)],
  ] as const) {
    test(`9112-11.1-c: Framing and what concerns the connection are the server’s. (${name}: ${value})`, async () => {
      const application: Application = (_, startResponse) => {
        startResponse('200 OK', [[name, value]]);
        return 'content';
      };
      const { codes, answers } = await ask(LAST, { application });
      expect(codes).toEqual([500]);
      expect(answers[0]?.text).not.toContain('content');
    });
  }

  test('9112-11.1-c: Framing and what concerns the connection are the server’s. (two lengths)', async () => {
    const application: Application = (_, startResponse) => {
      startResponse('200 OK', [
        ['Content-Length', '7'],
        ['content-length', '7'],
      ]);
      return 'content';
    };
    expect((await ask(LAST, { application })).codes).toEqual([500]);
  });
});

describe('content', () => {
  const fake = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfake';

  const contents: Readonly<Record<string, (headers: Headers) => Application>> = {
    returned: headers => (_, startResponse) => {
      startResponse('200 OK', headers);
      return `0\r\n\r\n${fake}`;
    },
    written: headers => (_, startResponse) => {
      const write = startResponse('200 OK', headers);
      write('0\r\n\r\n');
      write(fake);
      return '';
    },
    'of a generator': headers =>
      function* (_, startResponse) {
        startResponse('200 OK', headers);
        yield '0\r\n\r\n';
        yield fake;
      },
    'of a file': headers => (environ, startResponse) => {
      startResponse('200 OK', headers);
      return environ['wsgi.file_wrapper']([Buffer.from('0\r\n\r\n'), Buffer.from(fake)]);
    },
  };

  for (const [kind, content] of Object.entries(contents)) {
    test(`9112-11.1-d: Content can’t pass for another answer. (${kind})`, async () => {
      const { codes, answers } = await ask(get('/') + LAST, { application: content([]) });
      expect(codes).toEqual([200, 200]);
      for (const answer of answers) expect(answer.text).toBe(`0\r\n\r\n${fake}`);
    });

    test(`9112-11.1-d: Content can’t pass for another answer. (${kind}, and longer than its Content-Length)`, async () => {
      const application = content([['Content-Length', '4']]);
      const { client } = await ask(get('/'), { application, finish: true });
      // What fits, and not an octet more; or a 500 where nothing was sent yet.
      expect(client.peer.text).not.toContain('fake');
      expect(client.peer.text.match(/HTTP\/1\.1/g)).toHaveLength(1);
    });
  }

  for (const status of ['204 No Content', '205 Reset Content', '304 Not Modified']) {
    test(`9112-11.1-d: Content can’t pass for another answer. (${status})`, async () => {
      const application: Application = (_, startResponse) => {
        startResponse(status, []);
        return fake;
      };
      const { client } = await ask(get('/') + LAST, { application });
      expect(client.peer.text).not.toContain('fake');
      expect(client.peer.text.match(/HTTP\/1\.1/g)).toHaveLength(2);
    });
  }

  test('9112-11.1-e: Error pages show nothing of the request, and 500 nothing of the server.', async () => {
    const application: Application = () => {
      throw new Error('<script>secret</script>');
    };
    const own = {
      application: null,
      link: (server: { mount(prefix: string, application: Application): unknown }) =>
        void server.mount('/other', application),
    };
    for (const [octets, asking] of [
      [get('/%3Cscript%3E?<b>', 'X: <script>'), {}],
      [get('/script', 'Connection: close', 'X: <script>'), own],
      ['<script> / HTTP/1.1\r\n\r\n', {}],
      [LAST, { application }],
    ] as const) {
      const { answers } = await ask(octets, asking);
      expect(answers).toHaveLength(1);
      expect(answers[0]?.code).toBeGreaterThanOrEqual(400);
      expect(answers[0]?.text).not.toMatch(/script|secret|<b>|\.ts|node:/);
      expect(answers[0]?.header('Content-Type')).toBe('text/plain; charset=utf-8');
    }
  });
});
