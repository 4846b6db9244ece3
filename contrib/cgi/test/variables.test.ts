// The environment of a script: what RFC 3875 4.1 says of the request, and nothing of the server's own.

import type { CallRequest, Environ, Middleware } from '@fapws/core';
import { describe, expect, test } from 'vitest';
import type { CgiOptions } from '../src/index.ts';
import { CgiServer, Scripts, text } from './scripts.ts';

/** The variables that a script sees. */
async function seen(
  path: string,
  request: CallRequest = {},
  options: CgiOptions = {},
  middleware?: Middleware,
): Promise<Record<string, string>> {
  using scripts = new Scripts();
  scripts.write('env', text('/usr/bin/env -0'));
  const server = new CgiServer(scripts, options, middleware);
  const response = await server.call(path, request);
  if (response.statusCode !== 200) throw new Error(`${response.text()}${server.log.text}`);
  const entries = response
    .text()
    .split('\0')
    .filter(Boolean)
    .map(entry => [
      entry.slice(0, entry.indexOf('=')),
      entry.slice(entry.indexOf('=') + 1).replace(scripts.root, 'ROOT'),
    ]);
  return Object.fromEntries(entries);
}

/** Set by sh itself. */
const ofShell = ['PWD', 'OLDPWD', 'SHLVL', '_'];

function without(variables: Record<string, string>, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(Object.entries(variables).filter(([name]) => !names.includes(name)));
}

test('a request has exactly these', async () => {
  process.env['FAPWS_SECRET'] = 'of the server';
  try {
    const variables = await seen('/env/more/path?a=b&c', {
      headers: { Accept: 'text/plain', 'X-Forwarded-For': '192.0.2.1' },
    });
    expect(variables['PWD']).toBe('ROOT');
    expect(without(variables, ofShell)).toEqual({
      PATH: process.env['PATH'],
      GATEWAY_INTERFACE: 'CGI/1.1',
      SERVER_SOFTWARE: 'fapws',
      SERVER_PROTOCOL: 'HTTP/1.1',
      SERVER_NAME: '127.0.0.1',
      SERVER_PORT: '80',
      REQUEST_METHOD: 'GET',
      REQUEST_SCHEME: 'http',
      REQUEST_URI: '/cgi-bin/env/more/path?a=b&c',
      SCRIPT_NAME: '/cgi-bin/env',
      SCRIPT_FILENAME: 'ROOT/env',
      PATH_INFO: '/more/path',
      PATH_TRANSLATED: 'ROOT/more/path',
      DOCUMENT_ROOT: 'ROOT',
      QUERY_STRING: 'a=b&c',
      REMOTE_ADDR: '127.0.0.1',
      REMOTE_HOST: '127.0.0.1',
      REMOTE_PORT: '1',
      REDIRECT_STATUS: '200',
      HTTP_HOST: 'localhost',
      HTTP_ACCEPT: 'text/plain',
      HTTP_X_FORWARDED_FOR: '192.0.2.1',
    });
  } finally {
    delete process.env['FAPWS_SECRET'];
  }
});

test('4.1.2, 4.1.3: content has its length and type, and a request without content neither', async () => {
  const post = await seen('/env', { method: 'POST', body: 'hello', headers: { 'Content-Type': 'text/x' } });
  expect([post['CONTENT_LENGTH'], post['CONTENT_TYPE'], post['REQUEST_METHOD']]).toEqual([
    '5',
    'text/x',
    'POST',
  ]);
  const get = await seen('/env', { headers: { 'Content-Type': 'text/x' } });
  expect(Object.keys(get).filter(name => name.includes('CONTENT'))).toEqual([]);
});

test('4.1.5: PATH_INFO is decoded, and missing when there is none', async () => {
  expect((await seen('/env/%C3%A4%20%3F'))['PATH_INFO']).toBe('/ä ?');
  const none = await seen('/env');
  expect([none['PATH_INFO'], none['PATH_TRANSLATED'], none['QUERY_STRING']]).toEqual([
    undefined,
    undefined,
    '',
  ]);
});

test('PATH_TRANSLATED is below documentRoot, whatever a middleware makes of the path', async () => {
  const climbing: Middleware = app => (environ, startResponse) => {
    environ.PATH_INFO = '/env/../../etc/passwd';
    return app(environ, startResponse);
  };
  expect(await seen('/env', {}, { documentRoot: '/usr' }, climbing)).toMatchObject({
    PATH_TRANSLATED: '/usr/etc/passwd',
    DOCUMENT_ROOT: '/usr',
  });
});

