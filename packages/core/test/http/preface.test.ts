// What comes before the first request: read however the network cuts it, bounded in size and time, believed or the end.
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { RefusedEvent, TimeoutEvent } from '../../src/http/events.ts';
import type { Preface, PrefaceResult } from '../../src/http/preface.ts';
import { type Client, cut, hello, line, outcome, Server } from './wire.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const FOR = 'for 192.0.2.101\n';

/** Events until the test is over. */
function events<T>(name: string): T[] {
  const seen: T[] = [];
  const note = (event: unknown): void => void seen.push(event as T);
  subscribe(name, note);
  onTestFinished(() => void unsubscribe(name, note));
  return seen;
}

/** One octet that says all there is to say. */
function octet(read: (octets: Uint8Array) => PrefaceResult | null, expectedFrom = () => true): Preface {
  return { expectedFrom, read };
}

function closedSilently(client: Client): void {
  expect([client.ending, client.received]).toEqual(['closed', '']);
}

describe('a preface', () => {
  test('says who is there, and the requests behind it are served', () => {
    const server = new Server({ preface: line });
    const client = server.connect().send(FOR + GET + GET);
    expect(client.statuses).toEqual([200, 200]);
    const { connection } = server.exchanges[0] ?? { connection: null };
    expect(connection?.remote).toEqual({ address: '192.0.2.101', port: 1 });
    expect(connection?.preface).toMatchObject({ length: FOR.length });
  });

  test('is told where the connection comes from and what has arrived so far, and asked no more when it is read', () => {
    const calls: unknown[] = [];
    const server = new Server({
      preface: {
        expectedFrom: (...ends) => calls.push(ends) > 0,
        read(octets) {
          calls.push(Buffer.from(octets).toString());
          return octets.length < 3 ? null : { length: 3 };
        },
      },
    });
    const client = server.connect().send('a', 'b', 'c', GET, GET);
    expect(client.statuses).toEqual([200, 200]);
    expect(calls).toEqual([[client.remote, client.local], 'a', 'ab', 'abc']);
  });

  test('may speak for other ends, another scheme and more', () => {
    const said = {
      length: 1,
      remote: { address: '2001:db8::1', port: 5 },
      local: { address: '2001:db8::2', port: 443 },
      scheme: 'https',
      details: { tls: true },
    } as const;
    const server = new Server({ preface: octet(() => said) });
    server.connect().send(`!${GET}`);
    const { connection } = server.exchange;
    expect(connection.remote).toEqual(said.remote);
    expect(connection.local).toEqual(said.local);
    expect(connection.preface).toBe(said);
  });

  test('that says nothing leaves the ends as they are', () => {
    const server = new Server({ preface: octet(() => ({ length: 1 })) });
    const client = server.connect().send(`!${GET}`);
    expect(server.exchange.connection.remote).toBe(client.remote);
    expect(server.exchange.connection.local).toBe(client.local);
  });

  test('of no octets at all is one too: what has arrived is a request', () => {
    const server = new Server({ preface: octet(() => ({ length: 0 })) });
    expect(server.connect().send(GET).statuses).toEqual([200]);
  });

  test('is not looked for where it is not expected', () => {
    const preface = octet(
      () => {
        throw new Error('asked');
      },
      () => false,
    );
    const server = new Server({ preface });
    expect(server.connect().send(GET).statuses).toEqual([200]);
    expect(server.connect().send(FOR).statuses).toEqual([501]);
  });

  test.each([
    ['with a request', FOR + GET],
    ['with two, and half of a third', `${FOR + GET + GET}GET / HT`],
    ['with an upload', `${FOR}POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nabcd${GET}`],
    ['with a request that is refused', `${FOR}GET\t${GET}`],
    ['that is none', `for${GET}`],
  ])('%s comes to the same, however it is cut', async (_, octets) => {
    const deliver = async (reads: Buffer[]): Promise<object> => {
      const server = new Server({ preface: line });
      const client = server.connect().send(...reads);
      await server.quiet();
      return outcome(server, client);
    };
    const whole = await deliver(cut(octets));
    expect(await deliver(cut(octets, ...Array(octets.length).keys()))).toEqual(whole);
    for (let place = 1; place < octets.length; place += 1) {
      expect(await deliver(cut(octets, place)), `cut at ${place}`).toEqual(whole);
    }
  });
});

