// The client leaves, at every stage and in every way: the work is told, nothing is answered into the void, nothing is kept.
import { describe, expect, test } from 'vitest';
import type { RequestError } from '../../src/http/errors.ts';
import type { Exchange } from '../../src/http/exchange.ts';
import type { TimerWheel } from '../../src/http/timer-wheel.ts';
import { type Client, hello, readContent, respond, Server } from './wire.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const POST = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n';
const CHUNKED = 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n';

/** What an application noticed. */
interface Noticed {
  aborted: string[];
  content: string[];
  over: number;
  writable: number;
}

/** An application that notes what it is told, and does nothing else unless `work` does. */
function watching(work: (exchange: Exchange) => void = () => {}): { server: Server; noticed: Noticed } {
  const noticed: Noticed = { aborted: [], content: [], over: 0, writable: 0 };
  const server = new Server({
    app: exchange => {
      const { signal } = exchange;
      signal.addEventListener('abort', () => noticed.aborted.push((signal.reason as RequestError).code));
      exchange.whenOver(() => {
        noticed.over += 1;
      });
      if (exchange.head.method === 'POST') {
        readContent(exchange, (content, error) => noticed.content.push(error?.code ?? content.toString()));
      }
      work(exchange);
    },
  });
  return { server, noticed };
}

/** Nothing of a connection is left: not in the protocol, not in the wheel, not in the network. */
async function expectForgotten(server: Server, client: Client): Promise<void> {
  await server.quiet();
  expect(client.ending).not.toBe('open');
  expect(server.protocol.connections.size).toBe(0);
  expect(client.connection.deadlines.wheelTick).toBe(-1);
  expect(isEmpty(server.protocol.wheel, server.now)).toBe(true);
  expect(client.connection.exchange).toBeNull();
}

/** Looks into every slot: what is put there finds nothing to be linked with. */
function isEmpty(wheel: TimerWheel, now: number): boolean {
  const probe = { deadline: 0, wheelPrevious: null, wheelNext: null, wheelTick: -1, expire: () => {} };
  for (let slot = 1; slot <= 256; slot += 1) {
    wheel.set(probe, now + slot * wheel.tick);
    if (probe.wheelNext !== null) return false;
    wheel.remove(probe);
  }
  return true;
}

const ways: [string, (client: Client) => void][] = [
  ['FIN', client => client.finish()],
  ['reset', client => client.break()],
];

describe.each(ways)('a client that leaves by %s', (way, leave) => {
  test.each([
    ['before it says anything', []],
    ['in the request line', ['GE']],
    ['in the fields', ['GET / HTTP/1.1\r\nHo']],
    ['between two requests', [GET]],
    ['after empty lines', ['\r\n\r\n']],
    ['in the head of a second request', [`${GET}GET`]],
    ['after an answer that did not wait for the content', [POST, 'ab']],
    ['after a refusal', ['GET\t']],
    ['after the last answer', ['GET / HTTP/1.0\r\n\r\n']],
  ])('%s is forgotten at once', async (_, reads) => {
    const server = new Server();
    const client = server.connect().send(...reads);
    const { received } = client;
    leave(client);
    await expectForgotten(server, client);
    expect(client.received).toBe(received);
    expect(client.lost).toBe(0);
  });

  test.each([
    ['before the first octet of content', [POST]],
    ['in the content', [POST, 'ab']],
    ['in a chunk', [CHUNKED, '5\r\nabc']],
    ['before the last chunk', [CHUNKED, '3\r\nabc\r\n']],
    ['before the empty line after the last chunk', [CHUNKED, '3\r\nabc\r\n0\r\n']],
  ])('8 %s: reading fails with FAPWS_CLIENT_GONE, the signal is aborted', async (_, reads) => {
    const { server, noticed } = watching();
    const client = server.connect().send(...reads);
    leave(client);
    await server.quiet();
    expect(noticed).toMatchObject({ aborted: ['FAPWS_CLIENT_GONE'], content: ['FAPWS_CLIENT_GONE'] });
    expect(server.exchange.gone).toBe(true);
    // After a FIN the client may still read; the answer is the application's.
    if (way === 'FIN') respond(server.exchange, '', '400 Bad Request');
    expect(noticed.over).toBe(1);
    await expectForgotten(server, client);
    if (way === 'FIN') expect(client.received).toMatch(/^HTTP\/1.1 400 [\s\S]*Connection: close\r\n/);
    else expect(client.received).toBe('');
  });

  test('while the application works: the signal is aborted, content that is complete stays', async () => {
    const { server, noticed } = watching();
    const client = server.connect().send(`${POST}abcd`);
    leave(client);
    await server.quiet();
    expect(noticed).toMatchObject({ aborted: ['FAPWS_CLIENT_GONE'], content: ['abcd'] });
    expect(noticed.over).toBe(way === 'FIN' ? 0 : 1);
    hello(server.exchange);
    expect(noticed.over).toBe(1);
    expect(client.statuses).toEqual(way === 'FIN' ? [200] : []);
    await expectForgotten(server, client);
    expect(client.lost).toBe(0);
  });

  test('while an answer streams: the signal is aborted, further pieces do no harm', async () => {
    const { server, noticed } = watching(exchange => {
      exchange.setHead('200 OK', []);
      exchange.send('one');
    });
    const client = server.connect().send(GET);
    leave(client);
    await server.quiet();
    expect(noticed.aborted).toEqual(['FAPWS_CLIENT_GONE']);
    expect(server.exchange.send('two')).toBe(true);
    server.exchange.finish();
    expect(noticed.over).toBe(1);
    await expectForgotten(server, client);
    expect(client.received.endsWith('3\r\ntwo\r\n0\r\n\r\n')).toBe(way === 'FIN');
    expect(client.lost).toBe(0);
  });

  test('while requests wait: none of them is begun after a reset, all are answered after a FIN', async () => {
    const { server } = watching(exchange => queueMicrotask(() => hello(exchange)));
    const client = server.connect().send(GET + GET + GET);
    leave(client);
    await expectForgotten(server, client);
    expect(client.statuses).toEqual(way === 'FIN' ? [200, 200, 200] : []);
    expect(server.seen).toHaveLength(way === 'FIN' ? 3 : 1);
  });
});

