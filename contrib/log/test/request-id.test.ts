import { type Application, call, type Environ, start } from '@fapws/core';
import { describe, expect, test } from 'vitest';
import { type LogOptions, log } from '../src/index.ts';

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

const telling: Application = (environ, startResponse) => {
  startResponse('200 OK', [['Content-Type', 'text/plain']]);
  return `${environ['log.request_id']} ${environ.HTTP_X_REQUEST_ID}`;
};

async function ask(
  requestId: LogOptions['requestId'],
  headers: Record<string, string> = {},
  application: Application = telling,
) {
  const lines: string[] = [];
  const access = log({ format: '%L', requestId, to: line => lines.push(line) });
  const response = await call(access(application), { headers });
  await access.close();
  return { line: lines.join(), header: response.header('X-Request-Id'), seen: response.text(), response };
}

test('an id is the same in the environ, under its header, in the answer and in the log', async () => {
  const { line, header, seen } = await ask(true);
  expect(line).toMatch(uuid);
  expect(header).toBe(line);
  expect(seen).toBe(`${line} ${line}`);
});

test('every request has another one', async () => {
  expect((await ask(true)).line).not.toBe((await ask(true)).line);
});

test('without the option there is none, and startResponse is untouched', async () => {
  const { line, header, seen } = await ask(false);
  expect([line, header, seen]).toEqual(['-', undefined, 'undefined undefined']);
});

describe('an id that a client brings', () => {
  test('is not taken, nor shown, unless it is trusted', async () => {
    const { line, header, seen } = await ask(true, { 'X-Request-Id': 'mine' });
    expect(line).toMatch(uuid);
    expect([header, seen]).toEqual([line, `${line} ${line}`]);
  });

  test('is taken where it is trusted', async () => {
    expect(await ask({ trust: true }, { 'X-Request-Id': 'abc-1:2/3' })).toMatchObject({
      line: 'abc-1:2/3',
      header: 'abc-1:2/3',
      seen: 'abc-1:2/3 abc-1:2/3',
    });
  });

  test('is taken of whom a function trusts', async () => {
    const trust = (environ: Environ): boolean => environ.REMOTE_ADDR === '127.0.0.1';
    expect((await ask({ trust }, { 'X-Request-Id': 'abc' })).line).toBe('abc');
    expect((await ask({ trust: () => false }, { 'X-Request-Id': 'abc' })).line).toMatch(uuid);
  });

  test.each(['', 'two words', 'a,b', '"x"', '<script>', 'é', 'x'.repeat(129), '$(reboot)', '\t'])(
    'is not taken when it is no id: %j',
    async brought => {
      expect((await ask({ trust: true }, { 'X-Request-Id': brought })).line).toMatch(uuid);
    },
  );

  test('is not taken when there are two', async () => {
    const lines: string[] = [];
    const access = log({ format: '%L', requestId: { trust: true }, to: line => lines.push(line) });
    await call(access(telling), {
      headers: [
        ['X-Request-Id', 'one'],
        ['X-Request-Id', 'two'],
      ],
    });
    expect(lines[0]).toMatch(uuid);
  });
});

test('header and maker can be others', async () => {
  const lines: string[] = [];
  let count = 0;
  const requestId = { header: 'X-Correlation-Id', make: () => `n${++count}` };
  const access = log({ format: '%L', requestId, to: line => lines.push(line) });
  const response = await call(access(telling));
  expect([response.header('x-correlation-id'), ...lines]).toEqual(['n1', 'n1']);
});

test('a maker that makes no ids fails the request, and says why', async () => {
  const errors: string[] = [];
  const access = log({ requestId: { make: () => 'a\r\nb' }, to: () => {} });
  const server = start('127.0.0.1', 0);
  server.base({
    errors: { write: text => void errors.push(text), writelines: () => {}, flush: () => {} },
  });
  server.use(access);
  server.mount('/', telling);
  expect((await server.call('/')).statusCode).toBe(500);
  expect(errors.join('')).toContain(String.raw`requestId.make has made 'a\r\nb'`);
  await access.close();
});

describe('the answer has it, whatever the application does', () => {
  test('begin anew', async () => {
    const again: Application = (_, startResponse) => {
      startResponse('200 OK', [['X-First', '1']]);
      startResponse('500 Internal Server Error', [['X-Second', '2']], new Error('no'));
      return 'failed';
    };
    const { line, header, response } = await ask(true, {}, again);
    expect(header).toBe(line);
    expect(response.statusCode).toBe(500);
    expect([response.header('X-First'), response.header('X-Second')]).toEqual([undefined, '2']);
  });

  test('set an id of its own', async () => {
    const other: Application = (_, startResponse) => {
      startResponse('200 OK', [['x-request-id', 'other']]);
    };
    const { line, header } = await ask(true, {}, other);
    expect(header).toBe(line);
  });

  test('set the status without startResponse', async () => {
    const without: Application = (_, startResponse) => {
      startResponse.response?.setStatus('201 Created');
      return 'made';
    };
    const { line, header } = await ask(true, {}, without);
    expect(header).toBe(line);
  });

  test('behind a middleware that took `response` away', async () => {
    const lines: string[] = [];
    const access = log({ format: '%L', requestId: true, to: line => lines.push(line) });
    const inner = access((_, startResponse) => {
      expect(startResponse.response).toBeUndefined();
      startResponse('200 OK', [['X-Request-Id', 'other']]);
    });
    const response = await call((environ, startResponse) =>
      inner(environ, (status, headers, excInfo) => startResponse(status, headers, excInfo)),
    );
    expect(response.header('X-Request-Id')).toBe(lines[0]);
  });
});
