// Bounds of connections, over sockets: who is refused is told so, who leaves makes room, who sends too much can read why.

import { connect } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type Address, start, type TcpAddress } from '../../src/index.ts';
import { socketPath } from '../loop/recorder.ts';
import { Client } from './client.ts';
import { type Serving, says, serving } from './serving.ts';

const hello = (limits: object): Promise<Serving> => serving(it => it.mount('/', says('hello')), { limits });

/** Waits until a new client is served: the server may not have noticed yet that another has left. */
async function untilAdmitted(address: Address): Promise<Client> {
  const begun = performance.now();
  for (;;) {
    const client = await Client.connect(address);
    try {
      if ((await client.get('/')).code === 200) return client;
    } catch {
      // Closed before it could ask.
    }
    client.peer.reset();
    if (performance.now() - begun > 3000) throw new Error('nobody is admitted');
    await new Promise(resolve => setTimeout(resolve, 10));
  }
}

function leaveAtOnce(port: number): void {
  const socket = connect(port, '127.0.0.1', () => socket.resetAndDestroy());
  socket.on('error', () => {});
}

describe('connections', () => {
  test.each([
    ['in total', { connections: 2 }],
    ['of one address', { connectionsPerAddress: 2 }],
  ])('%s: one too many reads a 503 and the end, without having asked', async (_, limits) => {
    const it = await hello(limits);
    const clients = [await it.client(), await it.client()];
    for (const client of clients) expect((await client.get('/')).text).toBe('hello');
    const refused = await it.client();
    const answer = await refused.answer();
    expect([answer.code, answer.header('Connection')]).toEqual([503, 'close']);
    expect(answer.text).toBe('503 Service Unavailable\nThere are too many connections. Try again later.\n');
    await refused.peer.untilEnded();
    expect(refused.peer.error).toBeNull();
    for (const client of clients) expect((await client.get('/')).text).toBe('hello');
    clients[0]?.peer.end();
    await clients[0]?.peer.untilClosed();
    await untilAdmitted(it.address);
  });

  test('a client that asks as it connects can read its 503', async () => {
    const it = await hello({ connections: 1 });
    const first = await it.client();
    await first.get('/');
    for (let round = 0; round < 20; round += 1) {
      const refused = await it.client();
      const answer = await refused.get('/');
      expect(answer.code).toBe(503);
      expect(refused.peer.error).toBeNull();
      refused.peer.end();
    }
  });

  test('of a unix socket count in total only', async () => {
    const path = socketPath();
    const server = start([{ host: '127.0.0.1', port: 0 }, { path }], {
      limits: { connections: 5, connectionsPerAddress: 1 },
    }).mount('/', says('hello'));
    onTestFinished(async () => {
      await server.stop({ graceMs: 0 });
    });
    const [tcp] = await server.listen();
    expect((await (await Client.connect(tcp as Address)).get('/')).code).toBe(200);
    expect((await (await Client.connect(tcp as Address)).answer()).code).toBe(503);
    for (let count = 0; count < 4; count += 1) {
      expect((await (await Client.connect({ path })).get('/')).code).toBe(200);
    }
    expect((await (await Client.connect({ path })).answer()).code).toBe(503);
  });

  test('make room, however their clients leave', async () => {
    const it = await hello({ connections: 1, connectionsPerAddress: 1 });
    const { port } = it.address as TcpAddress;
    for (let round = 0; round < 60; round += 1) {
      const client = await untilAdmitted(it.address);
      switch (round % 6) {
        case 0:
          client.peer.end();
          break;
        case 1:
          client.peer.reset();
          break;
        case 2:
          client.send('GET / HT');
          client.peer.reset();
          break;
        case 3:
          client.send('rubbish\r\n\r\n');
          await client.answer();
          client.peer.end();
          break;
        case 4:
          client.request('POST', '/', { 'Content-Length': '100' });
          client.peer.reset();
          break;
        default:
          // Another one, which is gone before the server has looked.
          leaveAtOnce(port);
          client.request('GET', '/', { Connection: 'close' });
          client.peer.end();
      }
    }
    (await untilAdmitted(it.address)).peer.end();
    expect(it.log).toBe('');
  });
});

