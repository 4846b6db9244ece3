// RFC 9112 9.3.2: requests that come before the answers to earlier ones.
import { describe, expect, test, vi } from 'vitest';
import type { Exchange } from '../../src/http/exchange.ts';
import { answersIn, hello, respond, Server } from './wire.ts';

const get = (path: string | number): string => `GET /${path} HTTP/1.1\r\nHost: a\r\n\r\n`;
const thousand = Array.from({ length: 1000 }, (_, at) => get(at)).join('');
const inOrder = Array.from({ length: 1000 }, (_, at) => `/${at}`);
const tell = (exchange: Exchange): void => respond(exchange, exchange.head.path);

describe('1 000 requests in one packet', () => {
  test('are answered in order by an application that answers at once', async () => {
    const server = new Server({ app: tell });
    const client = server.connect().send(thousand);
    await server.quiet();
    expect(answersIn(client.octets).map(({ content }) => content)).toEqual(inOrder);
    expect(client.ending).toBe('open');
  });

  test('are answered in order by one that takes the longer the earlier the request', async () => {
    let running = 0;
    let most = 0;
    const server = new Server({
      app: exchange => {
        running += 1;
        most = Math.max(most, running);
        let turns = 20 - Math.floor(Number(exchange.head.path.slice(1)) / 50);
        const wait = (): void => {
          turns -= 1;
          if (turns > 0) queueMicrotask(wait);
          else {
            running -= 1;
            tell(exchange);
          }
        };
        wait();
      },
    });
    const client = server.connect().send(thousand);
    await server.quiet();
    expect(answersIn(client.octets).map(({ content }) => content)).toEqual(inOrder);
    // Requests parsed ahead cost memory: there are none.
    expect(most).toBe(1);
  });

  test('are answered in order when some answers come at once, others later, some in pieces', async () => {
    const server = new Server({
      app: exchange => {
        const number = Number(exchange.head.path.slice(1));
        if (number % 7 === 0) setImmediate(() => tell(exchange));
        else if (number % 5 === 0) queueMicrotask(() => tell(exchange));
        else if (number % 3 === 0) {
          exchange.setHead('200 OK', []);
          exchange.send('/');
          queueMicrotask(() => {
            exchange.send(String(number));
            exchange.finish();
          });
        } else tell(exchange);
      },
    });
    const client = server.connect().send(thousand);
    await server.quiet();
    expect(answersIn(client.octets).map(({ content }) => content)).toEqual(inOrder);
  });

  test('are not copied as a whole for each of them while they wait', async () => {
    const server = new Server({ app: exchange => queueMicrotask(() => tell(exchange)) });
    const client = server.connect();
    const concat = vi.spyOn(Buffer, 'concat');
    try {
      client.send(thousand);
      await server.quiet();
      expect(concat).not.toHaveBeenCalled();
    } finally {
      concat.mockRestore();
    }
    expect(client.statuses).toHaveLength(1000);
  });
});

describe('one write per read', () => {
  test('all answers that are produced while one read is parsed leave in one turn', () => {
    const server = new Server({ app: tell });
    const client = server.connect().send(get(1));
    expect(new Set(client.writes.map(({ turn }) => turn)).size).toBe(1);
    const before = client.writes.length;
    client.send(Array.from({ length: 300 }, (_, at) => get(at)).join(''));
    const writes = client.writes.slice(before);
    expect(answersIn(Buffer.concat(writes.map(({ octets }) => octets)))).toHaveLength(300);
    expect(new Set(writes.map(({ turn }) => turn)).size).toBe(1);
  });

  test('a refusal leaves with the answers before it', () => {
    const client = new Server().connect().send(`${get(1)}${get(2)}BREW / HTTP/1.1\r\n`);
    expect(client.statuses).toEqual([200, 200, 501]);
    expect(new Set(client.writes.map(({ turn }) => turn)).size).toBe(1);
  });
});

