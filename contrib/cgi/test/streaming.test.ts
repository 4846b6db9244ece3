// Content both ways: as it comes, at the other side's pace, and never for whole when it is not.

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import type { Input, Middleware } from '@fapws/core';
import { describe, expect, test } from 'vitest';
import { settingsOf } from '../src/options.ts';
import { ScriptProcess } from '../src/script-process.ts';
import { BOUND, CgiServer, Log, Scripts, text, until } from './scripts.ts';

const signal = () => AbortSignal.timeout(BOUND);

/** Content that comes in pieces, without a length. */
async function* pieces(count: number, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < count; at += 1) yield Buffer.alloc(size, at % 256);
}

const md5 = (octets: Uint8Array): string => createHash('md5').update(octets).digest('hex');

describe('to the script', () => {
  test('content arrives whole, and nothing after it', async () => {
    using scripts = new Scripts();
    scripts.write('sum', text('md5sum; echo $CONTENT_LENGTH'));
    await using server = new CgiServer(scripts);
    for (const size of [1, 65_536, 5_000_000]) {
      const body = Buffer.alloc(size, 'content ');
      const response = await fetch(await server.url('/sum'), { method: 'POST', body, signal: signal() });
      expect(await response.text()).toBe(`${md5(body)}  -\n${size}\n`);
    }
    const none = await fetch(await server.url('/sum'), { signal: signal() });
    expect(await none.text()).toBe(`${md5(Buffer.alloc(0))}  -\n\n`);
  });

  test('as it comes: the script has the first piece before the last is sent', async () => {
    using scripts = new Scripts();
    scripts.write('echo', text('cat'));
    await using server = new CgiServer(scripts);
    const sent = request(await server.url('/echo'), {
      method: 'POST',
      headers: { 'Content-Length': '10' },
      signal: signal(),
    });
    sent.write('first');
    const [response] = await once(sent, 'response');
    const got: string[] = [];
    for await (const piece of response) {
      got.push(String(piece));
      if (got.length === 1) sent.end(' last');
    }
    expect(got).toEqual(['first', ' last']);
  });

  test('at the pace of the script: what it does not read stays with the client', async () => {
    using scripts = new Scripts();
    const read = scripts.path('read');
    scripts.write('slow', `while [ ! -e '${read}' ]; do sleep 0.02; done\n${text('wc -c')}`);
    await using server = new CgiServer(scripts);
    const size = 16_000_000;
    const socket = connect(await server.port(), '127.0.0.1');
    socket.write(
      `POST /cgi-bin/slow HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: ${size}\r\n\r\n`,
    );
    socket.write(Buffer.alloc(size));
    // Until nothing more goes: the kernel's buffers on the way are full, and no other ones.
    for (let before = -1; before !== socket.bytesWritten - socket.writableLength; await setTimeout(200)) {
      before = socket.bytesWritten - socket.writableLength;
    }
    expect(socket.writableLength).toBeGreaterThan(5_000_000);
    scripts.write('read', '');
    expect(await contentOf(socket)).toContain(`\r\n${size}\n`);
  });

  test('a script that does not read is not disturbed', async () => {
    using scripts = new Scripts();
    scripts.write('deaf', `exec <&-\n${text('echo done')}`);
    scripts.write('quick', text('echo done'));
    await using server = new CgiServer(scripts);
    for (const script of ['/deaf', '/quick']) {
      for (const size of [10, 3_000_000]) {
        const socket = connect(await server.port(), '127.0.0.1');
        socket.on('error', () => {});
        socket.write(`POST /cgi-bin${script} HTTP/1.1\r\nHost: a\r\nContent-Length: ${size}\r\n\r\n`);
        socket.write(Buffer.alloc(size));
        const [data] = await once(socket, 'data', { signal: signal() });
        expect(String(data)).toMatch(/^HTTP\/1\.1 200 OK/);
        socket.destroy();
      }
    }
    expect(server.log.text).toBe('');
  });

  test('an upload that breaks off ends the script, and is never taken for whole', async () => {
    using scripts = new Scripts();
    const whole = scripts.path('whole');
    scripts.write('save', `cat >/dev/null && touch '${whole}'\n${text('echo saved')}`);
    await using server = new CgiServer(scripts);
    const socket = connect(await server.port(), '127.0.0.1');
    socket.write('POST /cgi-bin/save HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\npart');
    await setTimeout(100);
    socket.destroy();
    await until(() => server.over === 1, 'the answer is over');
    await setTimeout(100);
    expect(existsSync(whole)).toBe(false);
  });
});

test('an input that fails ends the script, whoever made it', async () => {
  using scripts = new Scripts();
  const whole = scripts.path('whole');
  scripts.write('save', `cat >/dev/null && touch '${whole}'\n${text('echo saved')}`);
  const failing: Middleware = application => (environ, startResponse) => {
    const pieces = async function* (): AsyncGenerator<Uint8Array> {
      yield Buffer.from('part');
      throw new Error('it can’t be decoded');
    };
    return application({ ...environ, 'wsgi.input': pieces() as unknown as Input }, startResponse);
  };
  const server = new CgiServer(scripts, {}, failing);
  expect((await server.call('/save', { method: 'POST', body: 'hello' })).statusCode).toBe(500);
  expect(server.log.text).toContain('it can’t be decoded');
  await setTimeout(100);
  expect(existsSync(whole)).toBe(false);
});

