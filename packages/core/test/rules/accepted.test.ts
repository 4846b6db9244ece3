// What looks odd and is in order: it must be served, and everything behind it be found where it begins.

import { describe, expect, test } from 'vitest';
import type { Application, Environ } from '../../src/base/types.ts';
import { ask, get, LAST, post } from './asking.ts';
import { chunked, HOST } from './malformed.ts';

/** Serves what is in order, and then the last request; `called` is what the application saw of the first ones. */
function accepts(
  title: string,
  cases: Readonly<Record<string, [octets: string, ...called: string[]]>>,
): void {
  for (const [tried, [octets, ...called]] of Object.entries(cases)) {
    test(`${title} (${tried})`, async () => {
      const outcome = await ask(octets + LAST);
      expect(outcome.called).toEqual([...called, 'GET /last']);
      expect(outcome.codes).toEqual(outcome.called.map(() => 200));
    });
  }
}

/** What an application finds in the environ, after it has read the content. */
async function found(octets: string, look: (environ: Environ) => unknown): Promise<unknown> {
  const application: Application = async (environ, startResponse) => {
    await environ['wsgi.input'].read();
    startResponse('200 OK', [['Content-Type', 'text/plain']]);
    return environ.PATH_INFO === '/last' ? '' : JSON.stringify(look(environ));
  };
  const { answers, codes } = await ask(octets + LAST, { application });
  expect(codes).toEqual([200, 200]);
  return JSON.parse(answers[0]?.text ?? '');
}

describe('messages', () => {
  test('9112-2.2-a: Octets are taken as they are; none is a blank but space and tab.', async () => {
    const value = '\xa0caf\xe9\x85\xff\xa0';
    expect(await found(get('/', `X:${value}`), environ => environ.HTTP_X)).toBe(value);
  });

  accepts('9112-2.2-d: Empty lines before a request line are ignored.', {
    one: [`\r\n${get('/')}`, 'GET /'],
    six: [`${'\r\n'.repeat(6)}${get('/')}`, 'GET /'],
    'behind content': [`${post('abc', 'Content-Length: 3')}\r\n${get('/')}\r\n`, 'POST / abc', 'GET /'],
  });

  test('9112-2.2-h: The outcome does not depend on how the network cuts the octets.', async () => {
    const rows = `\r\n${get('/a', 'X:  y ')}${post('abc', 'Content-Length: 3')}${chunked('3;x="y"\r\nabc\r\n0\r\nX: y\r\n\r\n')}`;
    for (const [end, code] of [
      [LAST, 200],
      ['GET / HTTP/1.1\r\n\r\n', 400],
    ] as const) {
      const whole = await ask(rows + end);
      const cut = await ask(rows + end, { trickle: true });
      expect(whole.codes).toEqual([200, 200, 200, code]);
      expect([cut.codes, cut.called]).toEqual([whole.codes, whole.called]);
    }
  });

  for (const half of [
    'G',
    'GET /',
    'GET /\r\n'.slice(0, -1),
    'GET / HTTP/1.1\r\nHost: a\r\n\r',
    'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n',
  ]) {
    test(`9112-2.2-i: Half a head is not answered. (${JSON.stringify(half)})`, async () => {
      const outcome = await ask(half, { finish: true });
      expect([outcome.octets, outcome.called]).toEqual([0, []]);
    });
  }
});

