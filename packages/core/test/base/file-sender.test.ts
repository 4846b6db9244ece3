// Files on their way: through one block at a time, at the client's pace, and never anything but what the file has.

import { createReadStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type FileHandle, open, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { Base } from '../../src/base/base.ts';
import { FileSender } from '../../src/base/file-sender.ts';
import type { Exchange } from '../../src/http/exchange.ts';
import { type FileExtent, FileResult, type Headers } from '../../src/index.ts';
import { get, serve, within } from '../contract/support.ts';

const BLOCK = 262_144;

const folder = mkdtempSync(join(tmpdir(), 'fapws-file-sender-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Octets of which no two blocks are alike. */
function content(size: number, seed: number): Buffer {
  const bytes = Buffer.alloc(size);
  for (let at = 0; at + 4 <= size; at += 4)
    bytes.writeUInt32LE((Math.imul(at, 2_654_435_761) ^ seed) >>> 0, at);
  return bytes;
}

function file(name: string, size: number, seed = 1): { path: string; bytes: Buffer } {
  const path = join(folder, name);
  const bytes = content(size, seed);
  writeFileSync(path, bytes);
  return { path, bytes };
}

const length = (octets: number): Headers => [['Content-Length', String(octets)]];

/** Calls `told` with each buffer that is read into. */
function watched(handle: FileHandle, told: (buffer: Buffer) => void): FileHandle {
  return new Proxy(handle, {
    get(target, key) {
      if (key === 'read') {
        return (buffer: Buffer, ...rest: [number, number, number | null]) => {
          told(buffer);
          return target.read(buffer, ...rest);
        };
      }
      const value = Reflect.get(target, key) as unknown;
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

const closed = (handle: FileHandle | undefined): Promise<void> =>
  within(
    'the file is closed',
    (async () => {
      while (handle?.fd !== -1) await new Promise(resolve => setImmediate(resolve));
    })(),
  );

test.each([
  ['with a Content-Length', true],
  ['in chunks', false],
])('a file of many blocks arrives as it is at a client that reads slowly, %s', async (_, declared) => {
  const { path, bytes } = file('large', 20 * BLOCK + 12_345);
  const buffers = new Set<Buffer>();
  let handle: FileHandle | undefined;
  const serving = await serve(async (_environ, startResponse) => {
    handle = await open(path);
    startResponse('200 OK', declared ? length(bytes.length) : []);
    return new FileResult(watched(handle, buffer => buffers.add(buffer)));
  });
  const client = await serving.connect();
  // The kernel's buffers fill up, so that the transport has to keep what was written.
  client.socket.pause();
  client.send(get());
  await new Promise(resolve => setTimeout(resolve, 100));
  const pausing = setInterval(() => {
    client.socket.pause();
    setTimeout(() => client.socket.resume(), 2);
  }, 5);
  try {
    client.socket.resume();
    const answer = await client.answer();
    expect(answer.body.equals(bytes)).toBe(true);
  } finally {
    clearInterval(pausing);
  }
  // One block goes round; a few more may have been needed where the transport still had one.
  expect(buffers.size).toBeLessThan(6);
  await closed(handle);
});

test('files that are sent at the same time do not get into each other’s blocks', {
  timeout: 30_000,
}, async () => {
  const files = Array.from({ length: 12 }, (_, at) => file(`one-of-many-${at}`, 5 * BLOCK + at, at + 7));
  const serving = await serve(async ({ PATH_INFO }, startResponse) => {
    const { path, bytes } = files[Number(PATH_INFO.slice(1))] as (typeof files)[number];
    startResponse('200 OK', length(bytes.length));
    return new FileResult(await open(path));
  });
  for (let round = 0; round < 3; round += 1) {
    await Promise.all(
      files.map(async ({ bytes }, at) => {
        const answer = await serving.ask(get(`/${at}`));
        expect(answer.body.equals(bytes)).toBe(true);
      }),
    );
  }
  expect(serving.log.text).toBe('');
});

describe('a part of a file', () => {
  const { path, bytes } = file('parts', 3 * BLOCK);

  test.each<[string, FileExtent, number, number]>([
    ['from a start to the end', { start: 1000 }, 1000, bytes.length],
    ['from a start', { start: BLOCK - 1, length: 2 }, BLOCK - 1, BLOCK + 1],
    ['over more than one block', { start: 5, length: 2 * BLOCK + 5 }, 5, 2 * BLOCK + 10],
    ['from the present position', { length: 10 }, 0, 10],
    ['nothing', { start: 5, length: 0 }, 5, 5],
  ])('%s', async (_, extent, start, end) => {
    const handles: FileHandle[] = [];
    const serving = await serve(async (environ, startResponse) => {
      const handle = await open(path);
      handles.push(handle);
      startResponse('200 OK', environ.PATH_INFO === '/declared' ? length(end - start) : []);
      return new FileResult(handle, undefined, extent);
    });
    for (const target of ['/', '/declared']) {
      expect((await serving.ask(get(target))).body.equals(bytes.subarray(start, end))).toBe(true);
    }
    // Anybody else who iterates it gets the same.
    const result = new FileResult(await open(path), 1000, extent);
    const pieces: Uint8Array[] = [];
    for await (const piece of result) pieces.push(piece as Uint8Array);
    await result.close();
    expect(Buffer.concat(pieces).equals(bytes.subarray(start, end))).toBe(true);
    for (const handle of handles) await closed(handle);
  });

  test('only a file handle can begin elsewhere', () => {
    const stream = createReadStream(path);
    expect(() => new FileResult(stream, undefined, { start: 1 })).toThrow(
      expect.objectContaining({ code: 'FAPWS_FILE' }),
    );
    stream.destroy();
  });
});

test('a file that becomes shorter while it is sent cuts the connection', async () => {
  const { path, bytes } = file('shrinking', 40 * BLOCK);
  let handle: FileHandle | undefined;
  const serving = await serve(async (_environ, startResponse) => {
    handle = await open(path);
    startResponse('200 OK', length(bytes.length));
    return new FileResult(handle, undefined, { start: 0, length: bytes.length });
  });
  const client = await serving.connect();
  client.socket.pause();
  client.send(get());
  await new Promise(resolve => setTimeout(resolve, 100));
  await truncate(path, 1000);
  client.socket.resume();
  const answer = await client.answer();
  expect(answer.whole).toBe(false);
  expect(answer.body.length).toBeLessThan(bytes.length);
  expect(bytes.subarray(0, answer.body.length).equals(answer.body)).toBe(true);
  await serving.log.has(/FAPWS_CONTENT_LENGTH|its Content-Length says/);
  await closed(handle);
  await serving.alive();
});

test('a file that can’t be read any more cuts the connection, and is closed', async () => {
  const { path } = file('unreadable', 3 * BLOCK);
  let handle: FileHandle | undefined;
  let reads = 0;
  const serving = await serve(async (_environ, startResponse) => {
    handle = await open(path);
    startResponse('200 OK', length(3 * BLOCK));
    return new FileResult(
      watched(handle, () => {
        reads += 1;
        if (reads === 2) throw new Error('the disk is gone');
      }),
    );
  });
  const answer = await serving.ask(get());
  expect(answer.whole).toBe(false);
  await serving.log.has(/the disk is gone/);
  await closed(handle);
  await serving.alive();
});

test('a client that leaves in the middle of a read: the file is closed, the block is nobody’s until the read is over', async () => {
  const { path } = file('left', 64 * BLOCK);
  const handles: FileHandle[] = [];
  const serving = await serve(async (_environ, startResponse) => {
    const handle = await open(path);
    handles.push(handle);
    startResponse('200 OK', length(64 * BLOCK));
    return new FileResult(handle);
  });
  for (let round = 0; round < 20; round += 1) {
    const client = await serving.connect();
    client.send(get());
    await client.until('the beginning', () => client.received.length > 0);
    client.leave();
  }
  for (const handle of handles) await closed(handle);
  expect(serving.log.text).toBe('');
  const { bytes } = file('left', 8 * BLOCK, 99);
  const other = await serve(async (_environ, startResponse) => {
    startResponse('200 OK', length(bytes.length));
    return new FileResult(await open(path));
  });
  expect((await other.ask(get())).body.equals(bytes)).toBe(true);
});

test('the next request of the connection is answered behind a file', async () => {
  const { path, bytes } = file('pipelined', BLOCK + 1);
  const serving = await serve(async (_environ, startResponse) => {
    startResponse('200 OK', length(bytes.length));
    return new FileResult(await open(path));
  });
  const client = await serving.connect();
  client.send(get().repeat(5));
  for (let count = 0; count < 5; count += 1) expect((await client.answer()).body.equals(bytes)).toBe(true);
});

describe('a block', () => {
  /** What the sender sees of an answer, and what it reads into. */
  function begin(size = BLOCK * 4) {
    const reads: { buffer: Buffer; finish(): void }[] = [];
    const transport = { backlog: 0 };
    let over: () => void = () => {};
    const exchange = {
      room: size,
      head: { method: 'GET' },
      started: true,
      connection: { transport },
      send: () => true,
      finish: () => over(),
      whenWritable: () => {},
      whenOver: (task: () => void) => {
        over = task;
      },
    };
    const handle = {
      fd: 1,
      stat: () => {},
      close: async () => {},
      read: (buffer: Buffer, _offset: number, length: number) =>
        new Promise(resolve => reads.push({ buffer, finish: () => resolve({ bytesRead: length }) })),
    } as unknown as FileHandle;
    const result = new FileResult(handle);
    new FileSender({} as Base, exchange as unknown as Exchange, result, handle).run();
    return { reads, transport, leave: () => over() };
  }

  const turns = async (): Promise<void> => {
    for (let turn = 0; turn < 3; turn += 1) await new Promise(resolve => setImmediate(resolve));
  };

  // Compared by hand: `toBe` would look at each octet of two blocks to say how they differ.
  test('is read into again when the kernel has it, and not before', async () => {
    const { reads, transport, leave } = begin();
    reads[0]?.finish();
    await turns();
    expect(reads[1]?.buffer === reads[0]?.buffer).toBe(true);
    transport.backlog = 5;
    reads[1]?.finish();
    await turns();
    expect((reads[2]?.buffer === reads[1]?.buffer) === false).toBe(true);
    leave();
  });

  test('whose read is under way when the answer ends is nobody’s before that read has ended', async () => {
    const first = begin();
    first.leave();
    await turns();
    const second = begin();
    expect((second.reads[0]?.buffer === first.reads[0]?.buffer) === false).toBe(true);
    first.reads[0]?.finish();
    await turns();
    const third = begin();
    expect(third.reads[0]?.buffer === first.reads[0]?.buffer).toBe(true);
  });

  test('that the kernel does not have when the answer ends is nobody’s any more', async () => {
    const first = begin(BLOCK);
    first.transport.backlog = BLOCK;
    first.reads[0]?.finish();
    await turns();
    // The answer is over: the next read found nothing left.
    for (let number = 0; number < 9; number += 1)
      expect((begin().reads[0]?.buffer === first.reads[0]?.buffer) === false).toBe(true);
  });
});
