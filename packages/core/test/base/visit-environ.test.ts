// visitEnviron: what Object.entries finds, without the price of asking a Proxy for each key.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  call,
  type Environ,
  type Headers,
  LazyEnviron,
  type Preface,
  visitEnviron,
} from '../../src/index.ts';
import { serve } from '../contract/support.ts';

type Entries = [string, string | number | boolean][];

function visited(environ: Environ): Entries {
  const entries: Entries = [];
  visitEnviron(environ, (key, value) => entries.push([key, value]));
  return entries.sort(byKey);
}

/** What the language itself finds. */
function enumerated(environ: Environ): Entries {
  const entries = Object.entries(environ).filter(([, value]) =>
    ['string', 'number', 'boolean'].includes(typeof value),
  );
  return (entries as Entries).sort(byKey);
}

function byKey([one]: [string, unknown], [other]: [string, unknown]): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

/** What `looking` finds out about the environ of a request with these header lines. */
async function withEnviron<T>(headers: Headers, looking: (environ: Environ) => T): Promise<T> {
  let look!: () => T;
  await call(
    (environ, startResponse) => {
      startResponse('200 OK', []);
      try {
        const value = looking(environ);
        look = () => value;
      } catch (error) {
        look = () => {
          throw error;
        };
      }
      return '';
    },
    { headers, target: '/a%20b?c' },
  );
  return look();
}

