// The time for a whole request, and for clients that have shut their side.
import { describe, expect, test } from 'vitest';
import { Refusal } from '../../src/http/refusal.ts';
import {
  EXPECT,
  expectAfter,
  expectRefused,
  GET,
  handler,
  over,
  POST,
  pending,
  request,
  stream,
  timeouts,
  watching,
} from './timing.ts';
import { answersIn, hello, readContent, respond, Server } from './wire.ts';

describe('request: the time for a whole one', () => {
  test('is not bounded unless that is asked for', () => {
    const server = new Server({ app: stream });
    const client = server.connect().send(GET);
    server.advance(100_000_000);
    expect(client.ending).toBe('open');
  });

  test('in a head: 408, however much trickles in', async () => {
    const told = timeouts();
    const server = new Server(request);
    const client = server.connect();
    // To connect is no request yet.
    server.advance(4000);
    client.send('GET /');
    for (let second = 0; second < 4; second += 1) {
      server.advance(1000);
      client.send('x');
    }
    await expectAfter(1, server, over(client));
    expectRefused(client, Refusal.timeout);
    expect(told).toEqual(['request']);
  });

  test('S15.5.9 empty lines are no request: the end without a word', async () => {
    const told = timeouts();
    const server = new Server(request);
    const client = server.connect().send(GET, '\r\n');
    server.advance(11_000);
    expect([client.statuses, client.ending, told]).toEqual([[200], 'closed', []]);
  });

  test('in content: 408, also when it comes fast enough', async () => {
    const { app, codes } = watching(exchange =>
      readContent(exchange, (_, error) => codes.push(`read ${error?.code}`)),
    );
    const told = timeouts();
    const server = new Server({ app, ...request });
    const client = server.connect().send(POST.replace(': 4', ': 1000000'));
    for (let second = 0; second < 4; second += 1) {
      server.advance(1000);
      client.send('x'.repeat(10_000));
    }
    await expectAfter(1, server, over(client));
    expectRefused(client, Refusal.timeout);
    expect(codes.toSorted()).toEqual(['FAPWS_REQUEST_TIMEOUT', 'read FAPWS_REQUEST_TIMEOUT']);
    expect(told).toEqual(['request']);
  });

  test('in content that nobody reads or invites: 408', async () => {
    for (const reads of [[POST, 'a', 'b'], [EXPECT]]) {
      const server = new Server({ app: exchange => void exchange.body, ...request });
      const client = server.connect().send(...reads);
      await expectAfter(5, server, over(client));
      expectRefused(client, Refusal.timeout);
    }
  });

  test('while the application works: 503', async () => {
    const { app, codes } = watching();
    const server = new Server({ app, ...request });
    const client = server.connect().send(GET);
    await expectAfter(5, server, over(client));
    expectRefused(client, Refusal.handlerTimeout);
    expect(codes).toEqual(['FAPWS_REQUEST_TIMEOUT']);
  });

  test('the sooner of two bounds counts', async () => {
    const told = timeouts();
    const sooner = new Server({ app: pending, timeouts: { request: 5, handler: 3 } });
    const first = sooner.connect().send(GET);
    await expectAfter(3, sooner, over(first));
    const later = new Server({ app: pending, timeouts: { request: 3, handler: 5 } });
    const second = later.connect().send(GET);
    await expectAfter(3, later, over(second));
    expect(told).toEqual(['handler', 'request']);
  });

  test('while the answer streams: cut, so that nobody takes it for whole', async () => {
    const { app, codes } = watching(stream);
    const server = new Server({ app, ...request });
    const client = server.connect().send(GET);
    server.advance(4000);
    server.exchange.send('y');
    await expectAfter(1, server, over(client));
    expect(client.ending).toBe('reset');
    expect(client.received.endsWith('1\r\nx\r\n1\r\ny\r\n')).toBe(true);
    expect(codes).toEqual(['FAPWS_REQUEST_TIMEOUT']);
    expect(server.protocol.connections.size).toBe(0);
    server.exchange.send('z');
    server.exchange.finish();
    expect(client.lost).toBe(0);
  });

  test('while the client does not take the stream: cut, sooner than for that alone', async () => {
    const told = timeouts();
    const { app, codes } = watching(exchange => {
      exchange.setHead('200 OK', []);
      while (exchange.send('x'.repeat(10_000)));
    });
    const server = new Server({ app, ...request });
    const client = server.connect();
    client.takes = false;
    client.send(GET);
    await expectAfter(5, server, over(client));
    expect([client.ending, codes, told]).toEqual(['reset', ['FAPWS_REQUEST_TIMEOUT'], ['request']]);
  });

  test('what is answered and waits for the client has the time for writing', async () => {
    const told = timeouts();
    const server = new Server({ app: exchange => respond(exchange, 'x'.repeat(200_000)), ...request });
    const client = server.connect();
    client.takes = false;
    client.send(GET);
    await expectAfter(30, server, over(client));
    expect(told).toEqual(['write']);
  });

  test('while content comes that nobody wants: the end behind the answer', async () => {
    const server = new Server(request);
    const client = server.connect().send(POST.replace(': 4', ': 60000'));
    for (let second = 0; second < 4; second += 1) {
      server.advance(1000);
      client.send('x'.repeat(10_000));
    }
    await expectAfter(1, server, over(client));
    expect([client.statuses, client.ending]).toEqual([[200], 'half-closed']);
  });

  test('is one time from the first octet on, through all of that', async () => {
    const server = new Server({ app: exchange => readContent(exchange, () => stream(exchange)), ...request });
    const client = server.connect().send('POST');
    server.advance(1500);
    client.send(POST.slice(4), 'ab');
    server.advance(1500);
    client.send('cd');
    expect(client.received).toContain('1\r\nx\r\n');
    await expectAfter(2, server, over(client));
    expect(client.ending).toBe('reset');
  });

  test('does not touch a connection between requests, nor one that lingers', async () => {
    const server = new Server(request);
    const client = server.connect().send(GET);
    server.advance(70_000);
    expect(client.send(GET).statuses).toEqual([200, 200]);
    server.advance(4900);
    client.send(GET.slice(0, 9));
    server.advance(4900);
    expect(client.send(GET.slice(9)).statuses).toEqual([200, 200, 200]);
    await expectAfter(75, server, over(client));
    const last = new Server({ timeouts: { request: 1, linger: 5 } });
    const lingering = last.connect().send('GET / HTTP/1.0\r\n\r\n');
    await expectAfter(5, last, () => lingering.ending === 'closed');
  });

  test('is each request’s own, from the moment in which it is looked at', async () => {
    const server = new Server({ app: pending, ...request });
    const client = server.connect().send(GET + GET);
    server.advance(4000);
    hello(server.exchange);
    await server.quiet();
    await expectAfter(5, server, over(client));
    expect(client.statuses).toEqual([200, 503]);
  });

  test('behind content that nobody wanted the next request has its own', async () => {
    const server = new Server({ ...request });
    const client = server.connect().send(POST, 'ab');
    server.advance(4000);
    server.app = pending;
    client.send(`cd${GET}`);
    await expectAfter(5, server, over(client));
    expect(client.statuses).toEqual([200, 503]);
  });

  test('HEAD gets refusals without content', () => {
    const server = new Server({ app: pending, ...request });
    const head = server.connect().send('HEAD / HTTP/1.1\r\n');
    const working = server.connect().send(GET.replace('GET', 'HEAD'));
    const sending = server.connect().send(POST.replace('POST', 'HEAD'));
    server.advance(5500);
    expectRefused(head, Refusal.timeout, ['HEAD']);
    expectRefused(working, Refusal.handlerTimeout, ['HEAD']);
    expectRefused(sending, Refusal.timeout, ['HEAD']);
  });
});

describe('a client that has shut its side', () => {
  test('gets the rest of a stream, and the end with it', async () => {
    const { app, codes } = watching(stream);
    const server = new Server({ app, ...handler });
    const client = server.connect().send(GET).finish();
    await server.quiet();
    server.advance(60_000);
    server.exchange.send('y');
    server.exchange.finish();
    await server.quiet();
    expect(answersIn(client.octets)).toMatchObject([{ code: 200, content: 'xy' }]);
    expect([client.ending, codes]).toEqual(['closed', ['FAPWS_CLIENT_GONE']]);
  });

  test('is kept no longer than a whole request may take', async () => {
    for (const app of [pending, stream]) {
      const server = new Server({ app, ...request });
      const client = server.connect().send(GET).finish();
      await server.quiet();
      expect(client.ending).toBe('open');
      server.advance(5500);
      await server.quiet();
      expect(client.ending).toBe(app === stream ? 'reset' : 'closed');
      expect(server.protocol.connections.size).toBe(0);
    }
  });

  test('before its content was complete: no longer than content may take', async () => {
    const server = new Server({ app: pending });
    const client = server.connect().send(POST).finish();
    await expectAfter(20, server, () => client.ending === 'closed');
    expect(client.statuses).toEqual([408]);
  });
});
