// Over real connections: each request is logged exactly once, with what became of it.

import { channel } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Address, type Application, type Server, type ServerOptions, start } from '@fapws/core';
import { afterEach, describe, expect, test } from 'vitest';
import { type AccessLog, type LogOptions, log } from '../src/index.ts';
import { hello } from './lines.ts';

const format = '%h "%r" %s %B %{word}X';
const bound = 5000;

interface Running {
  readonly server: Server;
  readonly access: AccessLog;
  readonly lines: string[];
  /** Resolves when there are so many lines. */
  linesAre(count: number): Promise<string[]>;
}

const running: Running[] = [];
const sockets: Socket[] = [];

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const { server, access } of running.splice(0)) {
    await server.stop({ graceMs: 0 });
    await access.close();
  }
});

async function serve(
  application: Application,
  options: LogOptions = {},
  serverOptions: ServerOptions = {},
  address: Address = { host: '127.0.0.1', port: 0 },
): Promise<Running> {
  const lines: string[] = [];
  let wanted: (() => void) | null = null;
  const access = log({
    format,
    ...options,
    to: line => {
      lines.push(line);
      wanted?.();
    },
  });
  const server = start([address], serverOptions);
  server.base({ errors: { write: () => {}, writelines: () => {}, flush: () => {} } });
  server.use(access);
  server.mount('/', application);
  await server.listen();
  const linesAre = (count: number): Promise<string[]> =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`only ${lines.length} lines: ${lines}`)), bound);
      wanted = () => {
        if (lines.length < count) return;
        clearTimeout(timer);
        resolve(lines);
      };
      wanted();
    });
  const made = { server, access, lines, linesAre };
  running.push(made);
  return made;
}

async function client({ server }: Running): Promise<Socket> {
  const address = server.addresses[0] as { host: string; port: number } | { path: string };
  const socket = connect(address);
  sockets.push(socket);
  socket.on('error', () => {});
  await once(socket, 'connect', { signal: AbortSignal.timeout(bound) });
  return socket;
}

/** Sends octets, and reads until the server closes. */
async function exchange(made: Running, octets: string): Promise<string> {
  const socket = await client(made);
  let text = '';
  socket.setEncoding('latin1').on('data', data => {
    text += data;
  });
  socket.write(octets, 'latin1');
  await once(socket, 'close', { signal: AbortSignal.timeout(bound) });
  return text;
}

const get = (target: string, more = ''): string => `GET ${target} HTTP/1.1\r\nHost: localhost\r\n${more}\r\n`;
const last = 'Connection: close\r\n';

/** Lines that come later than they should would be too many. */
const settled = (): Promise<void> => new Promise(resolve => setTimeout(resolve, 30));

describe('answers', () => {
  test('each request of a connection is a line, pipelined ones too', async () => {
    const made = await serve(hello);
    await exchange(made, get('/1') + get('/2') + get('/3', last));
    expect(await made.linesAre(3)).toEqual(
      [1, 2, 3].map(number => `127.0.0.1 "GET /${number} HTTP/1.1" 200 13 complete`),
    );
  });

  test('HTTP/1.0 and HEAD', async () => {
    const made = await serve(hello);
    await exchange(made, 'GET /old HTTP/1.0\r\n\r\n');
    await exchange(made, `HEAD /head HTTP/1.1\r\nHost: localhost\r\n${last}\r\n`);
    expect(await made.linesAre(2)).toEqual([
      '127.0.0.1 "GET /old HTTP/1.0" 200 13 complete',
      '127.0.0.1 "HEAD /head HTTP/1.1" 200 0 complete',
    ]);
  });

  test('content in pieces is counted without its framing', async () => {
    const made = await serve(async function* (_, startResponse) {
      startResponse('200 OK', []);
      yield 'é';
      yield new Uint8Array(1000);
    } as Application);
    await exchange(made, get('/', last));
    expect(await made.linesAre(1)).toEqual(['127.0.0.1 "GET / HTTP/1.1" 200 1002 complete']);
  });

  test('the pages of the server: 404, 405, OPTIONS, 501', async () => {
    const lines: string[] = [];
    const access = log({ format, to: line => lines.push(line) });
    const server = start('127.0.0.1', 0);
    server.use(access);
    server.route('GET', '/only', hello);
    await server.listen();
    const made = { server, access, lines, linesAre: async () => lines };
    running.push(made);
    await exchange(made, get('/none', last));
    await exchange(made, get('/only', last).replace('GET', 'POST'));
    await exchange(made, get('/only', last).replace('GET', 'OPTIONS'));
    await exchange(made, get('/only', last).replace('GET', 'TRACE'));
    expect(lines.map(line => line.replace(/ \d+ complete$/, ''))).toEqual([
      '127.0.0.1 "GET /none HTTP/1.1" 404',
      '127.0.0.1 "POST /only HTTP/1.1" 405',
      '127.0.0.1 "OPTIONS /only HTTP/1.1" 200',
      '127.0.0.1 "TRACE /only HTTP/1.1" 501',
    ]);
  });

  test('a failure before the head is a 500, one behind it is failed', async () => {
    const made = await serve(async function* (environ, startResponse) {
      if (environ.PATH_INFO === '/before') throw new Error('no');
      startResponse('200 OK', []);
      yield 'one';
      yield 'two';
      throw new Error('no');
    } as Application);
    await exchange(made, get('/before', last));
    await exchange(made, get('/behind'));
    const lines = await made.linesAre(2);
    expect(lines[0]).toMatch(/^127\.0\.0\.1 "GET \/before HTTP\/1\.1" 500 \d+ complete$/);
    expect(lines[1]).toBe('127.0.0.1 "GET /behind HTTP/1.1" 200 6 failed');
  });
});

