// However a connection ends, it is not counted any more, and nobody else is taken for it.
import { describe, expect, test } from 'vitest';
import { type App, type Client, line, readContent, Server } from './wire.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const POST = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n';
const pending = (): void => {};

describe('nobody is counted who has left', () => {
  const streaming: App = exchange => {
    exchange.setHead('200 OK', []);
    exchange.send('x'.repeat(100_000));
  };

  /** How a connection can end: options, and what is done until it is over. */
  const ways: [string, ConstructorParameters<typeof Server>[0], (client: Client, server: Server) => void][] =
    [
      ['FIN at once', {}, client => client.finish()],
      ['reset at once', {}, client => client.break()],
      ['FIN after an answer', {}, client => client.send(GET).finish()],
      ['reset while it is answered', { app: pending }, client => client.send(GET).break()],
      ['FIN in a head', {}, client => client.send('GET').finish()],
      ['no word in the time for a head', {}, (_, server) => server.advance(10_500)],
      [
        'half a head',
        {},
        (client, server) => {
          client.send('GET');
          server.advance(16_000);
        },
      ],
      [
        'the idle time',
        {},
        (client, server) => {
          client.send(GET);
          server.advance(75_500);
        },
      ],
      [
        'no content',
        { app: exchange => readContent(exchange, pending) },
        (client, server) => {
          client.send(POST);
          server.advance(26_000);
        },
      ],
      [
        'no content that anybody wants',
        {},
        (client, server) => {
          client.send(POST);
          server.advance(26_000);
        },
      ],
      [
        'the time of an application',
        { app: pending, timeouts: { handler: 3 } },
        (client, server) => {
          client.send(GET);
          server.advance(9000);
        },
      ],
      [
        'the time of a request',
        { app: streaming, timeouts: { request: 3 } },
        (client, server) => {
          client.send(GET);
          server.advance(3500);
        },
      ],
      [
        'a client that takes nothing',
        { app: streaming },
        (client, server) => {
          client.takes = false;
          client.send(GET);
          server.advance(31_000);
        },
      ],
      ['a refusal', {}, client => client.send('GET\t').finish()],
      [
        'a refusal and no end',
        {},
        (client, server) => {
          client.send('GET\t');
          server.advance(5500);
        },
      ],
      [
        'too much behind a refusal',
        { limits: { linger: 10 } },
        client => client.send('GET\t', 'x'.repeat(11)),
      ],
      ['the last answer', {}, client => client.send('GET / HTTP/1.0\r\n\r\n').finish()],
      [
        'too much that nobody wants',
        { limits: { discard: 10 } },
        client => client.send(`${POST.replace(': 4', ': 11')}${'x'.repeat(11)}`).finish(),
      ],
      ['an answer that is cut', { app: exchange => exchange.cut() }, client => client.send(GET)],
      [
        'an answer that is shorter than it says',
        {
          app: exchange => {
            exchange.setHead('200 OK', [['Content-Length', '5']]);
            exchange.send('x');
            expect(() => exchange.finish()).toThrow(/Content-Length/);
          },
        },
        client => client.send(GET).finish(),
      ],
      [
        'a stop that cuts',
        { app: pending },
        (client, server) => {
          client.send(GET);
          server.inTurn(() => server.protocol.cutAll());
        },
      ],
      [
        'a stop that finds it idle',
        {},
        (client, server) => {
          client.send(GET);
          server.advance(1000);
          void server.protocol.finish(0);
        },
      ],
      ['no preface', { preface: line }, (_, server) => server.advance(10_500)],
      [
        'half a preface',
        { preface: line },
        (client, server) => {
          client.send('for');
          server.advance(10_500);
        },
      ],
      ['FIN in a preface', { preface: line }, client => client.send('for').finish()],
      ['what is no preface', { preface: line }, client => client.send(GET)],
      [
        'a preface without end',
        { preface: line, limits: { preface: 10 } },
        client => client.send('for 192.0.2.200'),
      ],
      [
        'a preface that names somebody, and FIN',
        { preface: line },
        client => client.send('for 192.0.2.9\n').finish(),
      ],
      [
        'a preface that names somebody, and reset',
        { preface: line, app: pending },
        client => client.send(`for 192.0.2.9\n${GET}`).break(),
      ],
      [
        'a preface whose reader fails',
        {
          preface: {
            expectedFrom: () => {
              throw new Error('broken');
            },
            read: () => null,
          },
        },
        pending,
      ],
    ];

  test.each(ways)('by %s', async (_, options = {}, leave) => {
    const limits = { connections: 2, connectionsPerAddress: 2 };
    const server = new Server({ ...options, limits: { ...limits, ...options.limits } });
    // Somebody else of the same address, who is not taken for the one that leaves.
    const { admission, connections } = server.protocol;
    for (const address of ['192.0.2.1', '192.0.2.9']) expect(admission.enter(address, 0)).toBe(true);
    for (let round = 0; round < 3; round += 1) {
      const client = server.connect();
      expect(client.statuses).toEqual([]);
      leave(client, server);
      await server.quiet();
      expect(client.ending).not.toBe('open');
      expect(connections.size).toBe(0);
    }
    for (const address of ['192.0.2.1', '192.0.2.9']) {
      expect(admission.enter(address, 0)).toBe(true);
      expect(admission.enter(address, 0)).toBe(false);
    }
  });

  test('by being one too many, told and untold', async () => {
    const server = new Server({ limits: { connectionsPerAddress: 1 } });
    for (let round = 0; round < 3; round += 1) {
      const first = server.connect();
      expect(first.ending).toBe('open');
      for (let count = 0; count < 300; count += 1) server.connect();
      first.finish();
      server.advance(5500);
      await server.quiet();
      expect(server.protocol.connections.size).toBe(0);
    }
  });
});
