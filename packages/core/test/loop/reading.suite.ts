import { expect, test } from 'vitest';
import type { MakeLoop } from '../loop.suite.ts';
import { Peer } from './peer.ts';
import { listening } from './recorder.ts';

export function reading(make: MakeLoop): void {
  test('a connection is opened once, before anything is read', async () => {
    const input = Buffer.alloc(65_536);
    const arrivals = await listening(make(input), input);
    const peer = await Peer.connect(arrivals.address);
    peer.send('first');
    const connection = await arrivals.connection();
    await connection.untilText('first');
    expect(connection.events).toEqual(['open', 'data']);
    expect(arrivals.connections.length).toBe(1);
  });

  test('octets arrive in the input buffer, in order, each once', async () => {
    const input = Buffer.alloc(65_536);
    const arrivals = await listening(make(input), input);
    const peer = await Peer.connect(arrivals.address);
    const sent = Buffer.alloc(3_000_000);
    for (let at = 0; at < sent.length; at += 4) sent.writeUInt32BE(at, at);
    await peer.sent(sent);
    const connection = await arrivals.connection();
    await connection.until('all is read', () => connection.octets >= sent.length);
    expect(Buffer.concat(connection.pieces).equals(sent)).toBe(true);
  });

  test('a read never brings more than the input buffer holds', async () => {
    const input = Buffer.alloc(1000);
    const arrivals = await listening(make(input), input);
    const peer = await Peer.connect(arrivals.address);
    const sent = Buffer.from(Array.from({ length: 100_000 }, (_, at) => at % 251));
    peer.send(sent);
    const connection = await arrivals.connection();
    await connection.until('all is read', () => connection.octets >= sent.length);
    expect(Math.max(...connection.pieces.map(piece => piece.length))).toBeLessThanOrEqual(1000);
    expect(Buffer.concat(connection.pieces).equals(sent)).toBe(true);
  });

  test('connections share the input buffer: what one read brought is valid only during its call', async () => {
    const input = Buffer.alloc(65_536);
    const kept: Buffer[] = [];
    const arrivals = await listening(make(input), input, { data: (_, octets) => kept.push(octets) });
    const [first, second] = [await Peer.connect(arrivals.address), await Peer.connect(arrivals.address)];
    first.send('first');
    await arrivals.connection(0).then(connection => connection.untilText('first'));
    second.send('other');
    await arrivals.connection(1).then(connection => connection.untilText('other'));
    expect(kept.map(octets => octets.toString())).toEqual(['other', 'other']);
  });

  test('many connections at once keep their octets apart', async () => {
    const input = Buffer.alloc(65_536);
    const arrivals = await listening(make(input), input, {
      data: (connection, octets) => connection.transport.write(octets.toString('latin1')),
      end: connection => connection.transport.end(),
    });
    const peers = await Promise.all(Array.from({ length: 300 }, () => Peer.connect(arrivals.address)));
    for (const round of [1, 2, 3]) {
      for (const [number, peer] of peers.entries()) peer.send(`${round}:${number};`);
    }
    await Promise.all(peers.map((peer, number) => peer.untilText(`3:${number};`)));
    expect(peers.map(peer => peer.text)).toEqual(
      peers.map((_, number) => `1:${number};2:${number};3:${number};`),
    );
    for (const peer of peers) peer.end();
    await Promise.all(peers.map(peer => peer.untilClosed()));
    await Promise.all(arrivals.connections.map(connection => connection.untilEvent('close')));
    expect(arrivals.connections.length).toBe(300);
    for (const connection of arrivals.connections) {
      expect(connection.count('end')).toBe(1);
      expect(connection.count('close')).toBe(1);
      expect(connection.error).toBeNull();
    }
  });
}