describe('what is no preface', () => {
  test('ends the connection without a word, and is an event', async () => {
    const refused = events<RefusedEvent>('fapws:refused');
    const server = new Server({ preface: line });
    const client = server.connect().send(GET);
    closedSilently(client);
    await server.quiet();
    expect(server.seen).toEqual([]);
    expect(refused).toEqual([
      {
        server: null,
        remote: client.remote,
        method: undefined,
        target: undefined,
        status: '',
        detail: 'The preface is invalid: not for anybody',
        octets: 0,
      },
    ]);
  });

  test('nor is one that is complete and too long, in one read or in several', () => {
    const server = new Server({ preface: line, limits: { preface: 20 } });
    const preface = `for ${'x'.repeat(16)}\n`;
    closedSilently(server.connect().send(preface + GET));
    closedSilently(server.connect().send(preface.slice(0, 10), preface.slice(10) + GET));
    expect(server.seen).toEqual([]);
  });

  test('nor is one that has no end within its limit', () => {
    const refused = events<RefusedEvent>('fapws:refused');
    const server = new Server({ preface: line, limits: { preface: 20 } });
    const fits = server.connect().send(`for ${'x'.repeat(16)}`);
    expect(fits.ending).toBe('open');
    closedSilently(fits.send('x'));
    closedSilently(server.connect().send(`for ${'x'.repeat(17)}`));
    expect(refused.map(({ detail }) => detail)).toEqual(
      Array(2).fill('The preface is invalid: it is too long'),
    );
    // What follows it does not count.
    expect(server.connect().send(`for ${'x'.repeat(15)}\n${GET}`).statuses).toEqual([200]);
  });

  test.each([
    ['an Error', new TypeError('what')],
    ['a string', 'what'],
    ['null', null],
    ['undefined', undefined],
    ['a symbol', Symbol('what')],
    ['an object that is no text', Object.create(null)],
    [
      'an Error whose message fails',
      Object.defineProperty(new Error('x'), 'message', {
        get() {
          throw new Error('what');
        },
      }),
    ],
    ['a revoked Proxy', revoked()],
  ])('nor is one at which the reader throws %s', async (_, thrown) => {
    const refused = events<RefusedEvent>('fapws:refused');
    const fails = (): never => {
      throw thrown;
    };
    for (const preface of [octet(fails), octet(fails, fails)]) {
      const server = new Server({ preface });
      const client = server.connect();
      if (client.ending === 'open') client.send('!');
      closedSilently(client);
      await server.quiet();
      expect(server.protocol.connections.size).toBe(0);
    }
    expect(refused).toHaveLength(2);
    for (const { detail } of refused) expect(detail).toMatch(/^The preface is invalid/);
  });

  test.each([
    ['a negative length', { length: -1 }],
    ['a length that is no number', { length: '1' }],
    ['a length that is none', {}],
    ['half an octet', { length: 0.5 }],
    ['more than there is', { length: 4 }],
    ['a client without an address', { length: 1, remote: { address: 5, port: 1 } }],
    ['something else', true],
  ])('nor is one of which the reader says %s', async (_, said) => {
    const server = new Server({ preface: octet(() => said as PrefaceResult) });
    const client = server.connect().send('abc');
    closedSilently(client);
    await server.quiet();
    expect(server.protocol.connections.size).toBe(0);
  });
});

describe('time', () => {
  test.each([
    ['nothing comes', []],
    ['half a preface comes', ['for']],
    ['a preface trickles in', ['f', 'o', 'r']],
  ])('%s within that of a head: the end without a word', (_, reads) => {
    const timeouts = events<TimeoutEvent>('fapws:timeout');
    const server = new Server({ preface: line });
    const client = server.connect();
    for (const read of reads) {
      server.advance(3000);
      client.send(read);
    }
    server.advance(9999 - server.now + Date.UTC(2026, 0, 1));
    expect(client.ending).toBe('open');
    server.advance(1000);
    closedSilently(client);
    expect(timeouts).toEqual([]);
  });

  test('a head that follows has its own, from its first octet', () => {
    const server = new Server({ preface: line });
    const client = server.connect();
    server.advance(9000);
    client.send(`${FOR}GET /`);
    server.advance(9900);
    expect(client.ending).toBe('open');
    server.advance(1000);
    expect(client.statuses).toEqual([408]);
  });

  test('a client that is named and says nothing then is dropped as one that only connects', () => {
    const server = new Server({ preface: line });
    const client = server.connect();
    server.advance(3000);
    client.send(FOR);
    server.advance(8000);
    closedSilently(client);
  });
});

describe('the end', () => {
  test.each([
    ['nothing', []],
    ['half of it', ['for']],
  ])('a peer that shuts its side after %s is gone', (_, reads) => {
    const server = new Server({ preface: line });
    closedSilently(
      server
        .connect()
        .send(...reads)
        .finish(),
    );
    expect(server.protocol.connections.size).toBe(0);
  });

  test('a client that is named and shuts its side behind a request gets its answer', async () => {
    const server = new Server({ preface: line, app: exchange => setImmediate(() => hello(exchange)) });
    const client = server
      .connect()
      .send(FOR + GET)
      .finish();
    await server.quiet();
    expect(client.statuses).toEqual([200]);
    expect(client.ending).toBe('closed');
  });

  test('a server that stops does not wait for it', async () => {
    const server = new Server({ preface: line });
    const old = server.connect().send('for');
    server.advance(1000);
    const young = server.connect();
    const finished = server.protocol.finish(60_000);
    await server.quiet();
    closedSilently(old);
    expect(young.send(FOR + GET).received).toContain('Connection: close\r\n');
    young.finish();
    expect(await finished).toBe(0);
  });
});

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}
