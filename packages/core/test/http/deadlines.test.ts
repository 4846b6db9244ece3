// What strikes when: the time of an application, the cap on a whole request, refusals in their turn, and the clock behind it all.
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { Clock } from '../../src/http/clock.ts';
import type { RequestError } from '../../src/http/errors.ts';
import type { TimeoutEvent } from '../../src/http/events.ts';
import type { Exchange } from '../../src/http/exchange.ts';
import { Refusal } from '../../src/http/refusal.ts';
import { TimerWheel } from '../../src/http/timer-wheel.ts';
import {
  type App,
  answersIn,
  type Client,
  header,
  hello,
  readContent,
  respond,
  Server,
  type ServerOptions,
} from './wire.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const POST = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n';
const EXPECT = POST.replace('Host', 'Expect: 100-continue\r\nHost');
const CHUNKED = 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n';
const pending = (): void => {};
const handler = { timeouts: { handler: 5 } };
const request = { timeouts: { request: 5 } };

/** Names of the timeouts that were told of, until the test is over. */
function timeouts(): string[] {
  const names: string[] = [];
  const note = (event: unknown): void => void names.push((event as TimeoutEvent).timeout);
  subscribe('fapws:timeout', note);
  onTestFinished(() => void unsubscribe('fapws:timeout', note));
  return names;
}

/** Not before so many seconds, and at most a second later. */
async function expectAfter(seconds: number, server: Server, happened: () => boolean): Promise<void> {
  server.advance(seconds * 1000 - 1);
  await server.quiet();
  expect(happened(), `before ${seconds} seconds are over`).toBe(false);
  server.advance(1001);
  await server.quiet();
  expect(happened(), `after ${seconds} seconds`).toBe(true);
}

const over = (client: Client) => (): boolean => client.ending !== 'open';

/** Refused as a refusal should be: whole, last, with content that tells why. */
function expectRefused(client: Client, refusal: Refusal, methods: string[] = []): void {
  const answer = answersIn(client.octets, methods).at(-1);
  if (answer === undefined) throw new Error('no answer');
  expect(answer.line).toBe(`HTTP/1.1 ${refusal.status}`);
  expect(header(answer, 'Connection')).toBe('close');
  expect(header(answer, 'Date')).toMatch(/ GMT$/);
  expect(Number(header(answer, 'Content-Length'))).toBe(refusal.detail.length + 1);
  expect(answer.content).toBe(methods.at(-1) === 'HEAD' ? '' : `${refusal.detail}\n`);
  expect(client.ending).toBe('half-closed');
}

/** What an application learns. */
function watching(work: App = pending): { app: App; codes: string[] } {
  const codes: string[] = [];
  return {
    codes,
    app(exchange) {
      exchange.signal.addEventListener('abort', () => {
        codes.push((exchange.signal.reason as RequestError).code);
      });
      work(exchange);
    },
  };
}

function stream(exchange: Exchange): void {
  exchange.setHead('200 OK', []);
  exchange.send('x');
}

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

