// Content must come at a certain pace, on average and not counting the time in which nobody reads it.
import { describe, expect, test } from 'vitest';
import type { RequestError } from '../../src/http/errors.ts';
import type { Exchange } from '../../src/http/exchange.ts';
import { type Client, hello, type Octets, readContent, respond, Server, type ServerOptions } from './wire.ts';

const head = (length: number): string => `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}\r\n\r\n`;
const CHUNKED = 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n';
const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const x = (length: number): string => 'x'.repeat(length);

/** A server whose application reads, and what it learned. */
function reading(options: ServerOptions = {}): { server: Server; ends: string[] } {
  const ends: string[] = [];
  const server = new Server({
    ...options,
    app: exchange =>
      readContent(exchange, (content, error) => {
        ends.push(error?.code ?? String(content.length));
        if (error === null) respond(exchange, 'thanks');
      }),
  });
  return { server, ends };
}

/** Sends a piece each so many milliseconds. @returns milliseconds until the connection is no longer open, or that it is */
async function feed(
  server: Server,
  client: Client,
  piece: Octets,
  every: number,
  times: number,
): Promise<number | 'open'> {
  const begun = server.now;
  for (let count = 0; count < times; count += 1) {
    for (let waited = 0; waited < every; waited += 500) {
      server.advance(Math.min(500, every - waited));
      if (client.ending !== 'open') return server.now - begun;
    }
    client.send(piece);
    await server.quiet();
  }
  return client.ending === 'open' ? 'open' : server.now - begun;
}

describe('1000 octets per second, once the first 20 seconds are over', () => {
  test('a little each second is cut off with 408, and the application learns why', async () => {
    const { server, ends } = reading();
    const client = server.connect().send(head(1_000_000));
    const cutAfter = await feed(server, client, x(10), 1000, 100);
    expect(cutAfter).toBeGreaterThanOrEqual(20_000);
    expect(cutAfter).toBeLessThanOrEqual(21_500);
    await server.quiet();
    expect(client.statuses).toEqual([408]);
    expect(ends).toEqual(['FAPWS_CONTENT_TIMEOUT']);
  });

  test('nine tenths of it lasts ten times as long', async () => {
    const { server } = reading();
    const client = server.connect().send(head(1_000_000));
    const cutAfter = await feed(server, client, x(900), 1000, 300);
    expect(cutAfter).toBeGreaterThanOrEqual(190_000);
    expect(cutAfter).toBeLessThanOrEqual(202_000);
  });

  test.each([
    ['each second', 1000, 1000],
    ['in pieces of 10 KB each ten seconds', 10_000, 10_000],
    ['in pieces of 19 KB each nineteen seconds', 19_000, 19_000],
    ['octet by octet, one each millisecond', 500, 500],
  ])('just as much is enough, for as long as it takes: %s', async (_, octets, every) => {
    const { server, ends } = reading();
    const times = Math.ceil(300_000 / every);
    const client = server.connect().send(head(octets * times));
    expect(await feed(server, client, x(octets), every, times)).toBe('open');
    await server.quiet();
    expect([client.statuses, ends]).toEqual([[200], [String(octets * times)]]);
  });

  test('what came quickly at first is kept to its account', async () => {
    const { server } = reading();
    const client = server.connect().send(head(10_000_000));
    client.send(x(100_000));
    await server.quiet();
    const cutAfter = await feed(server, client, x(10), 1000, 300);
    expect(cutAfter).toBeGreaterThanOrEqual(120_000);
    expect(cutAfter).toBeLessThanOrEqual(123_000);
  });

  test('which does not help against 20 seconds without any', async () => {
    const { server } = reading();
    const client = server.connect().send(head(10_000_000));
    client.send(x(1_000_000));
    await server.quiet();
    server.advance(19_900);
    expect(client.ending).toBe('open');
    server.advance(1100);
    expect(client.statuses).toEqual([408]);
  });

  test('chunks are framing, not content', async () => {
    const { server } = reading();
    const client = server.connect().send(CHUNKED);
    // 600 octets a second, a tenth of them content.
    const cutAfter = await feed(server, client, `1\r\nx\r\n`.repeat(100), 1000, 100);
    expect(cutAfter).toBeGreaterThanOrEqual(20_000);
    expect(cutAfter).toBeLessThanOrEqual(24_000);
    expect(client.statuses).toEqual([408]);
  });

  test('neither are extensions and trailers', async () => {
    for (const begin of [`${CHUNKED}1;`, `${CHUNKED}0\r\nA:`]) {
      const { server } = reading({ limits: { field: 1e6, head: 1e6, chunkExtensions: 1e6 } });
      const client = server.connect().send(begin);
      const cutAfter = await feed(server, client, x(2000), 1000, 100);
      expect(cutAfter).toBeGreaterThanOrEqual(20_000);
      expect(cutAfter).toBeLessThanOrEqual(21_500);
    }
  });

  test('a small form in two pieces has its 20 seconds', async () => {
    const { server, ends } = reading();
    const client = server.connect().send(head(10));
    server.advance(15_000);
    client.send(x(5));
    await server.quiet();
    server.advance(4900);
    client.send(x(5));
    await server.quiet();
    expect([client.statuses, ends]).toEqual([[200], ['10']]);
  });

  test('each request has its own account', async () => {
    const { server } = reading();
    const client = server.connect();
    for (let round = 0; round < 5; round += 1) {
      client.send(head(10));
      server.advance(15_000);
      client.send(x(10));
      await server.quiet();
    }
    expect(client.statuses).toEqual(Array(5).fill(200));
    // Nor is there anything left of an upload before.
    client.send(head(100_000), x(100_000));
    await server.quiet();
    client.send(head(1_000_000));
    expect(await feed(server, client, x(10), 1000, 100)).toBeLessThanOrEqual(21_500);
  });
});

