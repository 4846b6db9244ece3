// Who may connect: how many connections at once, in total and of one address.
import { describe, expect, test } from 'vitest';
import { Admission } from '../../src/http/admission.ts';
import { defaultLimits } from '../../src/http/limits.ts';
import { Refusal } from '../../src/http/refusal.ts';
import { answersIn, type Client, header, line, Server } from './wire.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';

/** A client whose connection was not one too many. */
function admitted(server: Server, address?: string): Client {
  const client = server.connect(address);
  expect([client.ending, client.received], `${client.remote.address} is admitted`).toEqual(['open', '']);
  return client;
}

function refused(server: Server, address?: string): Client {
  const client = server.connect(address);
  expect([client.ending, client.statuses], `${client.remote.address} is refused`).toEqual([
    'half-closed',
    [503],
  ]);
  return client;
}

describe.each([
  ['in total', { connections: 2 }, ['192.0.2.1', '192.0.2.2', '192.0.2.3', '192.0.2.4']],
  ['of one address', { connectionsPerAddress: 2 }, Array(4).fill('192.0.2.1')],
  [
    'of one /64 network',
    { connectionsPerAddress: 2 },
    ['2001:db8::1', '2001:db8::2', '2001:db8::3', '2001:db8::4'],
  ],
] as [string, object, string[]][])('connections %s', (_, limits, addresses) => {
  const [a, b, c, d] = addresses as [string, string, string, string];

  test('S15.6.4 one too many gets 503 and the end, whole in one write', () => {
    const server = new Server({ limits });
    admitted(server, a);
    admitted(server, b);
    const client = refused(server, c);
    const [answer] = answersIn(client.octets);
    if (answer === undefined) throw new Error('no answer');
    expect(answer.line).toBe('HTTP/1.1 503 Service Unavailable');
    expect(header(answer, 'Connection')).toBe('close');
    expect(header(answer, 'Date')).toBe('Thu, 01 Jan 2026 00:00:00 GMT');
    expect(header(answer, 'Server')).toBe('fapws');
    expect(Number(header(answer, 'Content-Length'))).toBe(answer.content.length);
    expect(answer.content).toBe(`${Refusal.tooManyConnections.detail}\n`);
    expect(new Set(client.writes.map(({ turn }) => turn)).size).toBe(1);
  });

  test('those that were there first are served on', () => {
    const server = new Server({ limits });
    const first = admitted(server, a);
    const second = admitted(server, b);
    refused(server, c);
    expect(first.send(GET).statuses).toEqual([200]);
    expect(second.send(GET, GET).statuses).toEqual([200, 200]);
  });

  test('nothing that it sends is looked at, and it lingers as after any last answer', async () => {
    const server = new Server({ limits: { ...limits, linger: 100 } });
    admitted(server, a);
    admitted(server, b);
    const client = refused(server, c).send(GET);
    expect(server.seen).toEqual([]);
    expect(client.statuses).toEqual([503]);
    client.send('x'.repeat(100));
    await server.quiet();
    expect(client.ending).toBe('closed');
    const other = refused(server, d);
    server.advance(5500);
    expect(other.ending).toBe('closed');
    expect(server.protocol.connections.size).toBe(2);
  });

  test('one that has left makes room, also while those that were refused are still there', async () => {
    const server = new Server({ limits });
    const first = admitted(server, a);
    admitted(server, b);
    for (let count = 0; count < 10; count += 1) refused(server, c);
    first.finish();
    await server.quiet();
    admitted(server, d);
    refused(server, c);
  });

  test('one that was refused and leaves makes no room', async () => {
    const server = new Server({ limits });
    admitted(server, a);
    admitted(server, b);
    refused(server, c).finish();
    refused(server, c).break();
    await server.quiet();
    refused(server, d);
  });

  test('256 that are refused are told so at a time, further ones are closed without a word', async () => {
    const server = new Server({ limits });
    admitted(server, a);
    admitted(server, b);
    const told = Array.from({ length: 256 }, () => refused(server, c));
    for (let count = 0; count < 3; count += 1) {
      const client = server.connect(d);
      expect([client.ending, client.received]).toEqual(['closed', '']);
    }
    expect(server.protocol.connections.size).toBe(2 + 256);
    told[0]?.finish();
    told[1]?.break();
    await server.quiet();
    refused(server, d);
    refused(server, d);
    expect(server.connect(d).ending).toBe('closed');
    server.advance(5500);
    expect(server.protocol.connections.size).toBe(2);
    for (let count = 0; count < 256; count += 1) refused(server, c);
    expect(server.connect(d).ending).toBe('closed');
  });
});