describe('content that is too large', () => {
  /** Sends as much as the server takes, until that ends. */
  function flood(client: Client, octets: number): void {
    client.send(Buffer.alloc(octets, 'x'));
  }

  test.each([
    ['by its length', `Content-Length: ${4 << 20}\r\n`, ''],
    ['in chunks', 'Transfer-Encoding: chunked\r\n', `${(4 << 20).toString(16)}\r\n`],
  ])('a client that has sent all of it before it looks can read the 413: %s', async (_, framing, before) => {
    const it = await serving(
      link =>
        link.mount('/', async (environ, startResponse) => {
          await environ['wsgi.input'].read();
          return says('hello')(environ, startResponse);
        }),
      { limits: { content: 1000 } },
    );
    const client = await it.client();
    client.send(`POST / HTTP/1.1\r\nHost: a\r\n${framing}\r\n${before}`);
    await client.peer.sent(Buffer.alloc(4 << 20, 'x'));
    // Without the draining the answer is lost in a reset here.
    await new Promise(resolve => setTimeout(resolve, 50));
    const answer = await client.answer();
    expect([answer.code, answer.header('Connection')]).toEqual([413, 'close']);
    await client.peer.untilEnded();
    client.peer.end();
    await client.peer.untilClosed();
    expect(client.peer.error).toBeNull();
  });

  test('the draining has an end in octets', async () => {
    const it = await serving(link => link.mount('/', says('hello')), {
      limits: { content: 1000, linger: 1 << 20 },
    });
    const client = await it.client();
    client.request('POST', '/', { 'Content-Length': String(1 << 30) });
    flood(client, 64 << 20);
    await client.peer.untilClosed();
    expect(client.peer.text).toMatch(/^HTTP\/1.1 413 /);
    expect(client.peer.error?.code).toMatch(/^E(CONNRESET|PIPE)$/);
  });

  test('and in time', async () => {
    const it = await serving(link => link.mount('/', says('hello')), {
      limits: { content: 1000, linger: 1 << 30 },
      timeouts: { linger: 0.5 },
    });
    const client = await it.client();
    client.request('POST', '/', { 'Content-Length': String(1 << 30) });
    const begun = performance.now();
    expect((await client.answer()).code).toBe(413);
    const dripping = setInterval(() => client.send('x'), 20);
    onTestFinished(() => clearInterval(dripping));
    await client.peer.untilClosed();
    expect(performance.now() - begun).toBeLessThan(3000);
  });
});

describe('requests that are pipelined', () => {
  test('behind one that is not answered fill one read, then the client has to wait', async () => {
    const it = await serving(link => link.mount('/', () => new Promise(() => {})));
    const client = await it.client();
    const request = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
    const megabyte = request.repeat(Math.ceil((1 << 20) / request.length));
    for (let count = 0; count < 64; count += 1) client.send(megabyte);
    const { socket } = client.peer;
    // What the kernels of both ends hold is some megabytes; what the server holds must not grow.
    let taken = -1;
    for (let quiet = 0; quiet < 10; ) {
      await new Promise(resolve => setTimeout(resolve, 20));
      const now = socket.bytesWritten - socket.writableLength;
      quiet = now === taken ? quiet + 1 : 0;
      taken = now;
    }
    expect(taken).toBeLessThan(24 << 20);
    expect(socket.writableLength).toBeGreaterThan(0);
  });
});

describe('the page of a refusal', () => {
  test('is made for each one anew: the base may say something else every time, and may fail', async () => {
    let count = 0;
    const it = await serving(link =>
      link
        .base({
          errorPage(status, detail) {
            count += 1;
            if (count === 3) throw new Error('no page');
            return { headers: [['X-Count', String(count)]], content: `${count} ${status}: ${detail}` };
          },
        })
        .mount('/', says('hello')),
    );
    const pages: (string | undefined)[][] = [];
    for (let round = 0; round < 4; round += 1) {
      const client = await it.client();
      client.send('GET / HTTP/1.1\r\n\r\n');
      const answer = await client.answer();
      expect([answer.code, answer.header('Connection')]).toEqual([400, 'close']);
      pages.push([answer.header('X-Count'), answer.text]);
    }
    const detail = 'The Host field is missing, repeated or invalid.';
    expect(pages).toEqual([
      ['1', `1 400 Bad Request: ${detail}`],
      ['2', `2 400 Bad Request: ${detail}`],
      [undefined, `400 Bad Request\n${detail}\n`],
      ['4', `4 400 Bad Request: ${detail}`],
    ]);
    expect(it.log).toContain('the error page for a request that was refused');
  });
});