describe('time in which nobody reads', () => {
  /** An application that takes content when it is told to. */
  function holding(options: ServerOptions = {}): {
    server: Server;
    take: () => number;
    exchange: () => Exchange;
  } {
    const server = new Server({ ...options, app: exchange => void exchange.body });
    const exchange = (): Exchange => server.exchange;
    return {
      server,
      exchange,
      take() {
        let octets = 0;
        for (;;) {
          const chunk = exchange().body.take({ contentArrived: () => {} });
          if (chunk === null || chunk === undefined) return octets;
          octets += chunk.length;
        }
      },
    };
  }

  test('does not count', async () => {
    const { server, take } = holding();
    const client = server.connect().send(head(1_000_000), x(1000), x(1000));
    for (let round = 0; round < 10; round += 1) {
      await server.quiet();
      expect(client.paused).toBe(true);
      server.advance(3_600_000);
      expect(take()).toBe(1000);
      await server.quiet();
      // While it reads, the client keeps its pace.
      server.advance(1000);
      client.send(x(1000));
    }
    await server.quiet();
    expect(client.ending).toBe('open');
  });

  test('gives no credit either: afterwards the pace is asked for as before', async () => {
    const { server, take, exchange } = holding();
    const client = server.connect().send(head(1_000_000), x(10), x(10));
    await server.quiet();
    server.advance(3_600_000);
    take();
    readContent(exchange(), () => {});
    await server.quiet();
    const cutAfter = await feed(server, client, x(10), 1000, 100);
    expect(cutAfter).toBeGreaterThanOrEqual(19_000);
    expect(cutAfter).toBeLessThanOrEqual(21_500);
    expect(client.statuses).toEqual([408]);
  });

  test('S10.1.1 nor does that before the content was asked for', async () => {
    const { server, exchange } = holding();
    const client = server.connect().send(head(1_000_000).replace('Host', 'Expect: 100-continue\r\nHost'));
    server.advance(3_600_000);
    readContent(exchange(), () => {});
    expect(client.received).toContain('100 Continue');
    const cutAfter = await feed(server, client, x(10), 1000, 100);
    expect(cutAfter).toBeGreaterThanOrEqual(20_000);
    expect(cutAfter).toBeLessThanOrEqual(21_500);
  });

  test('an application that asks again and again does not put it off', async () => {
    const { server, take } = holding();
    const client = server.connect().send(head(1_000_000));
    let waited = 0;
    for (; client.ending === 'open' && waited < 60_000; waited += 1000) {
      take();
      server.advance(1000);
    }
    expect(waited).toBeLessThanOrEqual(21_000);
    expect(client.statuses).toEqual([408]);
  });
});

describe('content that nobody wants any more', () => {
  test('has an account of its own after the answer', async () => {
    const server = new Server({ limits: { discard: 1e9 } });
    const client = server.connect().send(head(1_000_000));
    expect(client.statuses).toEqual([200]);
    const cutAfter = await feed(server, client, x(10), 1000, 100);
    expect(cutAfter).toBeGreaterThanOrEqual(20_000);
    expect(cutAfter).toBeLessThanOrEqual(21_500);
    expect(client.statuses).toEqual([200]);
  });

  test('which does not begin before the answer', async () => {
    const errors: (RequestError | null)[] = [];
    const server = new Server({
      limits: { discard: 1e9 },
      app: exchange => readContent(exchange, (_, error) => errors.push(error)),
    });
    const client = server.connect().send(head(30_000));
    expect(await feed(server, client, x(1000), 1000, 15)).toBe('open');
    hello(server.exchange);
    expect(errors).toMatchObject([{ code: 'FAPWS_ANSWERED' }]);
    expect(await feed(server, client, x(1000), 1000, 15)).toBe('open');
    server.app = hello;
    expect(client.send(GET).statuses).toEqual([200, 200]);
  });
});

describe('options', () => {
  test('another rate', async () => {
    const { server } = reading({ limits: { contentRate: 50 } });
    const client = server.connect().send(head(1_000_000));
    const slow = server.connect().send(head(1_000_000));
    const ended = await Promise.all([feed(server, client, x(50), 1000, 100)]);
    expect(ended).toEqual(['open']);
    expect(slow.statuses).toEqual([408]);
  });

  test('0 switches it off: what counts is that something comes', async () => {
    const { server } = reading({ limits: { contentRate: 0 } });
    const client = server.connect().send(head(1_000_000));
    expect(await feed(server, client, 'x', 19_000, 100)).toBe('open');
    server.advance(21_000);
    expect(client.statuses).toEqual([408]);
  });

  test('Infinity for the idle time leaves the rate without its first seconds, so nothing strikes', async () => {
    const { server } = reading({ timeouts: { content: Number.POSITIVE_INFINITY } });
    const client = server.connect().send(head(1_000_000), 'x');
    server.advance(86_400_000);
    expect(client.ending).toBe('open');
  });
});