describe('clients', () => {
  test('over IPv6', async () => {
    const made = await serve(hello, {}, {}, { host: '::1', port: 0 });
    await exchange(made, get('/six', last));
    expect(await made.linesAre(1)).toEqual(['::1 "GET /six HTTP/1.1" 200 13 complete']);
  });

  test('on a unix socket have no address', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'fapws-log-'));
    try {
      const made = await serve(hello, {}, {}, { path: join(folder, 's') });
      await exchange(made, get('/unix', last));
      expect(await made.linesAre(1)).toEqual(['- "GET /unix HTTP/1.1" 200 13 complete']);
      await made.server.stop();
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('what is not completed', () => {
  const never: Application = () => new Promise<void>(() => {});

  test('a client that leaves before its answer is 499 and aborted', async () => {
    const reached = withResolvers();
    const made = await serve(() => {
      reached.resolve(undefined);
      return new Promise<void>(() => {});
    });
    const socket = await client(made);
    socket.write(get('/gone'));
    await reached.promise;
    socket.resetAndDestroy();
    expect(await made.linesAre(1)).toEqual(['127.0.0.1 "GET /gone HTTP/1.1" 499 0 aborted']);
  });

  test('a client that leaves in the middle has the status that was sent, and is aborted', async () => {
    const made = await serve(async function* (environ, startResponse) {
      startResponse('200 OK', []);
      yield 'one';
      yield 'two';
      await new Promise(resolve => environ['fapws.signal'].addEventListener('abort', resolve));
    } as Application);
    const socket = await client(made);
    socket.write(get('/half'));
    await once(socket, 'data');
    socket.resetAndDestroy();
    expect(await made.linesAre(1)).toEqual(['127.0.0.1 "GET /half HTTP/1.1" 200 6 aborted']);
  });

  test('an application that takes too long is 503 and a timeout, once', async () => {
    const made = await serve(never, { refused: true }, { timeouts: { handler: 0.1 } });
    await exchange(made, get('/slow'));
    await settled();
    expect(made.lines).toEqual(['127.0.0.1 "GET /slow HTTP/1.1" 503 65 timeout']);
  });

  test('content that does not come is 408 and a timeout, once', async () => {
    const reading: Application = async environ => {
      await environ['wsgi.input'].read();
    };
    const made = await serve(reading, { refused: true }, { timeouts: { content: 0.1 } });
    await exchange(made, `POST /slow HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhalf`);
    await settled();
    expect(made.lines).toEqual(['127.0.0.1 "POST /slow HTTP/1.1" 408 57 timeout']);
  });

  test('a client that does not read is a timeout', async () => {
    const made = await serve(
      async function* (_, startResponse) {
        startResponse('200 OK', []);
        for (;;) yield new Uint8Array(1_000_000);
      } as Application,
      { refused: true },
      { timeouts: { write: 0.2 } },
    );
    const socket = await client(made);
    socket.pause();
    socket.write(get('/stuck'));
    const [line] = await made.linesAre(1);
    expect(line).toMatch(/^127\.0\.0\.1 "GET \/stuck HTTP\/1\.1" 200 \d+ timeout$/);
    await settled();
    expect(made.lines).toHaveLength(1);
  });

  test('content that is too much, told or found out, is a 413, once', async () => {
    const reading: Application = async environ => {
      await environ['wsgi.input'].read();
    };
    const made = await serve(reading, { refused: true }, { limits: { content: 10 } });
    const head = 'POST /much HTTP/1.1\r\nHost: localhost\r\n';
    await exchange(made, `${head}Content-Length: 11\r\n\r\n`);
    await exchange(made, `${head}Transfer-Encoding: chunked\r\n\r\nb\r\nhello world\r\n`);
    await settled();
    expect(made.lines).toEqual([
      '127.0.0.1 "POST /much" 413 48 refused',
      '127.0.0.1 "POST /much HTTP/1.1" 413 48 refused',
    ]);
  });

  test('content that is not framed correctly is a 400, once', async () => {
    const reading: Application = async environ => {
      await environ['wsgi.input'].read();
    };
    const made = await serve(reading, { refused: true });
    await exchange(
      made,
      'POST /bad HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nno chunk\r\n',
    );
    await settled();
    expect(made.lines).toEqual(['127.0.0.1 "POST /bad HTTP/1.1" 400 53 refused']);
  });
});

describe('requests that no application sees', () => {
  const options = { limits: { field: 100, requestLine: 100 }, timeouts: { head: 0.1 } };

  test('are logged when that is asked for', async () => {
    const made = await serve(hello, { refused: true }, options);
    await exchange(made, 'GET /a HTTP/1.1\r\n\r\n');
    await exchange(made, get('/b', `X: ${'x'.repeat(200)}\r\n`));
    await exchange(made, get(`/${'c'.repeat(200)}`));
    await exchange(made, 'GET /d HTTP/1.1\r\nHost:');
    await exchange(made, 'nonsense\r\n\r\n');
    await settled();
    expect(made.lines).toEqual([
      '127.0.0.1 "GET /a" 400 64 refused',
      '127.0.0.1 "GET /b" 431 81 refused',
      expect.stringMatching(/^127\.0\.0\.1 "GET \/c*" 414 47 refused$/),
      '127.0.0.1 "GET /d" 408 57 timeout',
      '127.0.0.1 "-" 501 51 refused',
    ]);
  });

  test('are not, when it is not', async () => {
    const made = await serve(hello, {}, options);
    await exchange(made, 'GET /a HTTP/1.1\r\n\r\n');
    await settled();
    expect(made.lines).toEqual([]);
  });

  test('are logged once by each log that asks, and not a second time for what reached another log', async () => {
    const made = await serve(() => new Promise<void>(() => {}), {}, { timeouts: { handler: 0.1 } });
    const lines: string[] = [];
    const other = log({ format, refused: true, to: line => lines.push(line) });
    await exchange(made, get('/mine'));
    await exchange(made, 'GET /nobody HTTP/1.1\r\n\r\n');
    await settled();
    await other.close();
    expect(made.lines).toEqual(['127.0.0.1 "GET /mine HTTP/1.1" 503 65 timeout']);
    expect(lines).toEqual(['127.0.0.1 "GET /nobody" 400 64 refused']);
  });

  test('leave nothing subscribed when the logs are closed', async () => {
    const made = await serve(hello, { refused: true });
    const other = log({ refused: true, to: () => {} });
    expect(channel('fapws:refused').hasSubscribers).toBe(true);
    await other.close();
    await other.close();
    expect(channel('fapws:refused').hasSubscribers).toBe(true);
    await made.access.close();
    expect(channel('fapws:refused').hasSubscribers).toBe(false);
    expect(channel('fapws:timeout').hasSubscribers).toBe(false);
  });
});

describe('functions of the user', () => {
  test('skip leaves out what it wants to', async () => {
    const made = await serve(hello, {
      skip: (environ, { status }) => environ.PATH_INFO === '/health' && status.startsWith('2'),
    });
    await exchange(made, get('/health', last));
    await exchange(made, get('/other', last));
    expect(await made.linesAre(1)).toEqual(['127.0.0.1 "GET /other HTTP/1.1" 200 13 complete']);
  });

  test('a function that throws or rejects loses its lines, and nothing else', async () => {
    const told: string[] = [];
    let calls = 0;
    const access = log({
      to: () => {
        calls += 1;
        if (calls === 1) throw new Error('thrown');
        return Promise.reject(new Error('rejected'));
      },
      report: message => told.push(message),
    });
    const server = start('127.0.0.1', 0);
    server.mount('/', access(hello));
    expect((await server.call('/')).statusCode).toBe(200);
    expect((await server.call('/')).statusCode).toBe(200);
    await settled();
    expect(access.lost).toBe(2);
    expect(told).toEqual(['fapws log: 1 line was lost: thrown', 'fapws log: 1 line was lost: rejected']);
    await access.close();
    await server.call('/');
    expect([access.lost, calls]).toEqual([3, 2]);
  });
});

function withResolvers(): { promise: Promise<unknown>; resolve: (value: unknown) => void } {
  let resolve: (value: unknown) => void = () => {};
  const promise = new Promise(done => {
    resolve = done;
  });
  return { promise, resolve };
}
