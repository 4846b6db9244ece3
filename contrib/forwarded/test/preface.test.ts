// The PROXY protocol over sockets of a running server: who is asked for a header, and what becomes of those who send none.

import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type Environ, type Preface, type Server, type ServerOptions, start } from '@fapws/core';
import { afterEach, describe, expect, test } from 'vitest';
import { forwarded, type ProxyHeader, proxyProtocol } from '../src/index.ts';
import { tcp4, tlv, v1, v2 } from './proxy-headers.ts';
import { type seenIn, tell } from './seen.ts';

const request = 'GET / HTTP/1.1\r\nHost: example.com\r\n\r\n';
const trusting = proxyProtocol({ trust: ['loopback'] });
const opened: (Server | Socket)[] = [];

afterEach(async () => {
  for (const one of opened.splice(0)) {
    if ('stop' in one) await one.stop();
    else one.destroy();
  }
});

async function serve(preface: Preface, application = tell, options: ServerOptions = {}): Promise<Server> {
  const server = start('127.0.0.1', 0, { ...options, preface });
  opened.push(server);
  server.mount('/', application);
  await server.listen();
  return server;
}

/** Sends pieces, each in a packet of its own, and takes what comes until the end of the connection. */
async function exchange(server: Server, pieces: readonly (string | Uint8Array)[]): Promise<string> {
  const socket = await open(server);
  for (const piece of pieces) {
    socket.write(piece);
    await new Promise(resolve => setImmediate(resolve));
  }
  return await received(socket);
}

async function open(server: Server): Promise<Socket> {
  const { hostname, port } = new URL(server.url);
  const socket = connect({ host: hostname, port: Number(port), noDelay: true });
  opened.push(socket);
  await once(socket, 'connect', { signal: AbortSignal.timeout(5000) });
  return socket;
}

async function received(socket: Socket): Promise<string> {
  let text = '';
  socket.on('data', octets => {
    text += octets.toString('latin1');
  });
  socket.on('error', () => undefined);
  if (!socket.closed) await once(socket, 'close', { signal: AbortSignal.timeout(10_000) });
  return text;
}

const last = request.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n');

const seen = (text: string) =>
  JSON.parse(text.slice(text.lastIndexOf('\r\n\r\n') + 4)) as ReturnType<typeof seenIn>;

