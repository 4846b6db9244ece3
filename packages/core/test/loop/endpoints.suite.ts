import { networkInterfaces, platform } from 'node:os';
import { optional } from '@fapws/testing';
import { describe, expect, test } from 'vitest';
import type { MakeLoop } from '../loop.suite.ts';
import { Peer } from './peer.ts';
import { listening, socketPath } from './recorder.ts';

const ipv6 = Object.values(networkInterfaces()).some(all => all?.some(one => one.address === '::1'));

export function endpoints(make: MakeLoop): void {
  test('IPv4: both ends by address and port', async () => {
    const input = Buffer.alloc(65_536);
    const arrivals = await listening(make(input), input);
    const peer = await Peer.connect(arrivals.address);
    const { transport } = await arrivals.connection();
    expect(transport.remote).toEqual({ address: '127.0.0.1', port: peer.port });
    expect(transport.local).toEqual(
      'port' in arrivals.address ? { address: '127.0.0.1', port: arrivals.address.port } : {},
    );
  });

  describe.runIf(optional('IPv6', ipv6, 'a machine with the address ::1'))('IPv6', () => {
    test('both ends by address and port', async () => {
      const input = Buffer.alloc(65_536);
      const arrivals = await listening(make(input), input, {}, { host: '::1', port: 0 });
      const peer = await Peer.connect(arrivals.address);
      const { transport } = await arrivals.connection();
      expect(transport.remote).toEqual({ address: '::1', port: peer.port });
      expect(transport.local.address).toBe('::1');
    });

    test('a client that comes over IPv4 to a socket for both has its IPv4 address', async () => {
      const input = Buffer.alloc(65_536);
      const arrivals = await listening(make(input), input, {}, { host: '::', port: 0 });
      const peer = await Peer.connect(arrivals.address, { host: '127.0.0.1' });
      const { transport } = await arrivals.connection();
      expect(transport.remote).toEqual({ address: '127.0.0.1', port: peer.port });
      expect(transport.local.address).toBe('127.0.0.1');
      await Peer.connect(arrivals.address, { host: '::1' });
      expect((await arrivals.connection(1)).transport.remote.address).toBe('::1');
    });
  });

  test('a unix socket: no port, and no address of the client', async () => {
    const input = Buffer.alloc(65_536);
    const path = socketPath();
    const arrivals = await listening(make(input), input, {}, { path });
    await Peer.connect(arrivals.address);
    const { transport } = await arrivals.connection();
    expect(transport.remote).toEqual({ address: '', port: 0 });
    expect(transport.local.port).toBe(0);
    expect(['', path]).toContain(transport.local.address);
  });

  test.runIf(platform() === 'linux')('an abstract socket serves like any other', async () => {
    const input = Buffer.alloc(65_536);
    const path = `\0fapws-test-${process.pid}-${Math.random()}`;
    const arrivals = await listening(
      make(input),
      input,
      { data: ({ transport }, octets) => transport.write(octets.toString('latin1')) },
      { path },
    );
    expect(arrivals.address).toEqual({ path });
    const peer = await Peer.connect({ path });
    peer.send('hello');
    await peer.untilText('hello');
    expect((await arrivals.connection()).transport.remote).toEqual({ address: '', port: 0 });
  });

  test('after the connection is gone asking for its ends does not fail', async () => {
    const input = Buffer.alloc(65_536);
    const arrivals = await listening(make(input), input);
    await Peer.connect(arrivals.address);
    const connection = await arrivals.connection();
    connection.transport.destroy();
    await connection.untilEvent('close');
    expect(typeof connection.transport.remote.address).toBe('string');
    expect(typeof connection.transport.local.port).toBe('number');
  });
}