describe('targets and hosts', () => {
  accepts('9112-3.2-a: A target with octets that no URI may hold is answered 400.', {
    'what browsers send unencoded is served': [
      get("/a|b^c`d[e]{f}'(g)*+,;=:@!$&~?|^`[]{}/?"),
      "GET /a|b^c`d[e]{f}'(g)*+,;=:@!$&~",
    ],
  });

  accepts('9112-3.2.1-a: A target in origin-form is a path, with a slash, and a query.', {
    'a path that begins with two slashes': [get('//b/x'), 'GET //b/x'],
    'a URL within a query': [get('/?u=http://b/'), 'GET /'],
    'a colon in the path': [get('/a:80'), 'GET /a:80'],
  });

  test('9112-3.2.2-a: Absolute-form is accepted.', async () => {
    const octets = 'GET http://b.example:81/x?y HTTP/1.1\r\nHost: b.example:81\r\n\r\n';
    const look = (environ: Environ): unknown[] => [
      environ.PATH_INFO,
      environ.QUERY_STRING,
      environ.HTTP_HOST,
      environ.REQUEST_URI,
    ];
    expect(await found(octets, look)).toEqual(['/x', 'y', 'b.example:81', 'http://b.example:81/x?y']);
  });

  accepts('9112-3.2.2-b: The authority of absolute-form takes the place of Host.', {
    'HTTP/1.0 without Host': ['GET http://b/x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n', 'GET /x'],
  });

  accepts(
    '9110-4.2.3-a: Scheme and host are compared in any case, port 80 is meant by none, an empty path is `/`.',
    {
      'the scheme in capitals': [`GET HTTP://a/ HTTP/1.1\r\n${HOST}\r\n`, 'GET /'],
      'the host in capitals': [`GET http://A/ HTTP/1.1\r\n${HOST}\r\n`, 'GET /'],
      'Host in capitals': ['GET http://a/ HTTP/1.1\r\nHost: A\r\n\r\n', 'GET /'],
      'port 80 in the target': [`GET http://a:80/ HTTP/1.1\r\n${HOST}\r\n`, 'GET /'],
      'port 80 in Host': ['GET http://a/ HTTP/1.1\r\nHost: a:80\r\n\r\n', 'GET /'],
      'an empty port': [`GET http://a:/ HTTP/1.1\r\n${HOST}\r\n`, 'GET /'],
      'an IPv6 address': ['GET http://[::A]/ HTTP/1.1\r\nHost: [::a]:80\r\n\r\n', 'GET /'],
      'no path': [`GET http://a HTTP/1.1\r\n${HOST}\r\n`, 'GET /'],
      'no path, but a query': [`GET http://a?x HTTP/1.1\r\n${HOST}\r\n`, 'GET /'],
    },
  );

  for (const value of [
    ...[
      'a.',
      'A.Example',
      'a:',
      'a:80',
      'a:65535',
      'xn--e1afmkfd',
      'a_b',
      "a!$&'()*+;=~",
      '%41',
      '999.1.1.1',
    ],
    ...[
      '127.0.0.1:8080',
      '[::]',
      '[::1]:80',
      '[1:2:3:4:5:6:7:8]',
      '[1::8]:',
      '[::ffff:192.0.2.1]',
      '[ABCD::]',
    ],
  ]) {
    test(`9112-3.2-d: An invalid Host is answered 400. (${value} is none)`, async () => {
      const octets = `GET / HTTP/1.1\r\nHost: ${value}\r\n\r\n`;
      expect(await found(octets, environ => environ.HTTP_HOST)).toBe(value);
    });
  }

  test('9112-3.3-a: The target URI has the scheme of the connection, and the authority of the target, else of Host.', async () => {
    const look = (environ: Environ): unknown[] => [environ['wsgi.url_scheme'], environ.HTTP_HOST];
    expect(await found(get('/x', 'X-Forwarded-Proto: https'), look)).toEqual(['http', 'a']);
    expect(await found('GET http://B/ HTTP/1.1\r\nHost: b\r\n\r\n', look)).toEqual(['http', 'B']);
  });

  test('9112-3.3-b: An HTTP/1.0 request without Host is for a name of the server’s own.', async () => {
    const octets = 'GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n';
    const [name, host] = (await found(octets, environ => [
      environ.SERVER_NAME,
      environ.HTTP_HOST ?? null,
    ])) as [string, null];
    expect([name, host]).toEqual(['127.0.0.1', null]);
  });
});

