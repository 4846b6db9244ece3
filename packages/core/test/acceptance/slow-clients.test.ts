// One slow client must not delay another one: Fapws3's test_slow_client, and its counterpart that sends slowly.

import { createReadStream, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Address, Server, TcpAddress } from '../../src/index.ts';
import { folder } from '../loop/recorder.ts';
import { Watched } from '../loop/watched.ts';
import type { Client } from '../server/client.ts';
import { serving } from '../server/serving.ts';

const MIB = 1024 * 1024;

/** Reads `size` octets every `milliseconds`, and leaves all others to the kernel. */
class SlowReader extends Watched {
  octets = 0;
  readonly socket: Socket;

  constructor(address: Address, request: string, size: number, milliseconds: number) {
    super();
    const { host, port } = address as TcpAddress;
    const socket = connect({
      host,
      port,
      onread: {
        buffer: Buffer.alloc(size),
        callback: count => {
          this.octets += count;
          this.changed();
          setTimeout(() => socket.resume(), milliseconds);
          return false;
        },
      },
    });
    this.socket = socket;
    socket.write(request);
    socket.on('error', () => {});
    onTestFinished(() => {
      socket.destroy();
    });
  }
}

/** Asks for the time again and again. @returns the longest wait, in milliseconds */
async function longestWait(client: Client, times: number): Promise<number> {
  let longest = 0;
  for (let round = 0; round < times; round += 1) {
    const begun = performance.now();
    const answer = await client.get('/time');
    longest = Math.max(longest, performance.now() - begun);
    expect(Math.abs(Number(answer.text) - Date.now())).toBeLessThan(10_000);
  }
  return longest;
}

/** Far less than what the slow client takes, far more than what a busy machine adds. */
const UNDISTURBED = 500;

const time = (server: Server): Server =>
  server.mount('/time', (_, startResponse) => {
    startResponse('200 OK', [['Content-Type', 'text/plain']]);
    return [String(Date.now())];
  });

describe('a client that reads 80 octets a second', { timeout: 20_000 }, () => {
  // The original's file had 1 MiB, which a kernel of today takes as a whole.
  test.each([1, 32])('of a file of %i MiB delays nobody', async size => {
    const path = join(folder(), 'file');
    writeFileSync(path, Buffer.alloc(size * MIB, 'x'));
    const made = await serving(server =>
      time(server).mount('/file', (environ, startResponse) => {
        startResponse('200 OK', [['Content-Type', 'text/plain']]);
        return environ['wsgi.file_wrapper'](createReadStream(path));
      }),
    );
    const slow = new SlowReader(made.address, 'GET /file HTTP/1.1\r\nHost: a\r\n\r\n', 80, 1000);
    await slow.until('it reads', () => slow.octets >= 80);
    const client = await made.client();
    expect(await longestWait(client, 100)).toBeLessThan(UNDISTURBED);
    await slow.until('it still reads', () => slow.octets >= 240);
    expect(await longestWait(client, 100)).toBeLessThan(UNDISTURBED);
  });

  test('of an endless generator delays nobody, and is sent no more than it can wait for', async () => {
    let pieces = 0;
    const made = await serving(server =>
      time(server).mount('/endless', function* (_environ, startResponse) {
        startResponse('200 OK', [['Content-Type', 'text/plain']]);
        for (;;) {
          pieces += 1;
          yield 'x'.repeat(1024);
        }
      }),
    );
    const slow = new SlowReader(made.address, 'GET /endless HTTP/1.1\r\nHost: a\r\n\r\n', 80, 1000);
    await slow.until('it reads', () => slow.octets >= 80);
    const client = await made.client();
    expect(await longestWait(client, 100)).toBeLessThan(UNDISTURBED);
    const before = pieces;
    expect(await longestWait(client, 100)).toBeLessThan(UNDISTURBED);
    expect(pieces).toBe(before);
    expect(pieces * 1024).toBeLessThan(64 * MIB);
  });
});

describe('a client that sends slowly', { timeout: 20_000 }, () => {
  test('its request, octet by octet, delays nobody, and is answered', async () => {
    const made = await serving(server =>
      time(server).mount('/echo', async (environ, startResponse) => {
        const text = await environ['wsgi.input'].text();
        startResponse('200 OK', [['Content-Type', 'text/plain']]);
        return [text];
      }),
    );
    const slow = await made.client();
    const request =
      'POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 20\r\n\r\ntwenty octets, slowly';
    let sent = 0;
    const sending = setInterval(() => {
      slow.send(request.charAt(sent));
      sent += 1;
      if (sent === request.length) clearInterval(sending);
    }, 10);
    onTestFinished(() => clearInterval(sending));
    const client = await made.client();
    while (sent < request.length) expect(await longestWait(client, 20)).toBeLessThan(UNDISTURBED);
    expect((await slow.answer()).text).toBe('twenty octets, slowl');
  });

  test('a large upload that its callback does not read stays with the client', async () => {
    const { gate } = await import('../server/serving.ts');
    const read = gate();
    let octets = 0;
    const made = await serving(
      server =>
        time(server).mount('/later', async (environ, startResponse) => {
          await read.opened;
          for await (const piece of environ['wsgi.input']) octets += piece.length;
          startResponse('200 OK', [['Content-Type', 'text/plain']]);
          return [String(octets)];
        }),
      { limits: { content: 64 * MIB } },
    );
    const sender = await made.client();
    const content = Buffer.alloc(32 * MIB);
    sender.request('POST', '/later', { 'Content-Length': String(content.length) });
    const sent = sender.peer.sent(content);
    const client = await made.client();
    expect(await longestWait(client, 50)).toBeLessThan(UNDISTURBED);
    expect(sender.peer.socket.writableLength, 'the client is made to wait').toBeGreaterThan(0);
    read.open();
    await sent;
    expect((await sender.answer()).text).toBe(String(content.length));
  });
});
