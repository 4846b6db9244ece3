// Content-Length, write() and file wrappers: clauses F, G and K of docs/contract.md.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { type Application, call, FileResult, type Headers } from '../../src/index.ts';
import { ALIVE, deferred, get, serve, within } from './support.ts';

const folder = mkdtempSync(join(tmpdir(), 'fapws-contract-'));
afterAll(() => rmSync(folder, { recursive: true }));
const filePath = join(folder, 'file.txt');
writeFileSync(filePath, '0123456789'.repeat(20_000));

const length = (octets: number): Headers => [['Content-Length', String(octets)]];

/** The ways in which content can be given, three octets at a time. */
const ways: [string, Application][] = [
  ['an array', () => ['abc', 'def', 'ghi']],
  ['an array of one', () => ['abcdefghi']],
  ['a string', () => 'abcdefghi'],
  ['bytes', () => Buffer.from('abcdefghi')],
  ['a generator', () => new Set(['abc', 'def', 'ghi'])],
  [
    'an async generator',
    () =>
      (async function* () {
        yield 'abc';
        yield 'def';
        yield 'ghi';
      })(),
  ],
];

describe('Content-Length', () => {
  test.each(ways)(
    'F1: More octets than the Content-Length says are never sent. (%s)',
    async (_name, give) => {
      for (const declared of [0, 1, 3, 4, 6, 8]) {
        const serving = await serve((environ, startResponse) => {
          startResponse('200 OK', length(declared));
          return give(environ, startResponse);
        });
        const client = await serving.connect();
        client.send(get() + get(ALIVE));
        const answer = await client.answer();
        expect(answer.text).toBe('abcdefghi'.slice(0, declared));
        // The surplus is not taken for the next answer.
        expect((await client.answer()).text).toBe('alive');
        await serving.log.has(/FAPWS_CONTENT_LENGTH/);
      }
    },
  );

  test('F1: More octets than the Content-Length says are never sent. (write)', async () => {
    const thrown: unknown[] = [];
    const serving = await serve((_environ, startResponse) => {
      const write = startResponse('200 OK', length(4));
      write('abc');
      for (let round = 0; round < 2; round += 1) {
        try {
          write('def');
        } catch (error) {
          thrown.push((error as { code: string }).code);
        }
      }
      return 'ghi';
    });
    const client = await serving.connect();
    client.send(get() + get(ALIVE));
    expect((await client.answer()).text).toBe('abcd');
    expect((await client.answer()).text).toBe('alive');
    expect(thrown).toEqual(['FAPWS_CONTENT_LENGTH', 'FAPWS_ANSWERED']);
  });

  test('F1: More octets than the Content-Length says are never sent. (the iteration stops)', async () => {
    let pulled = 0;
    const serving = await serve(function* (_environ, startResponse) {
      startResponse('200 OK', length(5));
      for (; ; pulled += 1) yield 'abc';
    });
    expect((await serving.ask(get())).text).toBe('abcab');
    expect(pulled).toBeLessThan(3);
  });

  test('F1: More octets than the Content-Length says are never sent. (octets count, not characters)', async () => {
    const serving = await serve((_environ, startResponse) => {
      startResponse('200 OK', length(4));
      return ['é€'];
    });
    expect([...(await serving.ask(get())).body]).toEqual([0xc3, 0xa9, 0xe2, 0x82]);
  });

  test.each(ways)(
    'F2: An answer shorter than its Content-Length is never taken for whole; nothing follows on its connection. (%s)',
    async (name, give) => {
      const serving = await serve((environ, startResponse) => {
        startResponse('200 OK', length(10));
        return give(environ, startResponse);
      });
      const client = await serving.connect();
      client.send(get() + get(ALIVE));
      const answer = await client.answer().catch(() => null);
      if (name.endsWith('generator')) {
        expect(answer?.whole ?? false).toBe(false);
        await client.closed();
        expect(client.received.includes('alive')).toBe(false);
      } else {
        // All of it was known before anything was sent, so the client can be told.
        expect(answer?.code).toBe(500);
        expect((await client.answer()).text).toBe('alive');
      }
      await serving.log.has(/FAPWS_CONTENT_LENGTH/);
    },
  );

  test('F2: An answer shorter than its Content-Length is never taken for whole; nothing follows on its connection. (write)', async () => {
    const serving = await serve((_environ, startResponse) => {
      startResponse('200 OK', length(10))('abc');
      return null;
    });
    const client = await serving.connect();
    client.send(get());
    expect((await client.answer().catch(() => null))?.whole ?? false).toBe(false);
    await serving.log.has(/has 3 octets, but its Content-Length says 10/);
  });

  test('F3: Content whose length is known has a Content-Length; other content is sent in chunks to HTTP/1.1 and up to the end of the connection to HTTP/1.0.', async () => {
    const serving = await serve((environ, startResponse) => {
      startResponse('200 OK', []);
      return environ.PATH_INFO === '/known' ? 'abc' : new Set(['a', 'bc']);
    });
    const known = await serving.ask(get('/known'));
    expect([known.framing, known.text]).toEqual(['length', 'abc']);
    const old = await serving.ask(get('/known', { version: '1.0' }));
    expect([old.framing, old.text, old.header('connection')]).toEqual(['length', 'abc', 'close']);
    const chunked = await serving.ask(get('/stream'));
    expect([chunked.framing, chunked.text, chunked.whole]).toEqual(['chunked', 'abc', true]);
    const closing = await serving.ask(
      get('/stream', { version: '1.0', headers: ['Connection: keep-alive'] }),
    );
    expect([closing.framing, closing.text, closing.header('connection')]).toEqual(['close', 'abc', 'close']);
    expect(closing.header('transfer-encoding')).toBeUndefined();
  });

  const badLengths = ['', ' 5', '+5', '-1', '5.0', '0x5', '5, 5', 'five', '1'.repeat(16)];
  test.each(badLengths)(
    'F4: A Content-Length that is no number, or is given twice, is refused. (%j)',
    async value => {
      for (const headers of [
        [['Content-Length', value]],
        [
          ['Content-Length', '5'],
          ['content-length', '5'],
        ],
      ] as Headers[]) {
        const serving = await serve((_environ, startResponse) => {
          startResponse('200 OK', headers);
          return 'abcde';
        });
        expect((await serving.ask(get())).code).toBe(500);
        await serving.log.has(/FAPWS_CONTENT_LENGTH/);
      }
    },
  );
});

