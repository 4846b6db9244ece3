// Every bound on time, with a clock that stands still until it is told to go.
import { describe, expect, test } from 'vitest';
import type { RequestError } from '../../src/http/errors.ts';
import type { Exchange } from '../../src/http/exchange.ts';
import { answersIn, type Client, hello, readContent, respond, Server } from './wire.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const POST = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n';
const EXPECT = POST.replace('Host', 'Expect: 100-continue\r\nHost');
const pending = (): void => {};

/** Seconds after which something happens: not before them, and at most a second late. */
async function expectAfter(seconds: number, server: Server, happened: () => boolean): Promise<void> {
  server.advance(seconds * 1000 - 1);
  await server.quiet();
  expect(happened(), `before ${seconds} seconds are over`).toBe(false);
  server.advance(1001);
  await server.quiet();
  expect(happened(), `after ${seconds} seconds`).toBe(true);
}

const over = (client: Client) => (): boolean => client.ending !== 'open';
const closed = (client: Client) => (): boolean => client.ending === 'closed';

describe('head: 10 seconds', () => {
  test('S15.5.9 a client that says nothing is dropped without a word', async () => {
    const server = new Server();
    const client = server.connect();
    await expectAfter(10, server, closed(client));
    expect(client.received).toBe('');
    expect(server.protocol.connections.size).toBe(0);
  });

  test('S15.5.9 one that says half a head gets 408', async () => {
    const server = new Server();
    const client = server.connect();
    server.advance(9000);
    client.send('GET / HTTP');
    await expectAfter(10, server, over(client));
    expect(client.statuses).toEqual([408]);
    expect(client.ending).toBe('half-closed');
  });

  test('S15.5.9 empty lines are no request: one that says nothing else is dropped without a word', async () => {
    const server = new Server();
    const client = server.connect().send(`${GET}\r\n`);
    await expectAfter(10, server, closed(client));
    expect(client.statuses).toEqual([200]);
  });

  test('octets that trickle in do not prolong it', async () => {
    const server = new Server();
    const slow = server.connect().send('GET /');
    for (let second = 0; second < 9; second += 1) {
      server.advance(1000);
      slow.send('x');
    }
    await expectAfter(1, server, over(slow));
    expect(slow.statuses).toEqual([408]);
  });

  test('it begins anew with the first octet of each request', async () => {
    const server = new Server();
    const client = server.connect().send(GET.slice(0, 9), GET.slice(9));
    server.advance(60_000);
    client.send('GET /');
    await expectAfter(10, server, over(client));
    expect(client.statuses).toEqual([200, 408]);
  });

  test('half a head behind a request in hand is not timed before it is looked at', async () => {
    const server = new Server({ app: pending });
    const client = server.connect().send(`${GET}GET /`);
    server.advance(60_000);
    hello(server.exchange);
    await server.quiet();
    await expectAfter(10, server, over(client));
    expect(client.statuses).toEqual([200, 408]);
  });
});

describe('idle: 75 seconds', () => {
  test('between two requests, then the end without a word', async () => {
    const server = new Server();
    const client = server.connect().send(GET);
    await expectAfter(75, server, closed(client));
    expect(client.statuses).toEqual([200]);
  });

  test('it begins anew with each answer', async () => {
    const server = new Server();
    const client = server.connect().send(GET);
    for (let round = 0; round < 5; round += 1) {
      server.advance(74_000);
      client.send(GET);
    }
    await expectAfter(75, server, closed(client));
    expect(client.statuses).toHaveLength(6);
  });

  test('it begins with the end of an answer that came later', async () => {
    const server = new Server({ app: pending });
    const client = server.connect().send(GET);
    server.advance(70_000);
    hello(server.exchange);
    await expectAfter(75, server, closed(client));
  });
});

