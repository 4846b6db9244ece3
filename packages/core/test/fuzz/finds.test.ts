// What `pnpm fuzz` has found, each find with a name. A case that the fuzzer wrote down becomes a test here, as small as it is.
import { describe, expect, test } from 'vitest';
import { defaultTimeouts } from '../../src/index.ts';
import { cut, outcome, Server } from '../http/wire.ts';

const limits = { requestLine: 60 };
const long = 'x'.repeat(80);

describe('a request line that is too long and malformed has one status, wherever reads were cut', () => {
  test.each([
    ['a control octet in the target', `GET /${long}\x01 HTTP/1.1\r\nHost: a\r\n\r\n`, 414],
    ['an octet above 7F in the target', `GET /${long}\xe9 HTTP/1.1\r\nHost: a\r\n\r\n`, 414],
    ['a tab behind the target', `GET /${long}\tHTTP/1.1\r\nHost: a\r\n\r\n`, 414],
    ['a control octet where it is not too long yet', `GET /\x01${long} HTTP/1.1\r\nHost: a\r\n\r\n`, 400],
  ])('%s', async (_, octets, status) => {
    const whole = new Server({ limits });
    const first = whole.connect().send(octets);
    await whole.quiet();
    expect(first.statuses).toEqual([status]);
    for (let place = 1; place < octets.length; place += 1) {
      const parts = new Server({ limits });
      const second = parts.connect().send(...cut(octets, place));
      await parts.quiet();
      expect(outcome(parts, second), `cut at ${place}`).toEqual(outcome(whole, first));
    }
  });
});

test('a request line that is longer than a head may be is 414, wherever reads were cut', async () => {
  const octets = `GET /${long} HTTP/1.1\r\nHost: a\r\n\r\n`;
  for (const places of [[], [40], [70], [90]]) {
    const server = new Server({ limits: { head: 60 } });
    const client = server.connect().send(...cut(octets, ...places));
    await server.quiet();
    expect(client.statuses).toEqual([414]);
  }
});

test('a client that waits for 100 Continue and got an answer in its place has the time of content, and no more', async () => {
  const server = new Server({
    app: exchange => {
      exchange.setHead('200 OK', []);
      exchange.send('an answer before the content');
      exchange.body.take({ contentArrived: () => {} });
    },
  });
  const client = server
    .connect()
    .send('POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n');
  server.advance(21_000);
  await server.quiet();
  expect(client.ending).not.toBe('open');
  server.advance(10_000);
  expect(server.protocol.connections.size).toBe(0);
});

test('a request whose time is over while its client takes nothing leaves the client the time of a write, and no more', async () => {
  const server = new Server({ timeouts: { request: 11 } });
  const client = server.connect();
  client.takes = false;
  client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\nG');
  // The time of the head passes first, and finds that the client takes nothing; then that of the request.
  server.advance(12_000);
  await server.quiet();
  expect(client.statuses).toEqual([200, 408]);
  expect(server.protocol.connections.size).toBe(1);
  server.advance(defaultTimeouts.write * 1000);
  await server.quiet();
  expect(server.protocol.connections.size).toBe(0);
});