describe('fields', () => {
  test('9112-5.1-b: Blanks around a value are no part of it.', async () => {
    const lines = ['A:  \t x \t', 'B:\ty', 'C:   ', 'D:'];
    const look = ({ HTTP_A, HTTP_B, HTTP_C, HTTP_D }: Environ): unknown[] => [HTTP_A, HTTP_B, HTTP_C, HTTP_D];
    expect(await found(get('/', ...lines), look)).toEqual(['x', 'y', '', '']);
    expect((await ask(post('abc', 'Content-Length:\t3  ') + LAST)).called).toEqual([
      'POST / abc',
      'GET /last',
    ]);
    expect((await ask(`GET / HTTP/1.1\r\nHost: \t a \t\r\n\r\n${LAST}`)).codes).toEqual([200, 200]);
  });

  test('9112-5-b: A value may begin with a colon.', async () => {
    expect(await found(get('/', 'Badkey:: Value'), environ => environ.HTTP_BADKEY)).toBe(': Value');
  });

  test('9110-5.1-a: Names are compared in any case, and unknown fields reach the application.', async () => {
    const octets = 'POST / HTTP/1.1\r\nhOST: a\r\ncONTENT-lENGTH: 3\r\nx-uNKNOWN: y\r\n\r\nabc';
    const look = (environ: Environ): unknown[] => [
      environ.HTTP_HOST,
      environ.CONTENT_LENGTH,
      environ.HTTP_X_UNKNOWN,
    ];
    expect(await found(octets, look)).toEqual(['a', '3', 'y']);
  });

  test('9110-5.3-b: Lines of one name are joined in their order: by a comma, those of Cookie by a semicolon.', async () => {
    const octets = get('/', 'X: 1', 'Cookie: a=1', 'x: 2', 'Cookie: b=2', 'X: 3');
    const look = (environ: Environ): unknown[] => [environ.HTTP_X, environ.HTTP_COOKIE];
    expect(await found(octets, look)).toEqual(['1, 2, 3', 'a=1; b=2']);
  });

  test('9110-5.6.1-a: Empty members of a list are ignored.', async () => {
    const outcome = await ask(get('/', 'Connection: ,, ,close,,') + LAST);
    expect(outcome.called).toEqual(['GET /']);
    expect((await ask(get('/', 'Connection: ,,') + LAST)).called).toEqual(['GET /', 'GET /last']);
  });

  test('9110-17.10-a: A name with an underscore can’t pass for another one; Proxy is not shown.', async () => {
    const octets = get('/', 'X_Real_IP: 192.0.2.1', 'Transfer_Encoding: chunked', 'Proxy: evil:80');
    const look = (environ: Environ): unknown[] => Object.keys(environ).filter(key => key.startsWith('HTTP_'));
    expect(await found(octets, look)).toEqual(['HTTP_HOST']);
  });

  test('9110-3.3-a: Nothing is carried over from one request of a connection to the next.', async () => {
    const called: unknown[] = [];
    const application: Application = (environ, startResponse) => {
      called.push([environ.HTTP_COOKIE, environ.CONTENT_LENGTH, environ['mine'], environ.HTTP_HOST]);
      environ['mine'] = true;
      startResponse('200 OK', []);
      return '';
    };
    const next = 'GET / HTTP/1.1\r\nHost: b\r\nConnection: close\r\n\r\n';
    await ask(post('abc', 'Content-Length: 3', 'Cookie: a=1') + next, { application });
    expect(called.slice(0, 2)).toEqual([
      ['a=1', '3', undefined, 'a'],
      [undefined, undefined, undefined, 'b'],
    ]);
  });
});

