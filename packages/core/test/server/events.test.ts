// What can be observed of requests that go wrong: channels of node:diagnostics_channel.

import { channel, subscribe, unsubscribe } from 'node:diagnostics_channel';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { AbortedEvent, Application, RefusedEvent, TimeoutEvent } from '../../src/index.ts';
import { readContent, Server as Wired } from '../http/wire.ts';
import { Uncaught } from '../loop/uncaught.ts';
import { Watched } from '../loop/watched.ts';
import { gate, type Serving, says, serving } from './serving.ts';

const GET = 'GET /path?query HTTP/1.1\r\nHost: a\r\n\r\n';
const POST = 'POST /path?query HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n';
const known = { method: 'GET', target: '/path?query' };
const posted = { method: 'POST', target: '/path?query' };
const nobody = { method: undefined, target: undefined };
const pending = (): void => {};

/** Subscribes to all channels until the test is over. */
class Events extends Watched {
  readonly refused: RefusedEvent[] = [];
  readonly timeout: TimeoutEvent[] = [];
  readonly aborted: AbortedEvent[] = [];

  constructor() {
    super();
    for (const name of ['refused', 'timeout', 'aborted'] as const) {
      const note = (event: unknown): void => {
        this[name].push(event as never);
        this.changed();
      };
      subscribe(`fapws:${name}`, note);
      onTestFinished(() => void unsubscribe(`fapws:${name}`, note));
    }
  }

  get all(): unknown[] {
    return [...this.refused, ...this.timeout, ...this.aborted];
  }
}

/** The client as the in-memory wire has it. */
const remote = { address: '192.0.2.1', port: 50_000 };

describe('fapws:refused', () => {
  test.each([
    [
      'a malformed head, as far as it could be read',
      'GET /path?query HTTP/1.1\r\nHost a\r\n\r\n',
      '400 Bad Request',
      known,
    ],
    ['half a request line', 'GET /path?query HTTP/1.1 \r\n', '400 Bad Request', known],
    ['rubbish', '\x16\x03\x01\r\n', '400 Bad Request', nobody],
    ['no Host', 'GET /path?query HTTP/1.1\r\n\r\n', '400 Bad Request', known],
    [
      'too long a target',
      `GET /${'x'.repeat(9000)}`,
      '414 URI Too Long',
      { method: 'GET', target: `/${'x'.repeat(9000)}` },
    ],
    [
      'too large a head',
      `GET /path?query HTTP/1.1\r\nA: ${'x'.repeat(9000)}\r\n\r\n`,
      '431 Request Header Fields Too Large',
      known,
    ],
    ['too much content, by its length', POST.replace(': 4', ': 100000000'), '413 Content Too Large', posted],
    [
      'too much content, in chunks',
      `${POST.replace('Content-Length: 4', 'Transfer-Encoding: chunked')}fffffff\r\n${'x'.repeat(2000)}`,
      '413 Content Too Large',
      posted,
    ],
    [
      'content that is not framed',
      `${POST.replace('Content-Length: 4', 'Transfer-Encoding: chunked')}x\r\n`,
      '400 Bad Request',
      posted,
    ],
    ['another version', 'GET /path?query HTTP/2.0\r\n\r\n', '505 HTTP Version Not Supported', known],
  ])('%s', async (_, octets, status, request) => {
    const events = new Events();
    const server = new Wired({ app: exchange => readContent(exchange, pending), limits: { content: 1000 } });
    const client = server.connect().send(octets);
    await server.quiet();
    const content = client.received.slice(client.received.indexOf('\r\n\r\n') + 4);
    expect(content).toMatch(/\.\n$/);
    expect(events.all).toEqual([
      {
        server: null,
        remote,
        ...request,
        status,
        detail: expect.stringMatching(/\.$/),
        octets: content.length,
      },
    ]);
    // In the words that the client was told.
    expect(client.received).toContain(`HTTP/1.1 ${status}\r\n`);
    expect(client.received).toContain(`\r\n\r\n${events.refused[0]?.detail}\n`);
  });

  test('a later request of a connection, when its turn comes', async () => {
    const events = new Events();
    const server = new Wired({ app: pending });
    server.connect().send(`${GET}BREW /pot HTTP/1.1\r\n\r\n`);
    await server.quiet();
    expect(events.all).toEqual([]);
    server.exchange.setHead('200 OK', []);
    server.exchange.respond('');
    await server.quiet();
    expect(events.refused).toMatchObject([{ status: '501 Not Implemented' }]);
  });

  test('a HEAD, whose refusal has no content', async () => {
    const events = new Events();
    const server = new Wired();
    server.connect().send('HEAD /path HTTP/1.1\r\n\r\n');
    await server.quiet();
    expect(events.refused).toMatchObject([{ status: '400 Bad Request', octets: 0 }]);
  });

  test('a connection that is one too many', () => {
    const events = new Events();
    const server = new Wired({ limits: { connections: 1 } });
    server.connect();
    server.connect('192.0.2.7');
    expect(events.all).toEqual([
      {
        server: null,
        remote: { address: '192.0.2.7', port: 50_000 },
        ...nobody,
        status: '503 Service Unavailable',
        detail: 'There are too many connections. Try again later.',
        octets: 'There are too many connections. Try again later.\n'.length,
      },
    ]);
  });

  test('nothing of what an application answers itself', async () => {
    const events = new Events();
    const it = await serving(link =>
      link.route('GET', '/', says('hello')).route('POST', '/fails', () => Promise.reject('no')),
    );
    const client = await it.client();
    for (const target of ['/', '/nowhere', '/fails']) await client.get(target);
    await client.post('/fails', 'x');
    expect(events.all).toEqual([]);
  });
});