describe('a client that does not take what is written and then breaks the connection', () => {
  test('wakes the writers that wait for it', async () => {
    const { server, noticed } = watching(exchange => {
      exchange.setHead('200 OK', []);
      while (exchange.send('x'.repeat(10_000)));
      exchange.whenWritable(() => {
        noticed.writable += 1;
      });
    });
    const client = server.connect();
    client.takes = false;
    client.send(GET);
    expect(noticed.writable).toBe(0);
    client.break();
    await expectForgotten(server, client);
    expect(noticed).toMatchObject({ writable: 1, over: 1, aborted: ['FAPWS_CLIENT_GONE'] });
    // Who begins to wait now is answered at once.
    server.exchange.whenWritable(() => {
      noticed.writable += 1;
    });
    server.exchange.whenOver(() => {
      noticed.over += 1;
    });
    expect(noticed).toMatchObject({ writable: 2, over: 2 });
  });
});

test('the look into the wheel finds what is there', () => {
  const server = new Server();
  server.connect();
  expect(isEmpty(server.protocol.wheel, server.now)).toBe(false);
});

describe('who asks later', () => {
  test('finds the signal aborted and the content failed', async () => {
    const server = new Server({ app: () => {} });
    const client = server.connect().send(POST, 'ab').break();
    await expectForgotten(server, client);
    expect(server.exchange.signal.aborted).toBe(true);
    expect((server.exchange.signal.reason as RequestError).code).toBe('FAPWS_CLIENT_GONE');
    let code = '';
    readContent(server.exchange, (_, error) => {
      code = error?.code ?? '';
    });
    expect(code).toBe('FAPWS_CLIENT_GONE');
  });

  test('after a complete answer the signal stays as it was', async () => {
    const server = new Server();
    const client = server.connect().send(GET);
    client.break();
    await expectForgotten(server, client);
    expect(server.exchange.signal.aborted).toBe(false);
    expect(server.exchange.gone).toBe(false);
  });
});

describe('an application that answers in the moment in which it is told', () => {
  const answering = (): Server =>
    new Server({
      limits: { content: 10 },
      app: exchange => {
        exchange.signal.addEventListener('abort', () => respond(exchange, 'too late'));
        readContent(exchange, () => {});
      },
    });

  test.each([
    ['content is refused', [CHUNKED, 'B\r\n01234567890\r\n'], 413],
    ['content is malformed', [CHUNKED, 'x'], 400],
  ])('cannot answer behind a refusal, when %s', async (_, reads, status) => {
    const server = answering();
    const client = server.connect().send(...reads);
    await server.quiet();
    expect(client.statuses).toEqual([status]);
    expect(client.ending).toBe('half-closed');
  });

  test('cannot answer behind a timeout', async () => {
    const server = answering();
    const client = server.connect().send(CHUNKED);
    server.advance(21_000);
    expect(client.statuses).toEqual([408]);
  });

  test('can answer a client that has shut its side', async () => {
    const server = answering();
    const client = server.connect().send(CHUNKED).finish();
    await expectForgotten(server, client);
    expect(client.statuses).toEqual([200]);
  });

  test('writes nothing after a reset', async () => {
    const server = answering();
    const client = server.connect().send(CHUNKED).break();
    await expectForgotten(server, client);
    expect(client.received).toBe('');
    expect(client.lost).toBe(0);
  });
});

describe('an application that gives the last answer while its content arrives', () => {
  test.each([
    ['with the rest of the request in the same read', [`${CHUNKED}3\r\nabc\r\n0\r\n\r\n${GET}`]],
    ['with content that is malformed behind it', [`${CHUNKED}3\r\nabc\r\nno size`]],
    ['with more content than is allowed', [`${CHUNKED}3\r\nabc\r\nFF\r\n${'x'.repeat(255)}`]],
  ])('%s', async (_, reads) => {
    const server = new Server({
      limits: { content: 10, requests: 1 },
      app: exchange => exchange.body.take({ contentArrived: () => hello(exchange) }),
    });
    const client = server.connect().send(...reads);
    await server.quiet();
    expect(client.statuses).toEqual([200]);
    expect(client.ending).toBe('half-closed');
    expect(server.seen).toHaveLength(1);
  });
});
