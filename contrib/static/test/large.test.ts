// Files that nobody keeps in memory: their way is core's, and what they say of themselves must hold to the last octet.

import { createHash } from 'node:crypto';
import { truncateSync, writeFileSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { request } from 'node:http';
import { connect } from 'node:net';
import { expect, test, vi } from 'vitest';
import { Opener } from '../src/opening.ts';
import { openFiles, Site, serve, until } from './serving.ts';

const MiB = 1_048_576;

function content(size: number): Buffer {
  const bytes = Buffer.alloc(size);
  for (let at = 0; at + 4 <= size; at += 4) bytes.writeUInt32LE(Math.imul(at, 2_654_435_761) >>> 0, at);
  return bytes;
}

/** A raw client that stops reading when the answer has begun, until it is told to go on. */
function slow(
  port: number,
  request: string,
): { octets: Buffer[]; begun: Promise<void>; ended: Promise<void>; socket: ReturnType<typeof connect> } {
  const octets: Buffer[] = [];
  const socket = connect(port, '127.0.0.1', () => socket.write(request));
  const ended = new Promise<void>(resolve => socket.on('close', () => resolve()));
  socket.on('error', () => {});
  const begun = new Promise<void>(resolve => {
    socket.once('data', () => {
      socket.pause();
      resolve();
    });
  });
  socket.on('data', piece => octets.push(piece as Buffer));
  return { octets, begun, ended, socket };
}

/** The hash of a file as it arrives, of which nothing is kept. */
function hashOf(port: number, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, path }, answer => {
      const hash = createHash('sha256');
      answer.on('data', (piece: Buffer) => hash.update(piece));
      answer.on('error', reject);
      answer.on('end', () => resolve(hash.digest('hex')));
    });
    asked.on('error', reject);
    asked.end();
  });
}

const get = (path: string, more = ''): string =>
  `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${more}\r\n`;

test('many at once arrive as they are, in bounded memory, and are closed', async () => {
  const bytes = content(24 * MiB);
  const hash = createHash('sha256').update(bytes).digest('hex');
  const site = new Site({ 'a.bin': bytes });
  const serving = await serve(site);
  await serving.ask('/a.bin', { headers: { Range: 'bytes=0-0' } });
  globalThis.gc?.();
  const before = process.memoryUsage().arrayBuffers;
  let most = 0;
  const watch = setInterval(() => {
    most = Math.max(most, process.memoryUsage().arrayBuffers - before);
  }, 5);
  const hashes = await Promise.all(Array.from({ length: 6 }, () => hashOf(serving.port, '/a.bin')));
  clearInterval(watch);
  expect(hashes).toEqual(Array(6).fill(hash));
  // A sixth of what was sent would be 24 MiB; most of what is seen here are the clients' own reads.
  expect(most).toBeLessThan(100 * MiB);
  await until('all files are closed', () => openFiles(site.root) === 0);
});

test('a file that becomes shorter while it is sent cuts the connection', async () => {
  const site = new Site({ 'a.bin': content(30 * MiB) });
  const serving = await serve(site, { cache: { seconds: 0 } });
  for (const more of ['', 'Range: bytes=5-30000000\r\n', 'Range: bytes=0-10,1000-31000000\r\n']) {
    writeFileSync(site.file('a.bin'), content(30 * MiB));
    const client = slow(serving.port, get('/a.bin', more));
    await client.begun;
    truncateSync(site.file('a.bin'), 1000);
    client.socket.resume();
    await client.ended;
    const received = Buffer.concat(client.octets);
    const length = Number(/Content-Length: (\d+)/.exec(received.toString('latin1', 0, 1000))?.[1]);
    expect(length).toBeGreaterThan(20 * MiB);
    expect(received.length).toBeLessThan(length);
  }
  expect(serving.log).toMatch(/Content-Length|shorter/);
  await until('all files are closed', () => openFiles(site.root) === 0);
  expect((await serving.ask('/a.bin')).status).toBe(200);
});