describe('fapws:timeout', () => {
  test.each([
    ['head', 'GET /path', {}, 10, { method: 'GET', target: '/path' }, '408 Request Timeout'],
    ['content', POST, {}, 20, posted, '408 Request Timeout'],
    ['handler', GET, { timeouts: { handler: 3 } }, 3, known, '503 Service Unavailable'],
    ['request', GET, { timeouts: { request: 3 } }, 3, known, '503 Service Unavailable'],
    ['request', 'GET ', { timeouts: { request: 3 } }, 3, { ...nobody, method: 'GET' }, '408 Request Timeout'],
    ['request', 'GE', { timeouts: { request: 3 } }, 3, nobody, '408 Request Timeout'],
  ])('%s, and then the refusal', async (timeout, octets, options, seconds, request, status) => {
    const events = new Events();
    const server = new Wired({ app: exchange => readContent(exchange, pending), ...options });
    server.connect().send(octets);
    server.advance(seconds * 1000 - 1);
    expect(events.all).toEqual([]);
    server.advance(1000);
    await server.quiet();
    expect(events.timeout).toEqual([{ server: null, remote, ...request, timeout }]);
    expect(events.refused).toMatchObject([{ ...request, status }]);
    expect(events.aborted).toEqual([]);
  });

  test.each([
    ['write', {}, 31],
    ['request', { timeouts: { request: 3 } }, 4],
  ])('%s, of an answer that is cut', async (timeout, options, seconds) => {
    const events = new Events();
    const server = new Wired({
      app(exchange) {
        exchange.setHead('200 OK', []);
        exchange.send('x'.repeat(100_000));
      },
      ...options,
    });
    const client = server.connect();
    client.takes = false;
    client.send(GET);
    server.advance(seconds * 1000);
    await server.quiet();
    expect(events.all).toEqual([{ server: null, remote, ...known, timeout }]);
  });

  test('a connection that was merely idle is none', async () => {
    const events = new Events();
    const server = new Wired();
    server.connect();
    server.connect().send(GET);
    server.connect().send(GET, '\r\n');
    server.connect().send('GET / HTTP/1.0\r\n\r\n');
    server.advance(100_000);
    await server.quiet();
    expect(server.protocol.connections.size).toBe(0);
    expect(events.all).toEqual([]);
  });
});

describe.each([
  ['FIN', 'finish'],
  ['reset', 'break'],
] as const)('fapws:aborted, by %s', (_, leave) => {
  test.each([
    ['in the head', 'GET /path?query HT', known],
    ['in the content', `${POST}ab`, posted],
    ['before the answer', GET, known],
  ])('%s: once', async (_, octets, request) => {
    const events = new Events();
    const server = new Wired({ app: exchange => readContent(exchange, pending) });
    const client = server.connect().send(octets);
    client[leave]();
    await server.quiet();
    client.break();
    await server.quiet();
    expect(events.all).toEqual([{ server: null, remote, ...request, started: false }]);
  });

  test('in the answer: that it had begun', async () => {
    const events = new Events();
    const server = new Wired({
      app(exchange) {
        exchange.setHead('200 OK', []);
        exchange.send('x');
      },
    });
    server.connect().send(GET)[leave]();
    await server.quiet();
    expect(events.all).toEqual([{ server: null, remote, ...known, started: true }]);
  });

  test.each([
    ['before a request', []],
    ['after an answer', [GET]],
    ['after empty lines', ['\r\n']],
    ['after an answer to a request whose content nobody wanted', [POST, 'a']],
    ['after the last answer', ['GET / HTTP/1.0\r\n\r\n']],
  ])('nothing %s', async (_, reads) => {
    const events = new Events();
    const server = new Wired();
    server
      .connect()
      .send(...reads)
      [leave]();
    await server.quiet();
    expect(events.all).toEqual([]);
  });
});

test('a stop that cuts a request is no event: it was not the client', async () => {
  const events = new Events();
  const server = new Wired({ app: pending });
  server.connect().send(GET);
  server.inTurn(() => server.protocol.cutAll());
  await server.quiet();
  expect(events.all).toEqual([]);
});

