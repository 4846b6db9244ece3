// The content of requests on its way to a worker: with the request, in a file, or as it arrives.

import { once } from 'node:events';
import { readdirSync, readlinkSync, statSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { optional, run, runFromSource } from '@fapws/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { pythonApp } from '../src/index.ts';
import { Spool, SpoolError } from '../src/spool.ts';
import { type Asked, answerOf, arrives, Front, hasPython, received, requestOf } from './front.ts';

const SECONDS = 30_000;

let directory = '';
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'fapws-wsgi-'));
});
afterEach(() => rm(directory, { recursive: true }));

const large = 'abcdefghij'.repeat(100_000);
const post = (body: string): Asked => ({ method: 'POST', body });
const chunked = (body: string): Asked => ({
  method: 'POST',
  headers: ['Transfer-Encoding: chunked'],
  body: `${body.length === 0 ? '' : `${body.length.toString(16)}\r\n${body}\r\n`}0\r\n\r\n`,
});

/** Files of content that this process has open, with a name or without. */
function openFiles(): string[] {
  return readdirSync('/proc/self/fd').flatMap(descriptor => {
    try {
      const path = readlinkSync(`/proc/self/fd/${descriptor}`);
      return path.startsWith(join(directory, 'fapws-content-')) ? [path] : [];
    } catch {
      // That of the directory that has just been read.
      return [];
    }
  });
}

describe.runIf(hasPython)('content', () => {
  test('that is in chunks has a length when all of it is here', { timeout: SECONDS }, async () => {
    await using front = await Front.open('clauses:application', { spool: { directory } });
    for (const body of ['', 'little', large]) {
      const environ = await front.json('/B', chunked(body));
      expect(environ).toMatchObject({ CONTENT_LENGTH: String(body.length) });
      expect(environ).not.toHaveProperty('HTTP_TRANSFER_ENCODING');
    }
    expect(await front.json('/C3', chunked(large))).toBe(large.length);
  });

  for (const threads of [1, 3]) {
    test(`that comes slowly occupies no worker, and comes whole (${threads} threads)`, {
      timeout: SECONDS,
    }, async () => {
      await using front = await Front.open('slow:application', { threads, spool: { directory } });
      await front.app.ready;
      const sockets = await Promise.all([1, 2, 3, 4].map(() => front.connect()));
      for (const socket of sockets) {
        socket.write(requestOf('/digest', { method: 'POST', headers: ['Content-Length: 1000000'] }));
        socket.write(large.slice(0, 300_000));
      }
      await front.until(() => openFiles().length === 4);
      // None of them keeps a name that somebody else could find.
      await front.until(() => readdirSync(directory).length === 0);
      expect(await front.json('/ping')).toBe('pong');
      const answers = sockets.map(received);
      for (const socket of sockets) socket.write(large.slice(300_000));
      for (const answer of await Promise.all(answers)) {
        expect(JSON.parse(answerOf(answer).body)).toEqual([1_000_000, 'eae2f3059f8a040e8497975fce630982']);
      }
      await front.until(() => openFiles().length === 0);
    });
  }

  test('in pieces of one octet takes no more memory than others', { timeout: SECONDS }, async () => {
    await using front = await Front.open('clauses:application', { inlineContent: 10, spool: { directory } });
    const body = '1\r\nx\r\n'.repeat(5000);
    expect(
      await front.json('/C3', {
        method: 'POST',
        headers: ['Transfer-Encoding: chunked'],
        body: `${body}0\r\n\r\n`,
      }),
    ).toBe(5000);
  });

  test('whose client leaves is never seen by the application', { timeout: SECONDS }, async () => {
    await using front = await Front.open('slow:application', { spool: { directory } });
    const socket = await front.connect();
    socket.write(
      requestOf('/count', {
        method: 'POST',
        headers: ['Content-Length: 1000000'],
        body: large.slice(0, 300_000),
      }),
    );
    await front.until(() => openFiles().length === 1);
    socket.destroy();
    await front.until(() => openFiles().length === 0);
    expect(await front.json('/read_counted')).toBe(0);
    expect(front.log).toBe('');
  });

  test('whose client leaves while the request waits is not seen either, and never another’s content', {
    timeout: SECONDS,
  }, async () => {
    await using front = await Front.open('slow:application', { spool: { directory } });
    await front.app.ready;
    const busy = await front.connect();
    busy.write(requestOf('/wait?0.8'));
    await arrives(busy, /begun/);
    const rest = received(busy);
    const leaving = await front.connect();
    leaving.write(requestOf('/count', post(large)));
    await front.until(() => openFiles().length === 1);
    leaving.destroy();
    const digest = front.json('/digest', post(large));
    expect(await rest).toContain('ended');
    expect(await digest).toEqual([1_000_000, 'eae2f3059f8a040e8497975fce630982']);
    expect(await front.json('/read_counted')).toBe(0);
    await front.until(() => openFiles().length === 0);
  });

  test('is gone whatever the application does', { timeout: SECONDS }, async () => {
    await using front = await Front.open('clauses:application', { spool: { directory } });
    for (const path of ['/H1', '/H1_after', '/C_never', '/leave']) {
      await front.ask(path, post(large));
      await front.until(() => openFiles().length === 0);
    }
    expect(readdirSync(directory)).toEqual([]);
  });

  test('goes to another process when the one that was to have it ends before', {
    timeout: SECONDS,
  }, async () => {
    await using front = await Front.open('slow:application', { spool: { directory } });
    await front.beQuick('/ping', 2);
    const leaving = front.ask('/leave?0.5');
    await front.logs(/leaving/);
    // The process has it and has not begun it.
    const digest = front.json('/digest', { ...post(large), method: 'PUT' });
    await front.until(() => front.app.status().workers[0]?.inFlight === 2);
    expect((await leaving).status).toBe('502 Bad Gateway');
    expect(await digest).toEqual([1_000_000, 'eae2f3059f8a040e8497975fce630982']);
    await front.until(() => openFiles().length === 0);
  });

  test('is asked for with 100 Continue when it is to be stored', { timeout: SECONDS }, async () => {
    await using front = await Front.open('slow:application', { spool: { directory } });
    await front.app.ready;
    // The worker is busy, and the client is told nevertheless.
    const busy = await front.connect();
    busy.write(requestOf('/wait?1'));
    await arrives(busy, /begun/);
    const socket = await front.connect();
    socket.write(
      requestOf('/digest', { method: 'POST', headers: ['Expect: 100-continue', 'Content-Length: 1000000'] }),
    );
    await arrives(socket, /^HTTP\/1.1 100 Continue\r\n\r\n$/);
    const rest = received(socket);
    socket.write(large);
    expect(answerOf(await rest).body).toContain('1000000');
  });
});

