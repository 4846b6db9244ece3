// Nobody is sent more than it takes, and nothing is read that nobody wants yet.
import { describe, expect, test } from 'vitest';
import type { Exchange } from '../../src/http/exchange.ts';
import { answersIn, hello, readContent, respond, Server } from './wire.ts';

const READ = 65_536;
const read = (octet = 'x'): string => octet.repeat(READ);
const post = (length: number): string => `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}\r\n\r\n`;
const get = (path: string | number): string => `GET /${path} HTTP/1.1\r\nHost: a\r\n\r\n`;
const reader = { contentArrived: (): void => {} };
const pending = (): void => {};

describe('content', () => {
  test('that nobody reads stops the reading after one read', async () => {
    const server = new Server({ app: pending });
    const client = server.connect().send(post(10 * READ), ...Array(10).fill(read()));
    await server.quiet();
    expect(client.paused).toBe(true);
    expect(client.unread).toBe(9 * READ);
    expect(server.exchange.unread).toBe(READ);
    // It is the application's pace, not the client's.
    server.advance(3_600_000);
    expect(client.ending).toBe('open');
  });

  test('that came with the head stops the reading likewise', () => {
    const server = new Server({ app: pending });
    const client = server.connect().send(`${post(200)}x`, 'y');
    expect(client.paused).toBe(true);
    expect(client.unread).toBe(1);
  });

  test('is read on when all that waits was taken, one read a time', async () => {
    const server = new Server({ app: pending });
    const reads = ['a', 'b', 'c', 'd'].map(read);
    const client = server.connect().send(post(4 * READ), ...reads);
    const { body } = server.exchange;
    for (const [at, content] of reads.entries()) {
      expect(client.unread).toBe((3 - at) * READ);
      expect(server.exchange.unread).toBe(READ);
      expect(Buffer.from(body.take(reader) as Uint8Array).toString()).toBe(content);
      // Taking alone does not read on: whoever does not ask for more may be busy with this.
      await server.quiet();
      expect(server.exchange.unread).toBe(0);
      expect(client.unread).toBe((3 - at) * READ);
      expect(body.take(reader)).toBe(at === 3 ? undefined : null);
      await server.quiet();
    }
    hello(server.exchange);
    expect(client.statuses).toEqual([200]);
  });

  test('that is read as it comes is never waited for', async () => {
    const server = new Server({
      app: exchange => readContent(exchange, content => respond(exchange, String(content.length))),
    });
    const client = server.connect().send(post(20 * READ), ...Array(20).fill(read()));
    await server.quiet();
    expect(client.pauses).toBe(0);
    expect(answersIn(client.octets)).toMatchObject([{ content: String(20 * READ) }]);
  });

  test('in a flood of tiny chunks is bounded by the read, too', async () => {
    const server = new Server({ app: pending });
    const chunk = '1\r\nx\r\n';
    const flood = chunk.repeat(Math.floor(READ / chunk.length));
    const client = server
      .connect()
      .send('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n', flood, flood, flood);
    await server.quiet();
    expect(client.paused).toBe(true);
    expect(server.exchange.unread).toBe(flood.length / chunk.length);
    expect(client.unread).toBe(2 * flood.length);
    let content = 0;
    readContent(server.exchange, all => {
      content = all.length;
    });
    await server.quiet();
    client.send('0\r\n\r\n');
    expect(content).toBe((3 * flood.length) / chunk.length);
  });

  test('that was waiting is thrown away after the answer, and the rest read', async () => {
    const server = new Server({ app: pending });
    const client = server.connect().send(post(10_000), 'x'.repeat(5000), 'x'.repeat(5000), get('next'));
    // Asking for content makes it wait.
    server.exchange.body.take(reader);
    await server.quiet();
    hello(server.exchange);
    await server.quiet();
    expect(server.seen).toMatchObject([{ path: '/' }, { path: '/next' }]);
    hello(server.exchanges[1] as Exchange);
    expect(client.statuses).toEqual([200, 200]);
  });

  test('keeps waiting while an answer streams, whatever the client takes of it', async () => {
    const server = new Server({ app: pending });
    const client = server.connect();
    client.takes = false;
    client.send(post(10 * READ), ...Array(9).fill(read()));
    server.exchange.setHead('200 OK', []);
    for (let round = 0; round < 5; round += 1) {
      while (server.exchange.send(read()));
      client.take();
      await server.quiet();
    }
    expect(server.exchange.unread).toBe(READ);
    expect(client.unread).toBe(8 * READ);
    expect(client.paused).toBe(true);
  });
});