describe('without a length', () => {
  test('content is stored first, and its length known then', async () => {
    using scripts = new Scripts();
    const temporary = scripts.path('tmp');
    mkdirSync(temporary);
    scripts.write('sum', text('wc -c; echo "$CONTENT_LENGTH|$HTTP_TRANSFER_ENCODING"; md5sum </dev/stdin'));
    await using server = new CgiServer(scripts, { temporary });
    const size = 3_000_000;
    const options = { method: 'POST', body: pieces(30, size / 30), duplex: 'half', signal: signal() };
    const response = await fetch(await server.url('/sum'), options as unknown as RequestInit);
    expect(await response.text(), server.log.text).toMatch(new RegExp(`^${size}\n${size}\\|\n`));
    expect(readdirSync(temporary)).toEqual([]);
  });

  test('no content is no content', async () => {
    using scripts = new Scripts();
    scripts.write('sum', text('wc -c; echo "$CONTENT_LENGTH"'));
    await using server = new CgiServer(scripts);
    const options = { method: 'POST', body: pieces(0, 0), duplex: 'half', signal: signal() };
    const response = await fetch(await server.url('/sum'), options as unknown as RequestInit);
    expect(await response.text()).toBe('0\n0\n');
  });

  test('a script that is refused before leaves no file and keeps no process; nor does a client that leaves', async () => {
    using scripts = new Scripts();
    const temporary = scripts.path('tmp');
    mkdirSync(temporary);
    scripts.write('sum', text('wc -c'));
    await using server = new CgiServer(scripts, { temporary, processes: 1 });
    const socket = connect(await server.port(), '127.0.0.1');
    socket.write('POST /cgi-bin/sum HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n');
    await setTimeout(100);
    socket.destroy();
    await until(() => server.over === 1, 'the answer is over');
    expect(readdirSync(temporary)).toEqual([]);
    expect((await server.call('/sum')).statusCode).toBe(200);
  });

  test('more than the server’s limits.content is 413', async () => {
    using scripts = new Scripts();
    scripts.write('sum', text('wc -c'));
    await using server = new CgiServer(scripts, {}, app => app, { limits: { content: 1000 } });
    const options = { method: 'POST', body: pieces(20, 100), duplex: 'half', signal: signal() };
    expect((await fetch(await server.url('/sum'), options as unknown as RequestInit)).status).toBe(413);
  });

  test("'refuse' answers 411, and runs nothing", async () => {
    using scripts = new Scripts();
    scripts.write('ran', `touch '${scripts.path('has-run')}'\n${text('')}`);
    const server = new CgiServer(scripts, { unknownLength: 'refuse' });
    const response = await server.call('/ran', {
      method: 'POST',
      headers: { 'Transfer-Encoding': 'chunked' },
      body: '5\r\nhello\r\n0\r\n\r\n',
    });
    expect(response.status).toBe('411 Length Required');
    expect(existsSync(scripts.path('has-run'))).toBe(false);
  });
});