const name = fc.oneof(
  fc.constantFrom(
    'Accept',
    'accept',
    'ACCEPT',
    'User-Agent',
    'Cookie',
    'cookie',
    'X-A',
    'X_A',
    'x-a',
    'Proxy',
    'Content-Type',
    'X-A-B',
    'X-A_B',
    'If-None-Match',
    '__proto__',
    'constructor',
  ),
  fc.stringMatching(/^[!#$%&'*+.^`|~0-9A-Za-z_-]{1,12}$/),
);
const value = fc.stringMatching(/^[!-~\xa1-\xff]{0,6}$/);
const lines = fc
  .array(fc.tuple(name, value), { maxLength: 20 })
  // Each of them is refused, changes the framing, or is added by `call` if it is missing.
  .map(headers =>
    headers.filter(
      ([line]) => !/^(host|content-length|transfer-encoding|connection|expect|te|upgrade)$/i.test(line),
    ),
  );

const key = fc.constantFrom(
  'REQUEST_METHOD',
  'CONTENT_TYPE',
  'CONTENT_LENGTH',
  'PATH_INFO',
  'HTTP_ACCEPT',
  'HTTP_COOKIE',
  'HTTP_X_A',
  'HTTP_NEW',
  'HTTP_HOST',
  'REMOTE_USER',
  'wsgi.url_scheme',
  'wsgi.input',
  'wsgi.run_once',
  'fapws.preface',
  'fapws.raw_header',
  'app.key',
  '__proto__',
  'fapws.params',
);
const assigned = fc.constantFrom<unknown>('', 'text', 0, 1.5, true, false, null, undefined, {}, () => {});
type Change =
  | { readonly kind: 'set' | 'define'; readonly key: string; readonly value: unknown }
  | { readonly kind: 'delete' | 'read'; readonly key: string };

const change: fc.Arbitrary<Change> = fc.oneof(
  fc.record({ kind: fc.constant('set' as const), key, value: assigned }),
  fc.record({ kind: fc.constant('define' as const), key, value: assigned }),
  fc.record({ kind: fc.constant('delete' as const), key }),
  fc.record({ kind: fc.constant('read' as const), key }),
);

function apply(environ: Environ, step: Change): void {
  switch (step.kind) {
    case 'set':
      environ[step.key] = step.value;
      break;
    case 'define':
      Object.defineProperty(environ, step.key, {
        value: step.value,
        writable: true,
        enumerable: true,
        configurable: true,
      });
      break;
    case 'delete':
      delete environ[step.key];
      break;
    case 'read':
      void environ[step.key];
  }
}

describe('visitEnviron', () => {
  test('finds what Object.entries finds, whatever the headers are and whatever has been done to the environ', async () => {
    await fc.assert(
      fc.asyncProperty(lines, fc.array(change, { maxLength: 12 }), async (headers, changes) => {
        await withEnviron(headers, environ => {
          expect(visited(environ)).toEqual(enumerated(environ));
          for (const step of changes) apply(environ, step);
          expect(visited(environ)).toEqual(enumerated(environ));
        });
      }),
      { numRuns: 300 },
    );
  });

  test('the keys are those of a gateway', async () => {
    const entries = await withEnviron(
      [
        ['User-Agent', 'x'],
        ['Accept', 'a'],
        ['accept', 'b'],
        ['Cookie', 'c=1'],
        ['COOKIE', 'd=2'],
        ['X_Y', 'no'],
        ['Proxy', 'no'],
      ],
      visited,
    );
    expect(Object.fromEntries(entries)).toEqual({
      REQUEST_METHOD: 'GET',
      SCRIPT_NAME: '',
      PATH_INFO: '/a b',
      QUERY_STRING: 'c',
      SERVER_NAME: '127.0.0.1',
      SERVER_PORT: '80',
      SERVER_PROTOCOL: 'HTTP/1.1',
      SERVER_SOFTWARE: 'fapws',
      REMOTE_ADDR: '127.0.0.1',
      REMOTE_PORT: '1',
      REQUEST_URI: '/a%20b?c',
      HTTP_HOST: 'localhost',
      HTTP_USER_AGENT: 'x',
      HTTP_ACCEPT: 'a, b',
      HTTP_COOKIE: 'c=1; d=2',
      'wsgi.url_scheme': 'http',
      'wsgi.multithread': false,
      'wsgi.multiprocess': false,
      'wsgi.run_once': false,
      'wsgi.input_terminated': true,
      'fapws.raw_header': expect.any(String),
    });
  });

  test('nothing that is not asked for is built: no signal, no input', async () => {
    await withEnviron([['X-A', '1']], environ => {
      const built: string[] = [];
      visitEnviron(environ, key => built.push(key));
      for (const key of ['fapws.signal', 'fapws.stopping', 'wsgi.input', 'fapws.headers', 'fapws.params']) {
        expect(built).not.toContain(key);
      }
    });
  });

  test('names that are made up, however many, are forgotten, and change nothing', async () => {
    for (let round = 0; round < 40; round += 1) {
      const headers: Headers = [
        ['Accept', `${round}`],
        ...Array.from({ length: 60 }, (_, at) => [`X-${round}-${at}-${'long'.repeat(8)}`, `${at}`] as const),
        ['aCCEPT', 'twice'],
      ];
      const entries = await withEnviron(headers, environ => {
        expect(visited(environ)).toEqual(enumerated(environ));
        return new Map(visited(environ));
      });
      expect(entries.get('HTTP_ACCEPT')).toBe(`${round}, twice`);
      expect(entries.get(`HTTP_X_${round}_59_${'LONG'.repeat(8)}`)).toBe('59');
    }
  });

  test('the host of a target goes before the Host field', async () => {
    const serving = await serve((environ, startResponse) => {
      startResponse('200 OK', []);
      return JSON.stringify(Object.fromEntries(visited(environ)));
    });
    const answer = await serving.ask('GET http://other.test/ HTTP/1.1\r\nHost: other.test\r\n\r\n');
    expect(JSON.parse(answer.text)).toMatchObject({ HTTP_HOST: 'other.test', PATH_INFO: '/' });
  });

  test('details of a preface are found if they are a string', async () => {
    const preface: Preface = {
      expectedFrom: () => true,
      read: () => ({ length: 0, details: 'by the side door', scheme: 'https' }),
    };
    const serving = await serve(
      (environ, startResponse) => {
        startResponse('200 OK', []);
        return JSON.stringify(Object.fromEntries(visited(environ)));
      },
      { options: { preface } },
    );
    const answer = await serving.ask('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    expect(JSON.parse(answer.text)).toMatchObject({
      'fapws.preface': 'by the side door',
      'wsgi.url_scheme': 'https',
    });
  });

  test('a visitor may visit, and change, the same environ', async () => {
    await withEnviron(
      [
        ['Accept', 'a'],
        ['Accept', 'b'],
        ['X-Z', 'z'],
      ],
      environ => {
        const expected = enumerated(environ);
        const seen: Entries = [];
        visitEnviron(environ, (key, value) => {
          seen.push([key, value]);
          if (seen.length === 1) environ['app.key'] = {};
          expect(visited(environ)).toEqual(expected);
        });
        expect(seen.sort(byKey)).toEqual(expected);
      },
    );
  });
});

describe('environs of other kinds', () => {
  test('a copy is visited as it is', async () => {
    await withEnviron([['Accept', 'a']], environ => {
      const copy: Environ = { ...environ, 'app.key': 5, HTTP_ACCEPT: 'changed' };
      delete (copy as Record<string, unknown>)['PATH_INFO'];
      expect(visited(copy)).toEqual(enumerated(copy));
      expect(visited(copy)).toContainEqual(['HTTP_ACCEPT', 'changed']);
    });
  });

  test('what is put around an environ is not passed by', async () => {
    await withEnviron([['Accept', 'a']], environ => {
      const around = new Proxy(environ, {
        get: (inner, key) => (key === 'REMOTE_ADDR' ? '192.0.2.1' : inner[key as string]),
        getOwnPropertyDescriptor: (inner, key) => Object.getOwnPropertyDescriptor(inner, key),
      });
      expect(new Map(visited(around)).get('REMOTE_ADDR')).toBe('192.0.2.1');
      expect(visited(Object.create(environ) as Environ)).toEqual([]);
    });
  });

  test('an Environ of the base’s own says what its keys are', async () => {
    class Own extends LazyEnviron {
      override lookup(key: string): unknown {
        if (key === 'REMOTE_ADDR') return '192.0.2.2';
        return key === 'app.count' ? 3 : super.lookup(key);
      }
      override names(): string[] {
        return [...super.names(), 'app.count'];
      }
    }
    let entries: Entries = [];
    await call(
      (environ, startResponse) => {
        startResponse('200 OK', []);
        entries = visited(environ);
        expect(entries).toEqual(enumerated(environ));
        return '';
      },
      '/',
      { Environ: Own },
    );
    expect(new Map(entries).get('REMOTE_ADDR')).toBe('192.0.2.2');
    expect(new Map(entries).get('app.count')).toBe(3);
  });
});