describe('while an application works', () => {
  test('it has the time that it wants', async () => {
    const server = new Server({ app: pending });
    const client = server.connect().send(GET);
    server.advance(86_400_000);
    await server.quiet();
    expect(client.ending).toBe('open');
    hello(server.exchange);
    expect(client.statuses).toEqual([200]);
  });

  test('with the content complete, too, read or not', async () => {
    const server = new Server({ app: pending });
    const client = server.connect().send(POST, 'ab', 'cd');
    await server.quiet();
    server.advance(86_400_000);
    expect(client.ending).toBe('open');
  });

  test('S10.1.1 a client that was not asked for its content is not slow', async () => {
    const server = new Server({ app: pending });
    const client = server.connect().send(EXPECT);
    server.advance(3_600_000);
    await server.quiet();
    expect(client.received).toBe('');
    expect(client.ending).toBe('open');
    // From now on it is.
    server.exchange.body.take({ contentArrived: pending });
    await expectAfter(20, server, over(client));
    expect(answersIn(client.octets).map(({ code }) => code)).toEqual([100, 408]);
  });
});

describe('content: 20 seconds between two reads', () => {
  const reading = (): { server: Server; codes: string[] } => {
    const codes: string[] = [];
    const server = new Server({
      app: exchange => readContent(exchange, (_, error) => codes.push(error?.code ?? 'complete')),
    });
    return { server, codes };
  };

  test('then 408, and reading fails with FAPWS_CONTENT_TIMEOUT', async () => {
    const { server, codes } = reading();
    const client = server.connect().send(POST.replace('4', '100000'));
    for (let round = 0; round < 3; round += 1) {
      server.advance(19_000);
      client.send('x'.repeat(19_000));
    }
    await expectAfter(20, server, over(client));
    expect(client.statuses).toEqual([408]);
    expect(codes).toEqual(['FAPWS_CONTENT_TIMEOUT']);
  });

  test('whoever reads later learns the same reason', async () => {
    const server = new Server({ app: pending });
    const client = server.connect().send(POST);
    await expectAfter(20, server, over(client));
    let error: RequestError | null = null;
    readContent(server.exchange, (_, failure) => {
      error = failure;
    });
    expect(error).toMatchObject({ code: 'FAPWS_CONTENT_TIMEOUT', status: '408 Request Timeout' });
  });

  test('an answer that has begun is cut', async () => {
    const server = new Server({
      app: exchange => {
        exchange.setHead('200 OK', []);
        exchange.send('x');
        readContent(exchange, pending);
      },
    });
    const client = server.connect().send(POST);
    await expectAfter(20, server, over(client));
    expect(client.ending).toBe('reset');
    expect(client.received.endsWith('1\r\nx\r\n')).toBe(true);
  });

  test('content that waits for the application does not count', async () => {
    const server = new Server({ app: pending });
    const client = server.connect().send(POST);
    // Who wants content once and then has other things to do stops the reading.
    server.exchange.body.take({ contentArrived: pending });
    client.send('a', 'b', 'c');
    await server.quiet();
    server.advance(86_400_000);
    expect(client.unread).toBe(2);
    expect(client.ending).toBe('open');
  });

  test('content that nobody wants is waited for as long, after the answer', async () => {
    const server = new Server();
    const client = server.connect().send(POST, 'ab');
    await expectAfter(20, server, closed(client));
    expect(client.statuses).toEqual([200]);
  });

  test('likewise when reading was paused before the answer came', async () => {
    const server = new Server({ app: exchange => void exchange.body });
    const client = server.connect().send(POST, 'ab');
    await server.quiet();
    expect(client.paused).toBe(true);
    server.advance(3_600_000);
    hello(server.exchange);
    expect(client.statuses).toEqual([200]);
    await expectAfter(20, server, closed(client));
  });
});