test('a file that grows while it is sent is sent as long as it was', async () => {
  const bytes = content(30 * MiB);
  const site = new Site({ 'a.log': bytes });
  const serving = await serve(site);
  const client = slow(serving.port, get('/a.log'));
  await client.begun;
  writeFileSync(site.file('a.log'), 'more', { flag: 'a' });
  client.socket.resume();
  await client.ended;
  const received = Buffer.concat(client.octets);
  expect(received.subarray(received.indexOf('\r\n\r\n') + 4).equals(bytes)).toBe(true);
});

test('a file that is replaced between look and opening has the headers of what is sent', async () => {
  const site = new Site({ 'a.bin': content(2 * MiB) });
  const serving = await serve(site, { cache: { seconds: 60 } });
  const { headers } = await serving.ask('/a.bin');
  const other = content(3 * MiB);
  site.write('a.bin', other);
  const answer = await serving.ask('/a.bin');
  expect(answer.headers['content-length']).toBe(String(other.length));
  expect(answer.headers.etag).not.toBe(headers.etag);
  expect(answer.body.equals(other)).toBe(true);
  // It may even be small now, or gone.
  site.write('a.bin', 'small');
  const { rmSync } = await import('node:fs');
  const small = await serving.ask('/a.bin');
  expect(small.body.toString()).toBe('small');
  site.write('b.bin', other);
  expect((await serving.ask('/b.bin')).status).toBe(200);
  rmSync(site.file('b.bin'));
  expect((await serving.ask('/b.bin')).status).toBe(404);
});

/** Keeps all handles that are opened: one that is forgotten would be closed by the garbage collector, some time. */
class Handles {
  readonly #handles: FileHandle[] = [];
  readonly #spy;

  constructor() {
    const { open } = Opener.prototype;
    const handles = this.#handles;
    this.#spy = vi.spyOn(Opener.prototype, 'open').mockImplementation(async function (this: Opener, path) {
      const opened = await open.call(this, path);
      if (typeof opened !== 'string') handles.push(opened.handle);
      return opened;
    });
  }

  get closed(): boolean {
    return this.#handles.length > 0 && this.#handles.every(({ fd }) => fd === -1);
  }

  [Symbol.dispose](): void {
    this.#spy.mockRestore();
  }
}

test('a file of which the part that is asked for is gone between look and opening is 416', async () => {
  using handles = new Handles();
  const site = new Site({ 'a.bin': content(3 * MiB) });
  const serving = await serve(site, { cache: { seconds: 60 } });
  await serving.ask('/a.bin', { method: 'HEAD' });
  site.write('a.bin', content(2 * MiB));
  const answer = await serving.ask('/a.bin', { headers: { Range: `bytes=${2 * MiB}-` } });
  expect([answer.status, answer.headers['content-range']]).toEqual([416, `bytes */${2 * MiB}`]);
  site.write('a.bin', content(2 * MiB + 1));
  const { headers } = await serving.ask('/a.bin');
  site.write('a.bin', content(2 * MiB + 2));
  const changed = await serving.ask('/a.bin', { headers: { 'If-Match': headers.etag as string } });
  expect(changed.status).toBe(412);
  await until('all files are closed', () => handles.closed);
});

test('a file whose headers can’t be sent is closed', async () => {
  using handles = new Handles();
  const site = new Site({ 'a.bin': content(2 * MiB) });
  const serving = await serve(site, { headers: () => [['X', 'a\r\nb']] });
  expect((await serving.ask('/a.bin')).status).toBe(500);
  expect((await serving.ask('/a.bin', { headers: { Range: 'bytes=0-1,5000-5001' } })).status).toBe(500);
  await until('all files are closed', () => handles.closed);
});

test('HEAD and 304 do not open it', async () => {
  const site = new Site({ 'a.bin': content(2 * MiB) });
  const serving = await serve(site, { cache: { seconds: 60 } });
  const { headers } = await serving.ask('/a.bin');
  await until('it is closed', () => openFiles(site.root) === 0);
  const { rmSync } = await import('node:fs');
  rmSync(site.file('a.bin'));
  expect((await serving.ask('/a.bin', { method: 'HEAD' })).headers['content-length']).toBe(String(2 * MiB));
  expect((await serving.ask('/a.bin', { headers: { 'If-None-Match': headers.etag as string } })).status).toBe(
    304,
  );
});
