// The time of an application to begin its answer.
import { describe, expect, test } from 'vitest';
import type { Exchange } from '../../src/http/exchange.ts';
import { Refusal } from '../../src/http/refusal.ts';
import {
  CHUNKED,
  EXPECT,
  expectAfter,
  expectRefused,
  GET,
  handler,
  over,
  POST,
  pending,
  stream,
  timeouts,
  watching,
} from './timing.ts';
import { answersIn, hello, readContent, respond, Server } from './wire.ts';

describe('handler: the time of an application to begin its answer', () => {
  test('S15.6.4 then 503, its signal fires, and whoever counts is told', async () => {
    const told = timeouts();
    const { app, codes } = watching();
    const server = new Server({ app, ...handler });
    const client = server.connect().send(GET);
    await expectAfter(5, server, over(client));
    expectRefused(client, Refusal.handlerTimeout);
    expect(codes).toEqual(['FAPWS_HANDLER_TIMEOUT']);
    expect(told).toEqual(['handler']);
    expect(new Set(client.writes.map(({ turn }) => turn)).size).toBe(1);
  });

  test('who asks for the signal later finds it aborted, with the reason', async () => {
    const server = new Server({ app: pending, ...handler });
    server.connect().send(GET);
    server.advance(5500);
    expect(server.exchange.signal.reason).toMatchObject({
      code: 'FAPWS_HANDLER_TIMEOUT',
      status: '503 Service Unavailable',
    });
  });

  test('of a request of its own: what one set, another does not have', () => {
    const server = new Server({
      app(exchange) {
        exchange.handlerTimeout = exchange.head.path === '/slow' ? 60 : 5;
      },
    });
    const slow = server.connect().send(GET.replace('/', '/slow'));
    const fast = server.connect().send(GET);
    server.advance(6000);
    expect([slow.ending, fast.ending]).toEqual(['open', 'half-closed']);
    server.advance(55_000);
    expect(slow.statuses).toEqual([503]);
  });

  test('counts from the end of the request', async () => {
    const server = new Server({ app: exchange => readContent(exchange, pending), ...handler });
    const client = server.connect().send(POST);
    for (const octet of 'abcd') {
      server.advance(4000);
      client.send(octet);
    }
    await expectAfter(5, server, over(client));
    expectRefused(client, Refusal.handlerTimeout);
  });

  test('does not run while the client is slow to send what the application waits for', async () => {
    const told = timeouts();
    const server = new Server({ app: exchange => readContent(exchange, pending), ...handler });
    const client = server.connect().send(POST);
    await expectAfter(20, server, over(client));
    expect(client.statuses).toEqual([408]);
    expect(told).toEqual(['content']);
  });

  test('nor while a client that was invited does not come', async () => {
    const server = new Server({ app: exchange => readContent(exchange, pending), ...handler });
    const client = server.connect().send(EXPECT);
    await expectAfter(20, server, over(client));
    expect(client.statuses).toEqual([100, 408]);
  });

  test('S10.1.1 runs while the application does not invite the content', async () => {
    const told = timeouts();
    const { app, codes } = watching();
    const server = new Server({ app, ...handler });
    const client = server.connect().send(EXPECT);
    await expectAfter(5, server, over(client));
    expectRefused(client, Refusal.handlerTimeout);
    expect([codes, told]).toEqual([['FAPWS_HANDLER_TIMEOUT'], ['handler']]);
  });

  test('runs while the application does not read the content that is there', async () => {
    const told = timeouts();
    const errors: unknown[] = [];
    const server = new Server({ app: exchange => void exchange.body, ...handler });
    const client = server.connect().send(CHUNKED, '1\r\na\r\n', '1\r\nb\r\n');
    await server.quiet();
    expect(client.unread).toBeGreaterThan(0);
    await expectAfter(5, server, over(client));
    expectRefused(client, Refusal.handlerTimeout);
    // Whoever reads now learns why there is no more.
    readContent(server.exchange, (_, error) => errors.push(error?.code));
    expect(errors).toEqual(['FAPWS_HANDLER_TIMEOUT']);
    expect(told).toEqual(['handler']);
  });

  test('begins anew when the application stops reading in the middle', async () => {
    const server = new Server({ app: exchange => void exchange.body, ...handler });
    const client = server.connect().send(CHUNKED, '1\r\na\r\n', '1\r\nb\r\n');
    server.advance(4000);
    const nobody = { contentArrived: pending };
    expect(server.exchange.body.take(nobody)).toHaveLength(1);
    expect(server.exchange.body.take(nobody)).toBe(null);
    await server.quiet();
    client.send('1\r\nc\r\n');
    await expectAfter(5, server, over(client));
    expect(client.statuses).toEqual([503]);
  });

  test('is over when the answer has begun: a stream goes on for as long as it likes', async () => {
    const told = timeouts();
    const { app, codes } = watching(stream);
    const server = new Server({ app, ...handler });
    const client = server.connect().send(GET);
    server.advance(60_000);
    server.exchange.send('y');
    server.advance(60_000);
    server.exchange.finish();
    await server.quiet();
    expect(answersIn(client.octets)).toMatchObject([{ code: 200, content: 'xy' }]);
    expect([client.ending, codes, told]).toEqual(['open', [], []]);
  });

  test.each([
    ['sends', stream],
    [
      'keeps a first piece back',
      (exchange: Exchange) => {
        exchange.setHead('200 OK', []);
        exchange.keep('x');
      },
    ],
  ])('also when it begins late: an application that %s after 4 seconds is left alone', async (_, begin) => {
    const told = timeouts();
    const server = new Server({ app: pending, ...handler });
    const client = server.connect().send(GET);
    server.advance(4000);
    begin(server.exchange);
    server.advance(60_000);
    server.exchange.send('y');
    server.exchange.finish();
    await server.quiet();
    expect(answersIn(client.octets)).toMatchObject([{ code: 200, content: 'xy' }]);
    expect([client.ending, told]).toEqual(['open', []]);
    // The connection is an idle one now, like any other.
    await expectAfter(75, server, over(client));
    expect(client.ending).toBe('closed');
  });

  test.each([
    ['a POST that is being read', POST],
    ['an upload in chunks', CHUNKED],
  ])('also while content comes: a stream in answer to %s goes on', async (_, octets) => {
    const server = new Server({
      app(exchange) {
        stream(exchange);
        readContent(exchange, pending);
      },
      ...handler,
    });
    const client = server.connect().send(octets);
    server.advance(15_000);
    server.exchange.send('y');
    expect(client.ending).toBe('open');
    server.exchange.finish();
    expect(client.statuses).toEqual([200]);
  });

  test('is the next request’s own', async () => {
    const server = new Server({ app: pending, ...handler });
    const client = server.connect().send(GET + GET);
    server.advance(4000);
    hello(server.exchange);
    await server.quiet();
    server.advance(4000);
    expect(client.statuses).toEqual([200]);
    server.advance(1500);
    expect(client.statuses).toEqual([200, 503]);
    expectRefused(client, Refusal.handlerTimeout);
  });

  test('ends the connection: what was pipelined behind is not looked at', async () => {
    const server = new Server({ app: pending, ...handler });
    const client = server.connect().send(GET + GET);
    server.advance(5500);
    await server.quiet();
    expect(client.statuses).toEqual([503]);
    expect(server.seen).toHaveLength(1);
  });

  test('waits for a client that does not take what it was answered before', async () => {
    const server = new Server({ ...handler });
    const client = server.connect();
    client.takes = false;
    client.send(GET);
    server.app = pending;
    client.send(GET);
    server.advance(10_000);
    expect(client.statuses).toEqual([200]);
    client.takes = true;
    client.take();
    server.advance(60_000);
    await server.quiet();
    expect(client.statuses).toEqual([200, 503]);
  });

  test.each([
    ['HEAD', GET.replace('GET', 'HEAD')],
    ['HEAD with content', POST.replace('POST', 'HEAD').replace('Host', 'Expect: 100-continue\r\nHost')],
  ])('%s gets a 503 without content', async (_, octets) => {
    const server = new Server({ app: pending, ...handler });
    const client = server.connect().send(octets);
    server.advance(5500);
    expectRefused(client, Refusal.handlerTimeout, ['HEAD']);
  });

  test('a client that has shut its side gets it too', async () => {
    const { app, codes } = watching();
    const server = new Server({ app, ...handler });
    const client = server.connect().send(GET).finish();
    await server.quiet();
    expect(codes).toEqual(['FAPWS_CLIENT_GONE']);
    server.advance(5500);
    await server.quiet();
    expect(client.statuses).toEqual([503]);
    expect(client.ending).toBe('closed');
    expect(codes).toEqual(['FAPWS_CLIENT_GONE']);
  });

  const late: [string, (exchange: Exchange) => void][] = [
    ['a whole answer', exchange => respond(exchange, 'late')],
    [
      'a stream',
      exchange => {
        stream(exchange);
        exchange.send('y');
        exchange.finish();
      },
    ],
    [
      'a kept piece',
      exchange => {
        exchange.setHead('200 OK', []);
        exchange.keep('x');
        expect(exchange.takeKept()).toBe('x');
      },
    ],
    ['a cut', exchange => exchange.cut()],
    ['an end', exchange => exchange.finish()],
    [
      'a call for content',
      exchange => {
        const codes: unknown[] = [];
        readContent(exchange, (_, error) => codes.push(error?.code ?? 'complete'));
        expect(codes).toEqual([exchange.head.method === 'GET' ? 'complete' : 'FAPWS_HANDLER_TIMEOUT']);
      },
    ],
    [
      'waiting for the client',
      exchange => {
        let called = 0;
        exchange.whenWritable(() => {
          called += 1;
        });
        exchange.whenOver(() => {
          called += 1;
        });
        expect(called).toBe(2);
      },
    ],
  ];

  describe.each([
    ['GET', GET],
    ['an upload that was not invited', EXPECT],
  ])('an application that comes late, after a 503 in answer to %s', (_, octets) => {
    test.each(late)('%s: nothing is sent, nothing fails', async (_, act) => {
      const server = new Server({ app: pending, ...handler });
      const client = server.connect().send(octets);
      server.advance(5500);
      const { received } = client;
      expect(client.statuses).toEqual([503]);
      act(server.exchange);
      await server.quiet();
      expect(client.received).toBe(received);
      expect(client.lost).toBe(0);
      client.finish();
      await server.quiet();
      expect(client.ending).toBe('closed');
      act(server.exchange);
      await server.quiet();
      expect([client.received, client.lost]).toEqual([received, 0]);
    });

    test.each(late)('%s in the moment in which it is told: likewise', async (_, act) => {
      let told = 0;
      const server = new Server({
        app(exchange) {
          exchange.signal.addEventListener('abort', () => {
            told += 1;
            act(exchange);
          });
        },
        ...handler,
      });
      const client = server.connect().send(octets);
      server.advance(5500);
      await server.quiet();
      expect(told).toBe(1);
      expect([client.statuses, client.ending, client.lost]).toEqual([[503], 'half-closed', 0]);
    });
  });

  test('an application that stops the server in that moment breaks nothing', async () => {
    const server: Server = new Server({
      app(exchange) {
        exchange.signal.addEventListener('abort', () => server.protocol.cutAll());
      },
      ...handler,
    });
    const client = server.connect().send(GET);
    server.advance(5500);
    await server.quiet();
    expect(over(client)()).toBe(true);
    expect(server.protocol.connections.size).toBe(0);
  });

  test('Infinity switches it off', () => {
    const server = new Server({ app: pending, timeouts: { handler: Number.POSITIVE_INFINITY } });
    const client = server.connect().send(GET);
    server.advance(10_000_000);
    expect(client.ending).toBe('open');
  });
});