describe.runIf(hasPython)('storage', () => {
  test('that all files together would exceed is refused with 507, and said; it is there again afterwards', {
    timeout: SECONDS,
  }, async () => {
    await using front = await Front.open('slow:application', { spool: { directory, limit: 1_500_000 } });
    const socket = await front.connect();
    socket.write(requestOf('/digest', { method: 'POST', headers: ['Content-Length: 1000000'] }));
    socket.write(large.slice(0, 999_999));
    await front.until(() => sizes() > 900_000);
    const answer = await front.ask('/digest', post(large));
    expect(answer.status).toBe('507 Insufficient Storage');
    expect(answer.body).toBe('There is no room for the content of this request at the moment.\n');
    expect(front.log).toBe(
      'fapws: POST /digest: The content of requests would take more than the 1500000 octets that spool.limit allows.\n',
    );
    const rest = received(socket);
    socket.write('j');
    expect(answerOf(await rest).status).toBe('200 OK');
    await front.until(() => openFiles().length === 0);
    expect((await front.ask('/digest', post(large))).status).toBe('200 OK');
  });

  test('that is not there is a 500 whose line in the log says what to do', { timeout: SECONDS }, async () => {
    const missing = join(directory, 'missing');
    await using front = await Front.open('slow:application', { spool: { directory: missing } });
    const answer = await front.ask('/digest', post(large));
    expect([answer.status, answer.body]).toEqual([
      '500 Internal Server Error',
      'The content of this request could not be stored.\n',
    ]);
    expect(front.log).toMatch(
      /^fapws: POST \/digest: The content of a request can't be stored in .*missing: ENOENT.*Say with the option spool.*\n$/,
    );
    // What needs no storage goes on.
    expect(await front.json('/digest', post('x'))).toEqual([1, '9dd4e461268c8034f5c8564e155c67a6']);
  });

  const ownMounts = run('unshare', ['-rm', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']).code === 0;
  test.runIf(optional('a disk of one’s own', ownMounts, 'allow `unshare -rm` to mount a tmpfs'))(
    'that is full is a 507, and what was stored is gone',
    { timeout: SECONDS },
    () => {
      const mounted = 'mount -t tmpfs -o size=512k tmpfs "$1" && shift && exec "$@"';
      const program = [...runFromSource, join(import.meta.dirname, 'programs/full-disk.ts'), directory];
      const { code, output } = run('unshare', [
        ...['-rm', 'sh', '-c', mounted, 'sh', directory],
        ...[process.execPath, ...program],
      ]);
      expect([code, JSON.parse(output)]).toEqual([
        0,
        {
          statuses: ['507 Insufficient Storage', '200 OK'],
          log: expect.stringMatching(/ENOSPC.*Make room there, or say with the option spool/),
          left: [],
        },
      ]);
    },
  );

  function sizes(): number {
    return readdirSync('/proc/self/fd').reduce((sum, descriptor) => {
      try {
        const link = `/proc/self/fd/${descriptor}`;
        return readlinkSync(link).startsWith(directory) ? sum + statSync(link).size : sum;
      } catch {
        return sum;
      }
    }, 0);
  }
});

describe('Spool', () => {
  async function* pieces(...texts: string[]): AsyncGenerator<Uint8Array> {
    for (const text of texts) yield Buffer.from(text);
  }

  test('keeps the name of a file where a worker needs it, for this user alone, and takes it away', async () => {
    const spool = new Spool({ directory, limit: 100 }, false);
    const content = await spool.store(Buffer.from('a'), pieces('b', 'c'));
    expect(readdirSync(directory).map(name => join(directory, name))).toEqual([content.path]);
    expect(statSync(content.path).mode & 0o777).toBe(0o600);
    expect(await readFile(content.path, 'utf8')).toBe('abc');
    expect(content.octets).toBe(3);
    content.release();
    while (readdirSync(directory).length !== 0) await new Promise(resolve => setImmediate(resolve));
  });

  test('leaves nothing behind when content does not come to its end', async () => {
    for (const nameless of [true, false]) {
      const spool = new Spool({ directory, limit: 100 }, nameless);
      const broken = async function* (): AsyncGenerator<Uint8Array> {
        yield Buffer.from('begun');
        throw new Error('the client left');
      };
      await expect(spool.store(Buffer.alloc(0), broken())).rejects.toThrow('the client left');
      await expect(spool.store(Buffer.alloc(101), pieces())).rejects.toThrow(SpoolError);
      while (readdirSync(directory).length !== 0) await new Promise(resolve => setImmediate(resolve));
      // Nor does it count any more.
      (await spool.store(Buffer.alloc(100), pieces())).release();
    }
  });

  test('takes away its files when the process ends, also without a name for them elsewhere', async () => {
    const program = join(import.meta.dirname, 'programs/leaving-files.ts');
    expect(run(process.execPath, [...runFromSource, program, directory])).toEqual({
      code: 0,
      output: '2 files\n',
    });
    expect(readdirSync(directory)).toEqual([]);
  });

  test('is described by options that can be meant', () => {
    for (const [spool, message] of [
      [{ folder: 'x' }, /no option of spool called folder\. There are: directory, limit/],
      [{ directory: 5 }, /spool\.directory is 5\. It has to be the path of a folder/],
      [{ limit: 0 }, /spool\.limit is 0/],
    ] as const) {
      expect(() => pythonApp('a:b', { spool } as object)).toThrow(message);
    }
  });
});

describe.runIf(hasPython)('content that is handed on as it arrives', () => {
  for (const threads of [1, 3]) {
    test(`is read while it comes, and whole (${threads} threads)`, { timeout: SECONDS }, async () => {
      await using front = await Front.open('slow:application', { threads, spool: false });
      const body = 'abcdefghij'.repeat(1_000_000);
      for (const asked of [post(body), chunked(body)]) {
        expect(await front.json('/digest', asked)).toEqual([10_000_000, '7b5780be0404d04309eb9c2209d5a3d4']);
      }
    });

    test(`tells the application when its client leaves (${threads} threads)`, {
      timeout: SECONDS,
    }, async () => {
      await using front = await Front.open('slow:application', { threads, spool: false });
      const socket = await front.connect();
      socket.write(
        requestOf('/upload', {
          method: 'POST',
          headers: ['Content-Length: 1000000'],
          body: 'x'.repeat(1000),
        }),
      );
      await front.logs(/POST \/upload: reading/);
      socket.destroy();
      await front.logs(/POST \/upload: ClientDisconnected/);
      expect(await front.json('/ping')).toBe('pong');
    });
  }

  test('ends the wait of an application when its client leaves in an answer too', {
    timeout: SECONDS,
  }, async () => {
    await using front = await Front.open('clauses:application', { spool: false });
    const socket = await front.connect();
    socket.write(requestOf('/A8', { method: 'POST', headers: ['Transfer-Encoding: chunked'] }));
    await arrives(socket, /first/);
    socket.destroy();
    await once(socket, 'close');
    expect(await front.json('/A1')).toEqual([2, 0]);
  });
});