describe('write', () => {
  test('G1: What is written is sent like what is returned, in the order of the calls, and before it.', async () => {
    const serving = await serve((_environ, startResponse) => {
      const write = startResponse('200 OK', []);
      write('a');
      write(Buffer.from('b'));
      write('');
      write('é');
      return new Set(['c', 'd']);
    });
    const answer = await serving.ask(get());
    expect(answer.text).toBe('abécd');
    expect(answer.chunks).toEqual([1, 1, 2, 1, 1]);
    for (const rest of ['', 'x', null, ['x', 'y'], []]) {
      const other = await serve((_environ, startResponse) => {
        startResponse('200 OK', [])('w');
        return rest;
      });
      expect((await other.ask(get())).text).toBe(`w${Array.isArray(rest) ? rest.join('') : (rest ?? '')}`);
    }
  });

  test('G1: What is written is sent like what is returned, in the order of the calls, and before it. (from within the result)', async () => {
    // PEP 3333 forbids it to applications; here the order is kept all the same.
    const serving = await serve(function* (_environ, startResponse) {
      const write = startResponse('200 OK', []);
      yield 'a';
      write('b');
      yield 'c';
      write('d');
    });
    expect((await serving.ask(get())).text).toBe('abcd');
  });

  test('G2: `write` gives undefined while the client keeps up, and a promise of the moment when it has caught up.', async () => {
    const piece = Buffer.alloc(65_536, 'x');
    const promises: (Promise<void> | undefined)[] = [];
    const stalled = deferred();
    const serving = await serve(async (_environ, startResponse) => {
      const write = startResponse('200 OK', []);
      promises.push(write('small'));
      for (let round = 0; round < 300; round += 1) {
        const slow = write(piece);
        if (slow !== undefined) {
          promises.push(slow);
          stalled.resolve();
          await slow;
        }
      }
      return 'end';
    });
    const client = await serving.connect();
    client.socket.pause();
    client.send(get());
    await within('the client is slow', stalled.promise);
    expect(promises[0]).toBeUndefined();
    client.socket.resume();
    const answer = await client.answer();
    expect(answer.body).toHaveLength('small'.length + 300 * piece.length + 'end'.length);
  });

  test('G3: The promise of `write` is settled too when the client leaves; what is written then goes nowhere.', async () => {
    const stalled = deferred();
    const over = deferred<unknown>();
    const serving = await serve(async (_environ, startResponse) => {
      const write = startResponse('200 OK', []);
      try {
        for (let round = 0; round < 1000; round += 1) {
          const slow = write(Buffer.alloc(65_536));
          if (slow === undefined) continue;
          stalled.resolve();
          await slow;
        }
        write('more');
        over.resolve('went on');
      } catch (error) {
        over.resolve(error);
      }
      return 'end';
    });
    const client = await serving.connect();
    client.socket.pause();
    client.send(get());
    await within('the client is slow', stalled.promise);
    client.leave();
    expect(await within('the application goes on', over.promise)).toBe('went on');
    await serving.alive();
    expect(serving.log.text).toBe('');
  });

  test('G4: What is written after the answer is complete is an error of the application; no other answer sees it.', async () => {
    const late = deferred<unknown>();
    const serving = await serve((environ, startResponse) => {
      const write = startResponse('200 OK', []);
      if (environ.PATH_INFO === '/') {
        setImmediate(() => {
          try {
            write('late');
          } catch (error) {
            late.resolve(error);
          }
        });
      }
      return 'x';
    });
    const client = await serving.connect();
    client.send(get() + get('/2'));
    expect((await client.answer()).text).toBe('x');
    expect((await client.answer()).text).toBe('x');
    expect(await within('the late write', late.promise)).toMatchObject({ code: 'FAPWS_ANSWERED' });
  });
});