describe('a trusted peer', () => {
  test.each([
    ['version 1', v1('TCP4 192.0.2.7 198.51.100.1 50000 443')],
    ['version 2', v2(0x21, 0x11, tcp4)],
  ])('speaks for its client by %s', async (_, header) => {
    const server = await serve(proxyProtocol({ trust: ['loopback'], tlsPorts: [443] }));
    expect(seen(await exchange(server, [header, last]))).toMatchObject({
      address: '192.0.2.7',
      port: '50000',
      serverName: '198.51.100.1',
      serverPort: '443',
      scheme: 'https',
      host: 'example.com',
    });
  });

  test('does so for all requests of the connection, and once', async () => {
    const server = await serve(trusting);
    const answers = await exchange(server, [
      Buffer.concat([v2(0x21, 0x11, tcp4), Buffer.from(request + request + last)]),
    ]);
    expect(answers.match(/"address":"192\.0\.2\.7"/g)).toHaveLength(3);
    const twice = await exchange(server, [v2(0x21, 0x11, tcp4), v2(0x21, 0x11, tcp4), last]);
    expect(twice).toMatch(/^HTTP\/1\.1 400 /);
  });

  test('may send its header octet by octet', async () => {
    const server = await serve(trusting);
    const header = v2(0x21, 0x11, tcp4, tlv(0x02, 'example.com'));
    const octets = Array.from(header, octet => Uint8Array.of(octet));
    expect(seen(await exchange(server, [...octets, last])).address).toBe('192.0.2.7');
  });

  test('speaks for itself with LOCAL and UNKNOWN', async () => {
    const server = await serve(trusting);
    for (const header of [v2(0x20, 0x00), v1('UNKNOWN')]) {
      expect(seen(await exchange(server, [header, last])).address).toBe('127.0.0.1');
    }
  });

  test('leaves its header in the environ', async () => {
    let header: ProxyHeader | undefined;
    const server = await serve(trusting, (environ: Environ, startResponse) => {
      header = environ['fapws.preface'] as ProxyHeader;
      startResponse('200 OK', []);
    });
    await exchange(server, [v2(0x21, 0x11, tcp4, tlv(0x02, 'sni.example')), last]);
    expect(header).toMatchObject({ version: 2, authority: 'sni.example' });
  });

  test.each([
    ['a request', request],
    ['a wrong version 1', v1('TCP4 192.0.2.7')],
    ['a wrong version 2', v2(0x21, 0x55, tcp4)],
    [
      'the beginning of 60 KB of header',
      v2(0x21, 0x11, tcp4, tlv(0xe0, Buffer.alloc(60_000))).subarray(0, 5000),
    ],
  ])('that sends %s is cut off without an answer', async (_, octets) => {
    let reached = false;
    const server = await serve(trusting, () => {
      reached = true;
    });
    expect([await exchange(server, [octets]), reached]).toEqual(['', false]);
  });

  test('that is cut off is told of on fapws:refused, with the reason', async () => {
    const server = await serve(trusting);
    const told: { detail: string }[] = [];
    const listener = (event: unknown): void => {
      told.push(event as { detail: string });
    };
    subscribe('fapws:refused', listener);
    try {
      await exchange(server, [request]);
    } finally {
      unsubscribe('fapws:refused', listener);
    }
    expect(told.map(({ detail }) => detail)).toEqual([
      expect.stringMatching(/trusted proxy does not begin with a PROXY header/),
    ]);
  });

  test('that sends half a header is cut off when the time for a head is over', async () => {
    const server = await serve(trusting, tell, { timeouts: { head: 0.5 } });
    expect(await exchange(server, [v2(0x21, 0x11, tcp4).subarray(0, 20)])).toBe('');
    expect(await exchange(server, ['PROXY TCP4 '])).toBe('');
  });

  test('may do without where that is allowed', async () => {
    const server = await serve(proxyProtocol({ trust: ['loopback'], required: false }));
    expect(seen(await exchange(server, [last])).address).toBe('127.0.0.1');
    expect(seen(await exchange(server, [v1('TCP4 192.0.2.7 198.51.100.1 1 2'), last])).address).toBe(
      '192.0.2.7',
    );
  });
});

test('a peer that is not trusted speaks HTTP and nothing else', async () => {
  const server = await serve(proxyProtocol({ trust: ['192.0.2.1'] }));
  // To HTTP, version 1 is a request with a strange method.
  expect(seen(await exchange(server, [last])).address).toBe('127.0.0.1');
  for (const header of [v1('TCP4 192.0.2.7 198.51.100.1 1 2'), v2(0x21, 0x11, tcp4)]) {
    expect(await exchange(server, [header, last])).toMatch(/^HTTP\/1\.1 (400|501) .*Connection: close/s);
  }
});

test('the peer of the middleware is the client of the header', async () => {
  const application = forwarded({ trust: ['192.0.2.0/24'] })(tell);
  const server = await serve(trusting, application);
  const claiming = last.replace('\r\n\r\n', '\r\nX-Forwarded-For: 203.0.113.5\r\n\r\n');
  expect(seen(await exchange(server, [v2(0x21, 0x11, tcp4), claiming]))).toMatchObject({
    address: '203.0.113.5',
    peer: { address: '192.0.2.7', port: 50_000 },
  });
  expect(seen(await exchange(server, [v1('TCP4 198.51.100.9 198.51.100.1 1 2'), claiming]))).toMatchObject({
    address: '198.51.100.9',
    claims: {},
  });
});