describe('content', () => {
  accepts('9112-6-a: Content is announced by Content-Length or Transfer-Encoding, whatever the method.', {
    GET: [`${get('/', 'Content-Length: 3')}abc`, 'GET / abc'],
    'GET in chunks': [`${get('/', 'Transfer-Encoding: chunked')}3\r\nabc\r\n0\r\n\r\n`, 'GET / abc'],
    DELETE: [`DELETE / HTTP/1.1\r\n${HOST}Content-Length: 3\r\n\r\nabc`, 'DELETE / abc'],
    OPTIONS: [`OPTIONS / HTTP/1.1\r\n${HOST}Content-Length: 3\r\n\r\nabc`, 'OPTIONS / abc'],
    QUERY: [`QUERY / HTTP/1.1\r\n${HOST}Content-Length: 3\r\n\r\nabc`, 'QUERY / abc'],
  });

  accepts('9112-6.1-a: Chunked content is understood.', {
    'one chunk': [chunked('3\r\nabc\r\n0\r\n\r\n'), 'POST / abc'],
    several: [chunked('1\r\na\r\n2\r\nbc\r\n0\r\n\r\n'), 'POST / abc'],
    none: [chunked('0\r\n\r\n'), 'POST /'],
    'line ends within': [chunked('4\r\n\r\n\r\n\r\n0\r\n\r\n'), 'POST / \r\n\r\n'],
  });

  accepts('9112-7-a: Names of codings are compared in any case.', {
    Chunked: [post('0\r\n\r\n', 'Transfer-Encoding: Chunked'), 'POST /'],
    CHUNKED: [post('0\r\n\r\n', 'TRANSFER-ENCODING: CHUNKED'), 'POST /'],
  });

  accepts("9112-7.1-a: A chunk's size is hexadecimal digits, in either case, and nothing else.", {
    'small letters': [chunked(`a\r\n${'x'.repeat(10)}\r\n0\r\n\r\n`), `POST / ${'x'.repeat(10)}`],
    capitals: [chunked(`1A\r\n${'x'.repeat(26)}\r\n0\r\n\r\n`), `POST / ${'x'.repeat(26)}`],
    'zeros before it': [chunked('0003\r\nabc\r\n000\r\n\r\n'), 'POST / abc'],
  });

  accepts('9112-7.1.1-a: Chunk extensions that mean nothing here are ignored.', {
    'a name': [chunked('3;a\r\nabc\r\n0\r\n\r\n'), 'POST / abc'],
    'a value': [chunked('3;a=b\r\nabc\r\n0;c\r\n\r\n'), 'POST / abc'],
    several: [chunked('3;a=b;c;d="e f"\r\nabc\r\n0\r\n\r\n'), 'POST / abc'],
  });

  accepts('9110-5.6.4-a: In quotes, a backslash takes away what the next octet means.', {
    'a quote': [chunked('3;a="b\\"c"\r\nabc\r\n0\r\n\r\n'), 'POST / abc'],
    'a backslash': [chunked('3;a="\\\\"\r\nabc\r\n0\r\n\r\n'), 'POST / abc'],
  });

  test('9112-7.1.2-a: Trailer fields are not merged into the head.', async () => {
    const octets = chunked('3\r\nabc\r\n0\r\nX-Late: 1\r\nX-Role: admin\r\n\r\n').replace(
      HOST,
      `${HOST}X-Role: guest\r\n`,
    );
    const look = (environ: Environ): unknown[] => [environ.HTTP_X_LATE ?? null, environ.HTTP_X_ROLE];
    expect(await found(octets, look)).toEqual([null, 'guest']);
  });

  accepts('9112-7.1.3-a: A chunked message ends with the empty line behind its trailers.', {
    'one trailer': [chunked('3\r\nabc\r\n0\r\nX: y\r\n\r\n'), 'POST / abc'],
    'two trailers, one of them empty': [chunked('0\r\nX: y\r\nZ:\r\n\r\n'), 'POST /'],
  });

  accepts('9112-6.3-c: An invalid Content-Length is answered 400, and the connection ends.', {
    'zeros before it are no fault': [post('abc', `Content-Length: ${'0'.repeat(40)}3`), 'POST / abc'],
  });

  accepts('9112-6.3-f: A request without length and coding has no content.', {
    POST: [post(''), 'POST /'],
    'PUT, and another request behind it': [`PUT / HTTP/1.1\r\n${HOST}\r\n${get('/x')}`, 'PUT /', 'GET /x'],
    'HTTP/1.0': [`POST / HTTP/1.0\r\n${HOST}Connection: keep-alive\r\n\r\n`, 'POST /'],
  });

  accepts('9112-6.3-h: Content without a Content-Length may be answered 411.', {
    chunked: [chunked('3\r\nabc\r\n0\r\n\r\n'), 'POST / abc'],
  });
});
