// The link to a worker, over a real pair of sockets: what arrives, in whatever pieces, what leaves, and how it ends. Around the
// socket's handle, and by what node:net documents, as on a Node whose sockets look otherwise.

import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Channel } from '../src/channel.ts';
import { Answer, arrivals, HEADER, Log, lasting, writeHeader } from '../src/protocol.ts';

let server: Server;
let path = '';
beforeEach(async () => {
  path = join(tmpdir(), `fapws-channel-${process.pid}-${Math.random()}`);
  server = createServer().listen(path);
  await once(server, 'listening');
});
afterEach(() => server.close());

/** What a channel was told, and its two ends. */
class Told {
  readonly payloads: Buffer[] = [];
  reads = 0;
  ends: string[] = [];
  #news: (() => void)[] = [];

  message(_type: number, _flags: number, request: number, _argument: number, payload: Buffer): void {
    expect(request).toBe(this.payloads.length + 1);
    this.payloads.push(lasting(payload));
  }
  afterRead(): void {
    this.reads += 1;
    for (const tell of this.#news.splice(0)) tell();
  }
  malformed(error: Error): void {
    this.ends.push(error.message);
  }
  unwritable(): void {
    this.ends.push('unwritable');
  }
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>(resolve => this.#news.push(resolve));
  }
}

async function linked(
  publicApiOnly: boolean,
): Promise<{ told: Told; channel: Channel; given: Socket; worker: Socket }> {
  const accepted = once(server, 'connection');
  const worker = connect(path);
  const [given] = (await accepted) as [Socket];
  const told = new Told();
  return { told, channel: new Channel(given, told, publicApiOnly), given, worker };
}

function message(request: number, payload: Buffer): Buffer {
  const octets = Buffer.alloc(HEADER + payload.length);
  writeHeader(octets, 0, payload.length, request % 2 === 0 ? Answer : Log, 0, request, 0);
  payload.copy(octets, HEADER);
  return octets;
}

describe.each([
  ['around the handle', false],
  ['by the public interface', true],
])('a channel %s', (_, publicApiOnly) => {
  test('tells messages of any size, which nobody writes to again', async () => {
    const { told, channel, worker } = await linked(publicApiOnly);
    const sizes = [0, 1, 15, 16, 17, 1000, 65_536, arrivals.length - HEADER, arrivals.length, 1_000_000, 3];
    const payloads = sizes.map((size, at) => Buffer.alloc(size, at + 1));
    worker.write(Buffer.concat(payloads.map((payload, at) => message(at + 1, payload))));
    await told.until(() => told.payloads.length === sizes.length);
    // What comes later is put into the same memory.
    worker.write(message(sizes.length + 1, Buffer.alloc(arrivals.length - HEADER, 0xff)));
    await told.until(() => told.payloads.length > sizes.length);
    for (const [at, payload] of payloads.entries()) {
      expect([at, told.payloads[at]?.equals(payload)]).toEqual([at, true]);
    }
    channel.destroy();
  });

  test('writes messages in their order, the large ones among the small ones, to one who reads slowly', async () => {
    const { channel, worker } = await linked(publicApiOnly);
    const expected: Buffer[] = [];
    for (let request = 1; request <= 300; request += 1) {
      const payload = Buffer.alloc(request % 7 === 0 ? 20_000 : request, request % 251);
      expected.push(message(request, payload));
      channel.output.message(request % 2 === 0 ? Answer : Log, 0, request, 0, payload);
      if (request % 50 === 0) await new Promise(resolve => setImmediate(resolve));
    }
    const whole = Buffer.concat(expected);
    const received: Buffer[] = [];
    let octets = 0;
    worker.on('data', (data: Buffer) => {
      received.push(data);
      octets += data.length;
      worker.pause();
      setImmediate(() => worker.resume());
    });
    while (octets < whole.length) await once(worker, 'data');
    expect(Buffer.concat(received).equals(whole)).toBe(true);
    channel.destroy();
  });

  test('ends when the other end does, for those too who hold the socket that was given', async () => {
    const { told, given, worker } = await linked(publicApiOnly);
    const closed = once(given, 'close');
    worker.end(message(1, Buffer.from('the last word')));
    await closed;
    expect(told.payloads.map(String)).toEqual(['the last word']);
    expect(told.ends).toEqual([]);
  });

  test('ends with the socket that was given, and by destroy()', async () => {
    for (const end of ['given', 'channel'] as const) {
      const link = await linked(publicApiOnly);
      const closed = [once(link.worker, 'close'), once(link.given, 'close')];
      link.worker.resume();
      link[end].destroy();
      await Promise.all(closed);
    }
  });

  test('tells of what is no message, and of nothing behind it', async () => {
    const { told, given, worker } = await linked(publicApiOnly);
    const closed = once(given, 'close');
    worker.write(
      Buffer.concat([message(1, Buffer.from('one')), Buffer.alloc(40, 0x67), message(2, Buffer.from('two'))]),
    );
    await closed;
    expect(told.payloads.map(String)).toEqual(['one']);
    expect(told.ends[0]).toMatch(/no message: g{16}/);
  });

  test('ends when it can’t be written to any more', async () => {
    const { told, channel, given, worker } = await linked(publicApiOnly);
    const closed = once(given, 'close');
    worker.destroy();
    await once(worker, 'close');
    while (!given.closed) {
      channel.output.message(Answer, 0, 1, 0, Buffer.alloc(20_000));
      await Promise.race([closed, new Promise(resolve => setImmediate(resolve))]);
    }
    expect(told.ends.filter(end => end !== 'unwritable')).toEqual([]);
  });
});