describe('over sockets', () => {
  test('who it was, what went wrong', async () => {
    const events = new Events();
    const called = gate();
    const never: Application = () => {
      called.open();
      return new Promise(() => {});
    };
    const it = await serving(link => link.mount('/never', never), { timeouts: { head: 0.5 } });
    const [malformed, slow] = [await it.client(), await it.client()];
    malformed.send('nonsense\r\n\r\n');
    await malformed.answer();
    slow.send('GET /slow');
    expect((await slow.answer()).code).toBe(408);
    const gone = await it.client();
    gone.request('GET', '/never');
    await called.opened;
    gone.peer.reset();
    await events.until('the client is gone', () => events.aborted.length > 0);
    const from = (client: typeof gone) => ({ address: '127.0.0.1', port: client.peer.port });
    expect(events.refused.map(({ status }) => status.slice(0, 3))).toEqual(['501', '408']);
    expect(events.timeout).toEqual([
      { server: it.server, remote: from(slow), method: 'GET', target: '/slow', timeout: 'head' },
    ]);
    expect(events.aborted).toMatchObject([{ method: 'GET', target: '/never', started: false }]);
    expect(events.refused[0]?.remote).toEqual(from(malformed));
    expect(it.log).toBe('');
  });
});

test('every event names its server, so that those of several in one process can be told apart', async () => {
  const events = new Events();
  const servers = [await serving(() => {}), await serving(() => {})];
  for (const { server } of servers) {
    const refused = await server.call({ target: '/..' });
    expect(refused.statusCode).toBe(400);
  }
  for (const it of servers.toReversed()) {
    const client = await it.client();
    client.send('nonsense\r\n\r\n');
    await client.answer();
    const leaving = await it.client();
    leaving.send('GET /half');
    leaving.peer.end();
    await events.until('it has left', () => events.aborted.at(-1)?.server === it.server);
  }
  const [first, second] = servers.map(({ server }) => server);
  expect(events.refused.map(({ server }) => server)).toEqual([first, second, second, first]);
  expect(events.aborted.map(({ server }) => server)).toEqual([second, first]);
});

describe('subscribers', () => {
  test('without one nothing is built', async () => {
    for (const name of ['refused', 'timeout', 'aborted']) {
      expect(channel(`fapws:${name}`).hasSubscribers).toBe(false);
    }
    const server = new Wired({ app: pending, timeouts: { handler: 3 } });
    const clients = [server.connect().send(GET), server.connect().send('GET\t'), server.connect().send(GET)];
    const built = clients.map(({ connection }) => vi.spyOn(connection, 'known'));
    server.connect().send('GET /', ' HTTP/1.1\r\n\r\n');
    clients[0]?.break();
    server.advance(3500);
    await server.quiet();
    expect(clients[2]?.statuses).toEqual([503]);
    for (const known of built) expect(known).not.toHaveBeenCalled();
  });

  test('that fail disturb neither connection nor server: Node tells of an uncaught exception', async () => {
    const uncaught = new Uncaught();
    const failing = (): never => {
      throw new Error('broken subscriber');
    };
    for (const name of ['refused', 'timeout', 'aborted']) {
      subscribe(`fapws:${name}`, failing);
      onTestFinished(() => void unsubscribe(`fapws:${name}`, failing));
    }
    const it: Serving = await serving(
      link => link.mount('/', says('hello')).mount('/never', () => new Promise(() => {})),
      {
        timeouts: { handler: 0.1 },
      },
    );
    const [malformed, late, gone] = [await it.client(), await it.client(), await it.client()];
    malformed.send('nonsense\r\n\r\n');
    expect((await malformed.answer()).code).toBe(501);
    await malformed.peer.untilEnded();
    expect((await late.get('/never')).code).toBe(503);
    gone.send('GET / HT');
    gone.peer.end();
    await gone.peer.untilClosed();
    await uncaught.until('all are told of', () => uncaught.errors.length >= 4);
    expect(uncaught.errors.map(error => (error as Error).message)).toEqual(
      Array(4).fill('broken subscriber'),
    );
    expect((await (await it.client()).get('/')).text).toBe('hello');
  });

  test('may stop the server, even at once', async () => {
    const server = new Wired({ app: pending, timeouts: { handler: 3 } });
    const stopping = (): void => void server.protocol.cutAll();
    for (const name of ['refused', 'timeout', 'aborted']) {
      subscribe(`fapws:${name}`, stopping);
      onTestFinished(() => void unsubscribe(`fapws:${name}`, stopping));
    }
    const refused = server.connect().send('GET\t');
    expect([refused.ending, refused.received]).toEqual(['closed', '']);
    for (const cause of [
      () => server.connect().send('GET').finish(),
      () => server.connect().send(GET).finish(),
      () => server.connect().send(GET).break(),
      () => server.connect().send(`${POST.replace('Content-Length: 4', 'Transfer-Encoding: chunked')}x`),
    ]) {
      const client = cause();
      await server.quiet();
      expect(client.ending).not.toBe('open');
    }
    const late = server.connect().send(GET);
    server.advance(3500);
    await server.quiet();
    expect(late.ending).toBe('reset');
    expect(server.protocol.connections.size).toBe(0);
    const tooMany = new Wired({ limits: { connections: 1 } });
    const others = (): void => void tooMany.protocol.cutAll();
    subscribe('fapws:refused', others);
    onTestFinished(() => void unsubscribe('fapws:refused', others));
    tooMany.connect();
    expect(tooMany.connect().ending).toBe('closed');
    await tooMany.quiet();
    expect(tooMany.protocol.connections.size).toBe(0);
  });
});