describe('write: 30 seconds in which the client takes nothing', () => {
  const big = 'x'.repeat(200_000);
  const ways: [string, (exchange: Exchange) => void, 'reset'][] = [
    ['while an answer streams', streaming, 'reset'],
    ['after an answer', exchange => respond(exchange, big), 'reset'],
  ];

  function streaming(exchange: Exchange): void {
    exchange.setHead('200 OK', []);
    const write = (): void => {
      while (exchange.send('x'.repeat(10_000)));
      exchange.whenWritable(() => {
        if (!exchange.complete) write();
      });
    };
    write();
  }

  function slowClient(app: (exchange: Exchange) => void, octets = GET): { server: Server; client: Client } {
    const server = new Server({ app });
    const client = server.connect();
    client.takes = false;
    client.send(octets);
    expect(client.backlog).toBeGreaterThan(60_000);
    return { server, client };
  }

  test.each(ways)('%s: cut', async (_, app, ending) => {
    const { server, client } = slowClient(app);
    await expectAfter(30, server, over(client));
    expect(client.ending).toBe(ending);
    expect(server.exchange.complete).toBe(true);
    expect(server.protocol.connections.size).toBe(0);
  });

  test.each(ways)('%s: a client that takes something, be it little, is not cut', async (_, app) => {
    const { server, client } = slowClient(app);
    for (let round = 0; round < 10; round += 1) {
      client.take(100);
      server.advance(29_000);
      await server.quiet();
    }
    expect(client.ending).toBe('open');
    client.take(100);
    await server.quiet();
    server.advance(61_000);
    await server.quiet();
    expect(client.ending).toBe('reset');
  });

  test('after the last answer: likewise, and nothing is lost as long as something is taken', async () => {
    const { server, client } = slowClient(exchange => respond(exchange, big), 'GET / HTTP/1.0\r\n\r\n');
    for (let round = 0; round < 10; round += 1) {
      client.take(100);
      server.advance(29_000);
    }
    expect(client.ending).toBe('half-closed');
    client.take();
    expect(client.ending).toBe('half-closed');
    await expectAfter(5, server, closed(client));
    const { server: other, client: dead } = slowClient(
      exchange => respond(exchange, big),
      'GET / HTTP/1.0\r\n\r\n',
    );
    other.advance(36_000);
    expect(dead.ending).toBe('reset');
  });

  test('a slow download is not cut by the idle time', async () => {
    const { server, client } = slowClient(exchange => respond(exchange, big));
    for (let second = 0; second < 190; second += 1) {
      client.take(1000);
      server.advance(1000);
    }
    expect(client.ending).toBe('open');
    client.take();
    await server.quiet();
    await expectAfter(75, server, closed(client));
    expect(answersIn(client.octets)[0]?.content).toBe(big);
  });

  test('a little that waits is not dropped by the idle time either', async () => {
    const server = new Server();
    const client = server.connect();
    client.takes = false;
    client.send(GET);
    server.advance(80_000);
    expect(client.ending).toBe('open');
    client.take();
    server.advance(110_000);
    expect(client.ending).toBe('closed');
    const dead = server.connect();
    dead.takes = false;
    dead.send(GET);
    server.advance(107_000);
    expect(dead.ending).toBe('reset');
  });

  test('content that trickles in meanwhile does not prolong it', async () => {
    const { server, client } = slowClient(exchange => {
      streaming(exchange);
      readContent(exchange, pending);
    }, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n');
    for (let second = 0; second < 29; second += 1) {
      server.advance(1000);
      client.send('x');
    }
    await expectAfter(1, server, over(client));
    expect(client.ending).toBe('reset');
  });
});

describe('linger: 5 seconds for what comes behind the last answer', () => {
  test.each([
    ['a last answer', 'GET / HTTP/1.0\r\n\r\n'],
    ['a refusal', 'GET\t'],
  ])('after %s', async (_, octets) => {
    const server = new Server();
    const client = server.connect().send(octets);
    expect(client.ending).toBe('half-closed');
    server.advance(2000);
    client.send('more');
    await expectAfter(3, server, closed(client));
    expect(server.protocol.connections.size).toBe(0);
  });

  test('a client that shuts its side ends it at once', async () => {
    const server = new Server();
    const client = server.connect().send('GET / HTTP/1.0\r\n\r\n').finish();
    await server.quiet();
    expect(client.ending).toBe('closed');
  });
});

describe('options', () => {
  test('every timeout can be changed', async () => {
    const timeouts = { head: 1, content: 2, idle: 3, write: 4, linger: 1 };
    const server = new Server({ timeouts });
    const silent = server.connect();
    await expectAfter(1, server, closed(silent));
    const idle = server.connect().send(GET);
    await expectAfter(3, server, closed(idle));
    const content = server.connect().send(POST);
    await expectAfter(2, server, closed(content));
  });

  test('Infinity switches one off', async () => {
    const server = new Server({
      timeouts: { head: Number.POSITIVE_INFINITY, idle: Number.POSITIVE_INFINITY },
    });
    const silent = server.connect();
    const half = server.connect().send('GET');
    const idle = server.connect().send(GET);
    server.advance(10_000_000);
    for (const client of [silent, half, idle]) expect(client.ending).toBe('open');
  });
});
