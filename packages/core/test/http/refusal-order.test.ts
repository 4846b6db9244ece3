// Refusals take their turn behind the answers before them, and look like answers.
import { describe, expect, test } from 'vitest';
import type { Exchange } from '../../src/http/exchange.ts';
import { Refusal } from '../../src/http/refusal.ts';
import { CHUNKED, expectRefused, GET, POST, pending, stream } from './timing.ts';
import { answersIn, header, hello, readContent, Server, type ServerOptions } from './wire.ts';

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
