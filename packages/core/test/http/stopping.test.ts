// What a server that stops does with connections that have no request in hand.
import { describe, expect, test } from 'vitest';
import { expectAfter, GET, POST, pending } from './timing.ts';
import { answersIn, header, hello, Server } from './wire.ts';

describe('a server that stops', () => {
  test('closes what was idle for a second, and gives the others that second for one request more', async () => {
    const server = new Server();
    const idle = server.connect().send(GET);
    const silent = server.connect();
    server.advance(1000);
    const fresh = server.connect().send(GET);
    const used = server.connect().send(GET);
    const young = server.connect();
    server.advance(500);
    const finished = server.protocol.finish(60_000);
    await server.quiet();
    expect([idle, silent, fresh, used, young].map(({ ending }) => ending)).toEqual([
      'closed',
      'closed',
      'open',
      'open',
      'open',
    ]);
    for (const client of [fresh, young]) {
      client.send(GET);
      const answer = answersIn(client.octets).at(-1);
      expect(header(answer as never, 'Connection')).toBe('close');
      expect(client.ending).toBe('half-closed');
      client.finish();
    }
    // Half a second of its second is over.
    await expectAfter(0.5, server, () => used.ending === 'closed');
    expect(used.statuses).toEqual([200]);
    expect(await finished).toBe(0);
  });

  test.each([
    ['idle', { timeouts: { idle: Number.POSITIVE_INFINITY } }],
    ['idle and connected', { timeouts: { idle: Number.POSITIVE_INFINITY, head: Number.POSITIVE_INFINITY } }],
    ['idle, with a short time', { timeouts: { idle: 0.5 } }],
  ])('does not wait longer with other bounds (%s)', async (_, options) => {
    const server = new Server(options);
    server.connect().send(GET);
    server.connect();
    const finished = server.protocol.finish(60_000);
    server.advance(1500);
    await server.quiet();
    expect(server.protocol.connections.size).toBe(0);
    expect(await finished).toBe(0);
  });

  test.each([
    ['that has its last answer and does not leave', 'GET / HTTP/1.0\r\n\r\n'],
    ['that was refused', 'GET\t'],
    ['that sends what nobody wants', POST],
  ])('gives a client %s a second to do so', async (_, octets) => {
    const server = new Server();
    const client = server.connect().send(octets);
    const finished = server.protocol.finish(60_000);
    await server.quiet();
    expect(client.ending).toBe('half-closed');
    client.send('x');
    await expectAfter(1, server, () => client.ending === 'closed');
    expect(await finished).toBe(0);
  });

  test('does not close one whose request is waiting to be looked at', async () => {
    const server = new Server({ app: pending });
    const client = server.connect().send(GET + GET);
    server.advance(5000);
    const finished = server.protocol.finish(60_000);
    hello(server.exchange);
    await server.quiet();
    expect(client.statuses).toEqual([200]);
    expect(client.received).toContain('Connection: close');
    client.finish();
    expect(await finished).toBe(0);
  });
});
