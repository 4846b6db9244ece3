import { expect, test } from 'vitest';
import type { MakeLoop } from '../loop.suite.ts';
import { Peer } from './peer.ts';
import { listening } from './recorder.ts';

export function halfClosing(make: MakeLoop): void {
  test('a peer that shut its side still gets what is written, and both ends make a close without error', async () => {
    const input = Buffer.alloc(65_536);
    const arrivals = await listening(make(input), input);
    const peer = await Peer.connect(arrivals.address);
    peer.send('question');
    peer.end();
    const connection = await arrivals.connection();
    await connection.untilEvent('end');
    expect(connection.text).toBe('question');
    connection.transport.write('answer');
    await peer.untilText('answer');
    connection.transport.write(', and more');
    connection.transport.end();
    await peer.untilEnded();
    expect(peer.text).toBe('answer, and more');
    await connection.untilEvent('close');
    expect(connection.events).toEqual(['open', 'data', 'end', 'close']);
    expect(connection.error).toBeNull();
  });

  test('end sends what was written before, and reading goes on', async () => {
    const input = Buffer.alloc(65_536);
    const arrivals = await listening(make(input), input);
    const peer = await Peer.connect(arrivals.address);
    const connection = await arrivals.connection();
    const sent = Buffer.alloc(2_000_000, 'x');
    connection.transport.write('first ');
    connection.transport.write(sent);
    connection.transport.end();
    await peer.untilEnded();
    expect(peer.text).toBe(`first ${sent.toString('latin1')}`);
    expect(peer.closed).toBe(false);
    peer.send('goodbye');
    await connection.untilText('goodbye');
    expect(connection.count('close')).toBe(0);
    peer.end();
    await connection.untilEvent('close');
    expect(connection.events.slice(-2)).toEqual(['end', 'close']);
    expect(connection.error).toBeNull();
    await peer.untilClosed();
    expect(peer.error).toBeNull();
  });

  test('a connection that says nothing and ends is closed when our side ends too', async () => {
    const input = Buffer.alloc(65_536);
    const arrivals = await listening(make(input), input, { end: ({ transport }) => transport.end() });
    const peer = await Peer.connect(arrivals.address);
    peer.end();
    const connection = await arrivals.connection();
    await connection.untilEvent('close');
    await peer.untilClosed();
    expect(connection.events).toEqual(['open', 'end', 'close']);
  });

  test('the end is told after all that was sent before it, also to a connection that was paused', async () => {
    const input = Buffer.alloc(65_536);
    const arrivals = await listening(make(input), input, {
      data: ({ transport, events }) => {
        if (events.length === 2) transport.pause();
      },
    });
    const peer = await Peer.connect(arrivals.address);
    const sent = Buffer.alloc(1_000_000, 'x');
    peer.send(sent);
    peer.end();
    const connection = await arrivals.connection();
    await connection.untilEvent('data');
    connection.transport.resume();
    await connection.untilEvent('end');
    expect(connection.octets).toBe(sent.length);
    expect(connection.count('end')).toBe(1);
    connection.transport.end();
    await connection.untilEvent('close');
    expect(connection.events.at(-1)).toBe('close');
  });

  test('end twice is end once', async () => {
    const input = Buffer.alloc(65_536);
    const arrivals = await listening(make(input), input);
    const peer = await Peer.connect(arrivals.address);
    const connection = await arrivals.connection();
    connection.transport.write('last words');
    connection.transport.end();
    connection.transport.end();
    await peer.untilEnded();
    expect(peer.text).toBe('last words');
    peer.end();
    await connection.untilEvent('close');
    expect(connection.error).toBeNull();
  });
}