describe('refusals take their turn', () => {
  const malformed = 'GET / HTTP/1.1\r\nHost a\r\n\r\n';
  const big = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n';

  /** Name, what is pipelined behind a request, options, seconds, the refusal. */
  const rows: [string, string, ServerOptions, number, Refusal][] = [
    ['a malformed request', malformed, {}, 0, Refusal.badRequest],
    ['one without Host', 'GET / HTTP/1.1\r\n\r\n', {}, 0, Refusal.host],
    ['an unknown method', 'BREW / HTTP/1.1\r\nHost: a\r\n\r\n', {}, 0, Refusal.method],
    [
      'too large a head',
      `GET / HTTP/1.1\r\nHost: a\r\nA: ${'x'.repeat(9000)}\r\n\r\n`,
      {},
      0,
      Refusal.fieldsTooLarge,
    ],
    ['too long a target', GET.replace('/', `/${'x'.repeat(9000)}`), {}, 0, Refusal.targetTooLong],
    ['too much content, by its length', big, { limits: { content: 99 } }, 0, Refusal.contentTooLarge],
    [
      'too much content, in chunks',
      `${CHUNKED}64\r\n${'x'.repeat(100)}`,
      { limits: { content: 99 } },
      0,
      Refusal.contentTooLarge,
    ],
    ['content that is not framed', `${CHUNKED}x\r\n`, {}, 0, Refusal.framing],
    ['half a head', 'GET /', {}, 10, Refusal.timeout],
    ['half the content', `${POST}ab`, {}, 20, Refusal.timeout],
    ['an application that takes too long', GET, { timeouts: { handler: 5 } }, 5, Refusal.handlerTimeout],
    ['a request that takes too long', GET, { timeouts: { request: 5 } }, 5, Refusal.handlerTimeout],
  ];

  test.each(rows)('S9.3.2 %s behind answers that are late', async (_, second, options, seconds, refusal) => {
    const server = new Server({
      ...options,
      app(exchange) {
        if (exchange.head.path === '/first') return;
        readContent(exchange, pending);
      },
    });
    const client = server.connect().send(GET.replace('/', '/first').repeat(2) + second);
    server.advance(4000);
    await server.quiet();
    expect(client.received).toBe('');
    hello(server.exchanges[0] as Exchange);
    await server.quiet();
    server.advance(4000);
    expect(client.statuses).toEqual([200]);
    hello(server.exchanges[1] as Exchange);
    await server.quiet();
    if (seconds > 0) {
      expect(client.statuses).toEqual([200, 200]);
      server.advance(seconds * 1000 + 500);
      await server.quiet();
    }
    expect(client.statuses).toEqual([200, 200, Number(refusal.status.slice(0, 3))]);
    expectRefused(client, refusal);
    expect(server.exchanges.length).toBeLessThanOrEqual(3);
  });

  test('behind a stream that is on its way', async () => {
    const server = new Server({ app: stream });
    const client = server.connect().send(GET + malformed);
    await server.quiet();
    expect(client.received).not.toContain('400');
    server.exchange.send('y');
    server.exchange.finish();
    await server.quiet();
    expect(answersIn(client.octets)).toMatchObject([{ code: 200, content: 'xy' }, { code: 400 }]);
  });

  test.each([
    ['malformed', 'HEAD / HTTP/1.1\r\nHost a\r\n\r\n', 400],
    ['malformed, behind empty lines', '\r\n\r\nHEAD / HTTP/1.1\r\nHost a\r\n\r\n', 400],
    ['without Host', 'HEAD / HTTP/1.1\r\n\r\n', 400],
    ['too long', `HEAD /${'x'.repeat(9000)} HTTP/1.1\r\nHost: a\r\n\r\n`, 414],
    ['with too large a head', `HEAD / HTTP/1.1\r\nA: ${'x'.repeat(9000)}\r\n\r\n`, 431],
    ['with too much content', big.replace('POST', 'HEAD').replace('100', '100000000'), 413],
    ['with another version', 'HEAD / HTTP/2.0\r\n\r\n', 505],
  ])('S9.3.2 HEAD that is %s gets no content, whole or in pieces', async (_, octets, code) => {
    for (const deliver of ['send', 'trickle'] as const) {
      const server = new Server();
      const client = server.connect()[deliver](octets);
      await server.quiet();
      const answers = answersIn(client.octets, ['HEAD']);
      expect(answers).toMatchObject([{ code, content: '' }]);
      expect(Number(header(answers[0] as never, 'Content-Length'))).toBeGreaterThan(0);
    }
  });

  test('what one read brought behind the request in hand waits as octets, and no more is read', async () => {
    const server = new Server({ app: pending });
    const pipelined = GET.repeat(4000);
    const client = server.connect().send(GET + pipelined);
    await server.quiet();
    expect(client.paused).toBe(true);
    expect(server.seen).toHaveLength(1);
    const { length } = server.protocol.parser.input;
    expect(GET.length + pipelined.length - client.unread).toBe(length);
    // However long it takes, nothing is added to them.
    server.advance(60_000);
    client.send(pipelined);
    await server.quiet();
    expect(GET.length + 2 * pipelined.length - client.unread).toBe(length);
    for (let at = 0; at < 10; at += 1) {
      hello(server.exchanges.at(-1) as Exchange);
      await server.quiet();
      expect(server.seen).toHaveLength(at + 2);
    }
    expect(GET.length + 2 * pipelined.length - client.unread).toBe(length);
  });
});

describe('the clock', () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  test('deadlines hang on one that only goes forward: a step of the wall clock moves none', () => {
    let monotonic = 1000;
    let wall = Date.UTC(2026, 0, 1);
    vi.spyOn(performance, 'now').mockImplementation(() => monotonic);
    vi.spyOn(Date, 'now').mockImplementation(() => wall);
    const clock = new Clock('');
    const wheel = new TimerWheel(500, clock.now);
    const expired = vi.fn();
    const timed = { deadline: 0, wheelPrevious: null, wheelNext: null, wheelTick: -1, expire: expired };
    wheel.set(timed, clock.now + 10_000);
    for (const step of [0, 86_400_000, -2 * 86_400_000, 0]) {
      wall += step;
      for (let turn = 0; turn < 4; turn += 1) {
        monotonic += 500;
        wall += 500;
        clock.synchronise();
        wheel.turn(clock.now);
      }
      expect(clock.dateLine).toBe(`Date: ${new Date(wall).toUTCString()}\r\n`);
      expect(expired).not.toHaveBeenCalled();
    }
    monotonic += 2000;
    clock.synchronise();
    wheel.turn(clock.now);
    expect(expired).toHaveBeenCalledTimes(1);
  });

  test('a fake one moves both', () => {
    let now = Date.UTC(2026, 0, 1);
    const clock = new Clock('Server: x\r\n', () => now);
    expect(clock.now).toBe(now);
    now += 5000;
    clock.update();
    expect(clock.dateAndServerLines).toBe('Date: Thu, 01 Jan 2026 00:00:05 GMT\r\nServer: x\r\n');
  });
});

describe('a callback that keeps the loop from turning', () => {
  const HOUR = 3_600_000;

  test('and then asks for content gives the client its whole time', async () => {
    const server = new Server({ app: exchange => void exchange.body });
    const client = server.connect().send(EXPECT);
    server.now += HOUR;
    readContent(server.exchange, pending);
    await expectAfter(20, server, over(client));
    expect(client.statuses).toEqual([100, 408]);
  });

  test('and then sends more than the client takes at once, likewise', async () => {
    const server = new Server({ app: pending });
    const client = server.connect();
    client.takes = false;
    client.send(GET);
    server.now += HOUR;
    respond(server.exchange, 'x'.repeat(200_000));
    await expectAfter(30, server, over(client));
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