test('what middlewares know is passed on: https, address, AUTH_TYPE and REMOTE_USER', async () => {
  const knowing: Middleware = app => (environ: Environ, startResponse) => {
    Object.assign(environ, {
      'wsgi.url_scheme': 'https',
      AUTH_TYPE: 'Basic',
      REMOTE_USER: 'me',
      REMOTE_ADDR: '2001:db8::1',
      SERVER_NAME: '2001:db8::2',
    });
    return app(environ, startResponse);
  };
  expect(await seen('/env', {}, {}, knowing)).toMatchObject({
    HTTPS: 'on',
    REQUEST_SCHEME: 'https',
    AUTH_TYPE: 'Basic',
    REMOTE_USER: 'me',
    REMOTE_ADDR: '2001:db8::1',
    // 4.1.14: an address of version 6 is in brackets.
    SERVER_NAME: '[2001:db8::2]',
  });
});

test('env adds variables, and the request goes before them', async () => {
  const env = { PATH: '/bin', LANG: 'C.UTF-8', REQUEST_METHOD: 'FAKE', HTTP_ACCEPT: 'configured' };
  expect(await seen('/env', { headers: { Accept: 'sent' } }, { env })).toMatchObject({
    PATH: '/bin',
    LANG: 'C.UTF-8',
    REQUEST_METHOD: 'GET',
    HTTP_ACCEPT: 'sent',
  });
});

test('octets of a field arrive as they were sent, if they are UTF-8', async () => {
  const latin1 = (value: string): string => Buffer.from(value).toString('latin1');
  expect((await seen('/env', { headers: { 'X-Name': latin1('Grüße €') } }))['HTTP_X_NAME']).toBe('Grüße €');
  expect((await seen('/env', { headers: { 'X-Name': 'Gr\xfc\xdfe' } }))['HTTP_X_NAME']).toBe('Grüße');
});

describe('attacks', () => {
  test('HTTPOXY: no client sets HTTP_PROXY', async () => {
    const setting: Middleware = app => (environ, startResponse) =>
      app({ ...environ, HTTP_PROXY: 'http://evil.example' } as Environ, startResponse);
    for (const middleware of [undefined, setting]) {
      const variables = await seen('/env', { headers: { Proxy: 'http://evil.example' } }, {}, middleware);
      expect(JSON.stringify(variables)).not.toContain('evil');
    }
  });

  test('SHELLSHOCK: only names of letters, digits and underscores become variables', async () => {
    const variables = await seen('/env', {
      headers: { 'X-Ok': '() { :;}; echo no', 'X%%': 'a', 'X!': 'b', "X'": 'c' },
    });
    expect(
      Object.keys(variables)
        .filter(name => name.startsWith('HTTP_'))
        .sort(),
    ).toEqual(['HTTP_HOST', 'HTTP_X_OK']);
    expect(variables['HTTP_X_OK']).toBe('() { :;}; echo no');
  });

  test('UNDERSCORE: a field can’t pass for another one, nor for a variable of the request', async () => {
    const variables = await seen('/env', {
      headers: { X_Forwarded_For: 'evil', 'Content-Length': '0', 'Remote-User': 'evil' },
    });
    expect(variables['HTTP_X_FORWARDED_FOR']).toBeUndefined();
    expect(variables['REMOTE_USER']).toBeUndefined();
  });

  test('passwords of clients stay with the server unless it is told otherwise', async () => {
    const headers = { Authorization: 'Basic bWU6c2VjcmV0', 'Proxy-Authorization': 'Basic bWU6c2VjcmV0' };
    expect(JSON.stringify(await seen('/env', { headers }))).not.toContain('bWU6c2VjcmV0');
    const told = await seen('/env', { headers }, { authorization: true });
    expect([told['HTTP_AUTHORIZATION'], told['HTTP_PROXY_AUTHORIZATION']]).toEqual([
      'Basic bWU6c2VjcmV0',
      undefined,
    ]);
  });

  test('fields of the connection are the server’s', async () => {
    const headers = {
      TE: 'trailers',
      Connection: 'keep-alive',
      'Keep-Alive': '5',
      Upgrade: 'x',
      Expect: '100-continue',
    };
    const variables = await seen('/env', { headers });
    expect(Object.keys(variables).filter(name => name.startsWith('HTTP_'))).toEqual(['HTTP_HOST']);
  });

  test('LEAK: nothing of one request is there in the next', async () => {
    using scripts = new Scripts();
    scripts.write('env', text('/usr/bin/env'));
    const server = new CgiServer(scripts);
    const first = await server.call('/env/a?secret', {
      method: 'POST',
      body: 'x',
      headers: { Cookie: 'session=secret', 'X-Secret': '1', 'Content-Type': 'secret/type' },
    });
    expect(first.text().match(/secret/gi)?.length).toBeGreaterThan(3);
    const second = await server.call('/env');
    expect(second.text()).not.toMatch(/secret|CONTENT_|PATH_INFO/i);
  });

  test('CVE-2012-1823: a query never becomes arguments', async () => {
    using scripts = new Scripts();
    scripts.write('args', text('printf "%s|" "$#" "$@"'));
    const server = new CgiServer(scripts);
    for (const query of ['-s', '-d+allow_url_include%3d1', 'a+b', '%ADd+x']) {
      expect((await server.call(`/args?${query}`)).text()).toBe('0|');
    }
  });
});