describe('a slow client', () => {
  test('stops a writer, and lets it go on when all was taken', () => {
    const server = new Server({ app: pending });
    const client = server.connect();
    client.takes = false;
    client.send(get(1));
    const { exchange } = server;
    exchange.setHead('200 OK', []);
    let sent = 0;
    let woken = 0;
    while (exchange.send('x'.repeat(1000))) sent += 1;
    expect(sent).toBeLessThan(66);
    const wait = (): void =>
      exchange.whenWritable(() => {
        woken += 1;
      });
    wait();
    wait();
    client.take(client.backlog - 1);
    expect(woken).toBe(0);
    client.take();
    expect(woken).toBe(2);
    expect(exchange.send('x')).toBe(true);
  });

  test('bounds what a writer that listens can pile up', async () => {
    let most = 0;
    const server = new Server({
      app: exchange => {
        exchange.setHead('200 OK', []);
        let left = 2000;
        const write = (): void => {
          while (left > 0) {
            left -= 1;
            const writable = exchange.send(Buffer.alloc(1000));
            most = Math.max(most, client.backlog);
            if (!writable) {
              exchange.whenWritable(write);
              return;
            }
          }
          exchange.finish();
        };
        write();
      },
    });
    const client = server.connect();
    client.takes = false;
    client.send(get(1));
    while (client.backlog !== 0) {
      client.take(10_000);
      await server.quiet();
    }
    expect(answersIn(client.octets)[0]?.content).toHaveLength(2_000_000);
    expect(most).toBeLessThan(70_000);
  });

  test('is not read from while answers pile up, and gets them all in the end', async () => {
    const server = new Server({
      app: exchange => respond(exchange, exchange.head.path.padEnd(10_000, '.')),
    });
    const client = server.connect();
    client.takes = false;
    for (let at = 0; at < 100; at += 1) client.send(get(at));
    await server.quiet();
    // As many as fill the backlog, and one read that is held.
    expect(server.seen.length).toBeLessThan(10);
    expect(client.paused).toBe(true);
    expect(client.unread).toBeGreaterThan(90 * 20);
    expect(client.backlog).toBeLessThan(80_000);
    while (client.backlog !== 0) {
      expect(client.backlog).toBeLessThan(80_000);
      client.take();
      await server.quiet();
    }
    expect(answersIn(client.octets).map(({ content }) => content.replace(/\.+$/, ''))).toEqual(
      Array.from({ length: 100 }, (_, at) => `/${at}`),
    );
  });

  test('is not read from within one packet of many requests either', async () => {
    const server = new Server({ app: exchange => respond(exchange, 'x'.repeat(10_000)) });
    const client = server.connect();
    client.takes = false;
    client.send(Array.from({ length: 1000 }, (_, at) => get(at)).join(''));
    await server.quiet();
    expect(server.seen.length).toBeLessThan(10);
    for (let round = 0; client.backlog !== 0; round += 1) {
      expect(round).toBeLessThan(200);
      expect(client.backlog).toBeLessThan(80_000);
      client.take();
      await server.quiet();
    }
    expect(client.statuses).toHaveLength(1000);
  });

  test('does not keep others waiting', async () => {
    const server = new Server({ app: exchange => respond(exchange, 'x'.repeat(100_000)) });
    const slow = server.connect();
    slow.takes = false;
    slow.send(get(1), get(2));
    const quick = server.connect().send(get(1), get(2));
    await server.quiet();
    expect(quick.statuses).toEqual([200, 200]);
    expect(server.seen).toHaveLength(3);
  });
});