describe('file wrappers', () => {
  test('K1: `wsgi.file_wrapper(file, blockSize)` gives an iterable result and reads nothing before the server iterates it.', async () => {
    const sizes: number[] = [];
    const file = {
      read(size: number): string {
        sizes.push(size);
        return sizes.length < 3 ? 'ab' : '';
      },
    };
    const response = await call((environ, startResponse) => {
      startResponse('200 OK', []);
      const result = environ['wsgi.file_wrapper'](file, 7);
      expect(result).toBeInstanceOf(FileResult);
      expect(sizes).toEqual([]);
      return result;
    });
    expect(response.text()).toBe('abab');
    expect(sizes).toEqual([7, 7, 7]);

    // A middleware that does not pass the wrapper on gets nothing sent.
    const dropped = await call((environ, startResponse) => {
      startResponse('200 OK', []);
      environ['wsgi.file_wrapper'](file);
      return 'other';
    });
    expect(dropped.text()).toBe('other');
    expect(sizes).toHaveLength(3);
  });

  test('K2: A file wrapper can be iterated by anybody, and its `close()` closes the file.', async () => {
    let closed = 0;
    const wrapper = new FileResult({
      *[Symbol.iterator]() {
        yield 'a';
        yield 'b';
      },
      close: () => {
        closed += 1;
      },
    } as Iterable<string>);
    const pieces: unknown[] = [];
    for await (const piece of wrapper) pieces.push(piece);
    expect(pieces).toEqual(['a', 'b']);
    await wrapper.close();
    expect(closed).toBe(1);

    // Also where nothing was sent of it.
    const files: FileHandle[] = [];
    const serving = await serve(async environ => {
      const file = await open(filePath);
      files.push(file);
      return environ['wsgi.file_wrapper'](file);
    });
    expect((await serving.ask(get())).code).toBe(500);
    await serving.alive();
    await within(
      'the file is closed',
      (async () => {
        while (files[0]?.fd !== -1) await new Promise(resolve => setImmediate(resolve));
      })(),
    );
  });

  test('K2: A file wrapper can be iterated by anybody, and its `close()` closes the file. (a client that leaves)', async () => {
    let file: FileHandle | undefined;
    const serving = await serve(async (environ, startResponse) => {
      file = await open(filePath);
      startResponse('200 OK', []);
      const again = (async function* () {
        // Endless, so that the client certainly leaves in the middle.
        for (;;) {
          const { bytesRead, buffer } = await (file as FileHandle).read({ position: 0 });
          yield buffer.subarray(0, bytesRead);
        }
      })();
      return environ['wsgi.file_wrapper'](
        Object.assign(again, { close: () => (file as FileHandle).close() }),
      );
    });
    const client = await serving.connect();
    client.send(get());
    await client.until('the beginning', () => client.received.length > 0);
    client.leave();
    await within(
      'the file is closed',
      (async () => {
        while (file?.fd !== -1) await new Promise(resolve => setImmediate(resolve));
      })(),
    );
    await serving.alive();
  });

  test('K3: A file is sent from its present position to its end, or as far as the Content-Length goes.', async () => {
    const whole = '0123456789'.repeat(20_000);
    for (const [start, declared] of [
      [0, undefined],
      [150_000, undefined],
      [3, 5],
      [100, 100_000],
      [199_999, 1],
      [0, 0],
    ] as const) {
      const serving = await serve(async (environ, startResponse) => {
        const file = await open(filePath);
        if (start > 0) await file.read({ buffer: Buffer.alloc(start) });
        startResponse('200 OK', declared === undefined ? [] : length(declared));
        return environ['wsgi.file_wrapper'](file);
      });
      const client = await serving.connect();
      client.send(get() + get(ALIVE));
      const answer = await client.answer();
      expect(answer.text).toBe(whole.slice(start, declared === undefined ? undefined : start + declared));
      expect((await client.answer()).text).toBe('alive');
      expect(serving.log.text).toBe('');
    }
  });

  test('K4: What is no file is refused by name.', () => {
    for (const file of [undefined, null, 'path.txt', 5, {}, () => 'x']) {
      expect(() => new FileResult(file as never)).toThrow(expect.objectContaining({ code: 'FAPWS_FILE' }));
    }
  });
});