describe('who is counted', () => {
  test('each address for itself', () => {
    const server = new Server({ limits: { connectionsPerAddress: 1 } });
    admitted(server, '192.0.2.1');
    admitted(server, '192.0.2.2');
    admitted(server, '2001:db8::1');
    admitted(server, '2001:db8:0:1::1');
    refused(server, '192.0.2.2');
    refused(server, '2001:db8::2');
  });

  test('unix sockets are not, but for the total', () => {
    const server = new Server({ limits: { connections: 3, connectionsPerAddress: 1 } });
    for (let count = 0; count < 3; count += 1) admitted(server, '');
    refused(server, '');
  });

  test('Infinity counts nobody', () => {
    const limits = { connections: Number.POSITIVE_INFINITY, connectionsPerAddress: Number.POSITIVE_INFINITY };
    const server = new Server({ limits });
    for (let count = 0; count < 1000; count += 1) admitted(server);
  });

  /** Two spellings, and whether they are counted as one client. */
  const pairs: [string, string, boolean][] = [
    ['192.0.2.1', '192.0.2.1', true],
    ['192.0.2.1', '192.0.2.11', false],
    ['::1', '::2', true],
    ['::', '::1:0:0:0', true],
    ['::1', '0:0:0:1::1', false],
    ['2001:db8::1', '2001:db8:0:0:ffff:ffff:ffff:ffff', true],
    ['2001:db8::1', '2001:db8:0:0:5::', true],
    ['2001:db8::1', '2001:db8:0:1::1', false],
    ['2001:db8:1:2::', '2001:db8:1:2:3:4:5:6', true],
    ['2001:db8:1:2::', '2001:db8:1:3:3:4:5:6', false],
    ['1:2:3::8', '1:2:3:0:5::', true],
    ['1:2:3:4:5::', '1:2:3:4::', true],
    // What the two colons stand for ends within the network here.
    ['1::4:5:6:7:8', '1:0:0:4::', true],
    ['1::4:5:6:7:8', '1::', false],
    ['::2:3:4:5:6:7:8', '0:2:3:4::', true],
    ['::3:4:5:6:7:8', '::', false],
    ['1:2:3:4:5:6:7::', '1:2:3:4::', true],
    // As a preface may spell them.
    ['2001:DB8::A', '2001:db8::b', true],
    ['2001:0db8:0000::1', '2001:db8::2', true],
    ['fe80::1%eth0', 'fe80::2%eth0', true],
    ['::ffff:192.0.2.1', '192.0.2.1', true],
    ['::ffff:192.0.2.1', '::ffff:192.0.2.2', false],
    ['::FFFF:192.0.2.1', '192.0.2.1', true],
    ['64:ff9b::192.0.2.1', '64:ff9b::192.0.2.2', true],
    ['64:ff9b:1:2:3:4:192.0.2.1', '64:ff9b:1:2::', true],
    ['1::4:5:6:192.0.2.1', '1:0:0:4::', true],
  ];

  test.each(pairs)('%s and %s: as one is %s', (one, other, same) => {
    for (const [first, second] of [
      [one, other],
      [other, one],
    ] as [string, string][]) {
      const admission = new Admission({ ...defaultLimits, connectionsPerAddress: 1 });
      expect(admission.enter(first, 1)).toBe(true);
      expect(admission.enter(second, 2)).toBe(!same);
      admission.leave(first);
      if (!same) admission.leave(second);
      expect(admission.enter(second, 1)).toBe(true);
    }
  });
});

describe('behind a peer that says whom it speaks for', () => {
  const limits = { connectionsPerAddress: 1 };

  test('the client is counted, and the peer no longer', async () => {
    const server = new Server({ limits, preface: line });
    const a = admitted(server).send('for 192.0.2.101\n');
    const b = admitted(server).send('for 192.0.2.102\n');
    const c = admitted(server).send(`for 192.0.2.101\n${GET}`);
    expect([a.ending, b.ending, c.ending]).toEqual(['open', 'open', 'half-closed']);
    expect(c.statuses).toEqual([503]);
    expect(server.seen).toEqual([]);
    a.finish();
    await server.quiet();
    const d = admitted(server).send(`for 192.0.2.101\n${GET}`);
    expect(d.statuses).toEqual([200]);
    b.send(GET);
    expect(b.statuses).toEqual([200]);
    for (const client of [b, c, d]) client.break();
    await server.quiet();
    for (const address of ['192.0.2.1', '192.0.2.101', '192.0.2.102']) admitted(server, address);
  });

  test('the peer is counted until it has said it', () => {
    const server = new Server({ limits, preface: line });
    const first = admitted(server).send('for 192.0');
    refused(server);
    first.send('.2.101\n');
    admitted(server);
  });

  test('a peer that speaks for itself stays counted', () => {
    const itself = { expectedFrom: () => true, read: () => ({ length: 1 }) };
    const server = new Server({ limits, preface: itself });
    admitted(server).send('!');
    refused(server);
  });

  test('the total is that of connections, whomever they are for', () => {
    const server = new Server({ limits: { connections: 1 }, preface: line });
    const first = admitted(server).send(`for 192.0.2.101\n${GET}`);
    expect(first.statuses).toEqual([200]);
    refused(server);
  });

  test('clients on a unix socket of the peer are not counted', () => {
    const server = new Server({ limits, preface: line });
    for (let count = 0; count < 3; count += 1) {
      expect(admitted(server).send(`for \n${GET}`).statuses).toEqual([200]);
    }
  });

  test('one too many is told so like any other, at most 256 at a time', () => {
    const server = new Server({ limits, preface: line });
    admitted(server).send('for 192.0.2.101\n');
    for (let count = 0; count < 256; count += 1) {
      expect(admitted(server).send('for 192.0.2.101\n').statuses).toEqual([503]);
    }
    const client = admitted(server).send('for 192.0.2.101\n');
    expect([client.ending, client.received]).toEqual(['closed', '']);
  });
});

test('limits that are not reached change nothing', async () => {
  const server = new Server({ limits: { connections: 2 } });
  for (let round = 0; round < 10; round += 1) {
    expect(admitted(server).send('GET / HTTP/1.0\r\n\r\n').finish().statuses).toEqual([200]);
    await server.quiet();
  }
});