describe('while a request is in hand', () => {
  test('nothing behind it is looked at, and reading stops', () => {
    const server = new Server({ app: () => {} });
    const client = server.connect().send(get(1), `${get(2)}BREW`, get(3));
    expect(server.exchanges).toHaveLength(1);
    expect(client.paused).toBe(true);
    expect(client.unread).toBe(get(3).length);
  });

  test('half a request behind it goes on where it was cut', async () => {
    const server = new Server({ app: () => {} });
    const client = server.connect().send(`${get(1)}POST /2 HTTP/1.1\r\nHost: a\r\nContent-Le`);
    respond(server.exchange, '1');
    client.send('ngth: 2\r\n\r\nx');
    await server.quiet();
    expect(server.seen).toMatchObject([{ path: '/1' }, { path: '/2' }]);
    respond(server.exchanges[1] as Exchange, '2');
    client.send(`y${get(3)}`);
    await server.quiet();
    respond(server.exchanges[2] as Exchange, '3');
    expect(answersIn(client.octets).map(({ content }) => content)).toEqual(['1', '2', '3']);
    expect(client.ending).toBe('open');
  });

  test('9.6 an answer with Connection: close drops what waits behind it', async () => {
    const server = new Server({ app: () => {} });
    const client = server.connect().send(`GET /1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n${get(2)}`);
    hello(server.exchange);
    await server.quiet();
    expect(server.seen).toHaveLength(1);
    expect(client.statuses).toEqual([200]);
    expect(client.ending).toBe('half-closed');
  });

  test('a client that shuts its side after a row of requests gets all its answers', async () => {
    for (const later of [false, true]) {
      const server = new Server({
        app: exchange => (later ? queueMicrotask(() => tell(exchange)) : tell(exchange)),
      });
      const client = server
        .connect()
        .send(get(1) + get(2) + get(3))
        .finish();
      await server.quiet();
      expect(answersIn(client.octets).map(({ content }) => content)).toEqual(['/1', '/2', '/3']);
      expect(client.ending).toBe('closed');
      expect(server.protocol.connections.size).toBe(0);
    }
  });

  test('a large answer reaches a client that has shut its side', async () => {
    const server = new Server({ app: exchange => respond(exchange, 'x'.repeat(1_000_000)) });
    const client = server.connect();
    client.takes = false;
    client.send(get(1)).finish();
    await server.quiet();
    expect(client.ending).toBe('half-closed');
    client.take(500_000);
    expect(client.ending).toBe('half-closed');
    client.take();
    await server.quiet();
    expect(client.ending).toBe('closed');
    expect(client.lost).toBe(0);
    expect(answersIn(client.octets)[0]?.content).toHaveLength(1_000_000);
  });
});

describe('applications that answer whom they like', () => {
  test('an answer given while another connection is read goes to its own client, and what waits there is looked at', async () => {
    const waiting: Exchange[] = [];
    const server = new Server({
      app: exchange => {
        if (exchange.head.path === '/wait') waiting.push(exchange);
        else {
          for (const other of waiting.splice(0)) respond(other, 'woken');
          tell(exchange);
        }
      },
    });
    const sleepers = [server.connect(), server.connect()];
    for (const client of sleepers) client.send(get('wait') + get('after'));
    const waker = server.connect().send(get(1) + get(2));
    await server.quiet();
    expect(answersIn(waker.octets).map(({ content }) => content)).toEqual(['/1', '/2']);
    for (const client of sleepers) {
      expect(answersIn(client.octets).map(({ content }) => content)).toEqual(['woken', '/after']);
    }
  });

  test('a connection that is cut from within its own request is left alone', async () => {
    const server = new Server({
      app: exchange => (exchange.head.path === '/2' ? exchange.cut() : tell(exchange)),
    });
    const client = server.connect().send(get(1) + get(2) + get(3), get(4));
    await server.quiet();
    expect(client.statuses).toEqual([200]);
    expect(client.ending).toBe('reset');
    expect(server.seen.map(({ path }) => path)).toEqual(['/1', '/2']);
    expect(server.protocol.connections.size).toBe(0);
  });

  test('a connection that is cut while another is read is left alone, too', async () => {
    const exchanges: Exchange[] = [];
    const server = new Server({
      app: exchange => {
        for (const other of exchanges.splice(0)) other.cut();
        exchanges.push(exchange);
      },
    });
    const first = server.connect().send(get(1) + get(2));
    const second = server.connect().send(get(1));
    await server.quiet();
    expect(first.ending).toBe('reset');
    expect(second.ending).toBe('open');
    expect([...server.protocol.connections]).toEqual([second.connection]);
  });
});