describe('from the script', () => {
  test('content arrives as it is written', async () => {
    using scripts = new Scripts();
    const go = scripts.path('go');
    scripts.write('two', `${text('echo one')}while [ ! -e '${go}' ]; do sleep 0.02; done\necho two`);
    await using server = new CgiServer(scripts);
    const response = await fetch(await server.url('/two'), { signal: signal() });
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    expect(Buffer.from((await reader.read()).value as Uint8Array).toString()).toBe('one\n');
    scripts.write('go', '');
    expect(Buffer.from((await reader.read()).value as Uint8Array).toString()).toBe('two\n');
    expect((await reader.read()).done).toBe(true);
  });

  test('a script that has ended before anybody looks is heard all the same', async () => {
    using scripts = new Scripts();
    const file = scripts.write('quick', text('head -c 60000 /dev/zero'));
    const script = { file, folder: scripts.root, name: '/quick', pathInfo: '', command: [file] } as const;
    let leave = (): void => {};
    const ended = new Promise<void>(resolve => {
      leave = resolve;
    });
    const settings = settingsOf({});
    const run = await ScriptProcess.start(script, { ...settings.env }, null, new Log(), settings, () =>
      leave(),
    );
    await ended;
    await setTimeout(50);
    expect((await run.readHead()).status).toBe('200 OK');
    let octets = 0;
    for (let piece = await run.read(); piece !== null; piece = await run.read()) octets += piece.length;
    expect(octets).toBe(60_000);
  });

  test('both ways at once, more than any pipe holds', async () => {
    using scripts = new Scripts();
    scripts.write('echo', text('cat'));
    await using server = new CgiServer(scripts);
    const body = Buffer.concat([...Array(100)].map((_, at) => Buffer.alloc(50_000, at)));
    const response = await fetch(await server.url('/echo'), { method: 'POST', body, signal: signal() });
    expect(md5(new Uint8Array(await response.arrayBuffer()))).toBe(md5(body));
  });

  test('at the pace of the client: a script whose client does not read is held up', async () => {
    using scripts = new Scripts();
    const written = scripts.path('written');
    scripts.write('big', `${text(`dd if=/dev/zero bs=65536 count=1000 2>/dev/null; touch '${written}'`)}`);
    await using server = new CgiServer(scripts);
    const before = process.memoryUsage().rss;
    const socket = connect(await server.port(), '127.0.0.1');
    socket.pause();
    socket.write('GET /cgi-bin/big HTTP/1.0\r\n\r\n');
    await setTimeout(700);
    expect(existsSync(written)).toBe(false);
    expect(process.memoryUsage().rss - before).toBeLessThan(40_000_000);
    let octets = 0;
    socket.on('data', data => {
      octets += data.length;
    });
    socket.resume();
    await once(socket, 'end', { signal: signal() });
    expect(octets).toBeGreaterThan(65_536_000);
    await until(() => existsSync(written), 'the script has written all');
  });

  test('more than its Content-Length is not sent, less cuts the connection', async () => {
    using scripts = new Scripts();
    scripts.write('more', "printf 'Content-Type: a/b\\nContent-Length: 3\\n\\nhello'");
    scripts.write('less', "printf 'Content-Type: a/b\\nContent-Length: 9\\n\\nhello'");
    await using server = new CgiServer(scripts);
    const more = await fetch(await server.url('/more'), { signal: signal() });
    expect(await more.text()).toBe('hel');
    const less = await fetch(await server.url('/less'), { signal: signal() });
    await expect(less.text()).rejects.toThrow();
    expect(server.log.text).toMatch(
      /longer than its Content-Length of 3[\s\S]*has 5 octets, but its Content-Length says 9/,
    );
  });

  test('what a signal has ended is cut; an exit code is told to the log', async () => {
    using scripts = new Scripts();
    scripts.write('killed', text('echo part; sleep 0.1; kill -9 $$'));
    scripts.write('failed', text('echo whole; exit 3'));
    await using server = new CgiServer(scripts);
    const killed = await fetch(await server.url('/killed'), { signal: signal() });
    await expect(killed.text()).rejects.toThrow();
    const failed = await fetch(await server.url('/failed'), { signal: signal() });
    expect(await failed.text()).toBe('whole\n');
    expect(server.log.text).toMatch(/was ended by SIGKILL before its answer was complete/);
    expect(server.log.text).toContain('GET /cgi-bin/failed: ended with exit code 3');
  });

  test('HEAD lets the script come to its end', async () => {
    using scripts = new Scripts();
    const done = scripts.path('done');
    scripts.write('big', `${text('head -c 1000000 /dev/zero')}touch '${done}'`);
    const server = new CgiServer(scripts);
    expect((await server.call('/big', { method: 'HEAD' })).statusCode).toBe(200);
    expect(existsSync(done)).toBe(true);
  });
});

describe('standard error', () => {
  const logOf = async (commands: string, options = {}): Promise<string> => {
    using scripts = new Scripts();
    scripts.write('noisy', `${commands}\n${text('echo fine')}`);
    const server = new CgiServer(scripts, options);
    expect((await server.call('/noisy')).text()).toBe('fine\n');
    await until(() => server.log.text.endsWith('\n'), 'something is logged');
    await setTimeout(50);
    return server.log.text.replaceAll(scripts.root, 'ROOT');
  };

  test('goes to the log line by line, and says whose it is', async () => {
    expect(await logOf("printf 'one\\ntwo\\r\\nthree' >&2")).toBe(
      'cgi: ROOT/noisy: one\ncgi: ROOT/noisy: two\ncgi: ROOT/noisy: three\n',
    );
  });

  test('LOG INJECTION: control characters are shown, not obeyed', async () => {
    expect(await logOf("printf 'a\\033[2Jb\\rc\\tdé\\302\\205\\n' >&2")).toBe(
      'cgi: ROOT/noisy: a\\x1b[2Jb\\x0dc\tdé\\x85\n',
    );
  });

  test('is bounded, and what is left out is counted', async () => {
    const log = await logOf('head -c 100000 /dev/zero | tr "\\0" x >&2', { limits: { stderr: 5000 } });
    expect(log.split('\n').map(line => line.length)).toEqual(
      [2048, 2048, 904]
        .map(length => length + 'cgi: ROOT/noisy: '.length)
        .concat(['cgi: ROOT/noisy: wrote 95000 octets more to standard error, which are left out'.length, 0]),
    );
  });

  test('a log that fails takes nothing down', async () => {
    using scripts = new Scripts();
    scripts.write('noisy', text('echo oops >&2; sleep 0.05; echo fine'));
    const server = new CgiServer(scripts);
    server.log.write = () => {
      throw new Error('the disk is full');
    };
    expect((await server.call('/noisy')).text()).toBe('fine\n');
  });
});

/** All that a connection gives. */
async function contentOf(socket: Socket): Promise<string> {
  let got = '';
  socket.on('data', data => {
    got += data;
  });
  await once(socket, 'close', { signal: signal() });
  return got;
}
