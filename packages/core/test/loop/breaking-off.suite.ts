import { expect, test } from 'vitest';
import type { MakeLoop } from '../loop.suite.ts';
import { Peer } from './peer.ts';
import { listening, socketPath } from './recorder.ts';
import { nextTurn } from './watched.ts';

export function breakingOff(make: MakeLoop): void {
  test('destroy ends the connection for both, and close is told once, without error', async () => {
    const input = Buffer.alloc(65_536);
    const arrivals = await listening(make(input), input);
    const peer = await Peer.connect(arrivals.address);
    const connection = await arrivals.connection();
    connection.transport.destroy();
    connection.transport.destroy();
    expect(connection.count('close'), 'told from the loop, not from within the call').toBe(0);
    await connection.untilEvent('close');
    await peer.untilEnded();
    await nextTurn();
    expect(connection.events).toEqual(['open', 'close']);
    expect(connection.error).toBeNull();
  });

  test('destroy within a read is told of after the read', async () => {
    const input = Buffer.alloc(65_536);
    const order: string[] = [];
    const arrivals = await listening(make(input), input, {
      data({ transport }) {
        order.push('data begins');
        transport.destroy();
        order.push('data ends');
      },
      close: () => order.push('close'),
    });
    const peer = await Peer.connect(arrivals.address);
    peer.send(Buffer.alloc(500_000));
    const connection = await arrivals.connection();
    await connection.untilEvent('close');
    expect(order).toEqual(['data begins', 'data ends', 'close']);
    await peer.untilClosed();
  });

  test('a connection may be destroyed as soon as it is open', async () => {
    const input = Buffer.alloc(65_536);
    const arrivals = await listening(make(input), input, { open: ({ transport }) => transport.destroy() });
    const peer = await Peer.connect(arrivals.address);
    await peer.untilEnded();
    const connection = await arrivals.connection();
    await connection.untilEvent('close');
    expect(connection.events).toEqual(['open', 'close']);
  });

  test('reset shows the peer a broken connection, not an end', async () => {
    const input = Buffer.alloc(65_536);
    const arrivals = await listening(make(input), input);
    const peer = await Peer.connect(arrivals.address);
    const connection = await arrivals.connection();
    connection.transport.write('half of an ans');
    await peer.untilText('half of an ans');
    connection.transport.reset();
    await peer.untilClosed();
    expect(peer.error?.code).toBe('ECONNRESET');
    expect(peer.ended).toBe(false);
    await connection.untilEvent('close');
    await nextTurn();
    expect(connection.count('close')).toBe(1);
  });

  test('reset works after our side was shut', async () => {
    const input = Buffer.alloc(65_536);
    const arrivals = await listening(make(input), input);
    const peer = await Peer.connect(arrivals.address);
    const connection = await arrivals.connection();
    connection.transport.end();
    connection.transport.reset();
    await connection.untilEvent('close');
    await peer.untilEnded();
    const other = await Peer.connect(arrivals.address);
    const second = await arrivals.connection(1);
    second.transport.end();
    await other.untilEnded();
    second.transport.reset();
    await second.untilEvent('close');
    expect([connection.count('close'), second.count('close')]).toEqual([1, 1]);
  });

  test('reset with writes that the peer has not read drops them', async () => {
    const input = Buffer.alloc(65_536);
    const arrivals = await listening(make(input), input);
    const peer = await Peer.connect(arrivals.address);
    peer.socket.pause();
    const connection = await arrivals.connection();
    connection.transport.write(Buffer.alloc(30_000_000));
    await nextTurn();
    connection.transport.reset();
    await connection.untilEvent('close');
    peer.socket.resume();
    // Which of the two it sees depends on how much it had read: libuv takes a hang-up after a short read for an end.
    await peer.untilEnded();
    expect(peer.octets).toBeLessThan(30_000_000);
  });

  test('reset over a unix socket, which knows no such thing, closes', async () => {
    const input = Buffer.alloc(65_536);
    const arrivals = await listening(make(input), input, {}, { path: socketPath() });
    const peer = await Peer.connect(arrivals.address);
    const connection = await arrivals.connection();
    connection.transport.reset();
    await peer.untilEnded();
    await connection.untilEvent('close');
    expect(connection.count('close')).toBe(1);
  });

  test('a reset by the peer is told once, as an error, and harms nobody else', async () => {
    const input = Buffer.alloc(65_536);
    const arrivals = await listening(make(input), input, {
      data: ({ transport }, octets) => transport.write(octets.toString('latin1')),
    });
    const peer = await Peer.connect(arrivals.address);
    const other = await Peer.connect(arrivals.address);
    peer.send('hello');
    await peer.untilText('hello');
    peer.reset();
    const connection = await arrivals.connection();
    await connection.untilEvent('close');
    await nextTurn();
    expect(connection.count('close')).toBe(1);
    expect(connection.count('end')).toBe(0);
    expect(connection.error?.code).toBe('ECONNRESET');
    other.send('still here');
    await other.untilText('still here');
  });

  test('a peer that leaves while it is written to is told once, and further writes are dropped', async () => {
    const input = Buffer.alloc(65_536);
    const arrivals = await listening(make(input), input);
    const peer = await Peer.connect(arrivals.address);
    peer.socket.pause();
    const connection = await arrivals.connection();
    connection.transport.write(Buffer.alloc(10_000_000));
    await nextTurn();
    peer.reset();
    await connection.untilEvent('close');
    for (let round = 0; round < 3; round += 1) {
      expect(connection.transport.write('to nobody')).toBe(true);
      expect(connection.transport.write(Buffer.alloc(100_000))).toBe(true);
      await nextTurn();
    }
    connection.transport.pause();
    connection.transport.resume();
    connection.transport.end();
    connection.transport.destroy();
    connection.transport.reset();
    await nextTurn();
    expect(connection.count('close')).toBe(1);
    expect(connection.error?.code).toMatch(/^(ECONNRESET|EPIPE)$/);
  });

  test('what is written and destroyed in the same turn may be lost, but breaks nothing', async () => {
    const input = Buffer.alloc(65_536);
    const arrivals = await listening(make(input), input, {
      data({ transport }) {
        transport.write('unheard');
        transport.destroy();
        transport.write('unheard too');
      },
    });
    const peer = await Peer.connect(arrivals.address);
    peer.send('x');
    const connection = await arrivals.connection();
    await connection.untilEvent('close');
    await peer.untilEnded();
    expect(connection.events).toEqual(['open', 'data', 'close']);
  });
}
