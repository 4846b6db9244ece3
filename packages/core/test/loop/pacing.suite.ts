import { expect, test } from 'vitest';
import type { MakeLoop } from '../loop.suite.ts';
import { Peer } from './peer.ts';
import { listening, type Recorder } from './recorder.ts';
import { nextTurn } from './watched.ts';

const PIECE = 16_384;
/** More than any kernel takes for a peer that does not read. */
const FAR_TOO_MUCH = 256 * 1024 * 1024;

/** Writes numbered pieces until the loop asks to wait. @returns how many were written in all */
async function writeUntilAskedToWait({ transport }: Recorder, from: number = 0): Promise<number> {
  let number = from;
  for (;;) {
    const goOn = transport.write(Buffer.alloc(PIECE, number % 256));
    number += 1;
    if (!goOn) return number;
    if (number * PIECE > FAR_TOO_MUCH) throw new Error('the loop takes everything');
    // Some loops learn only between turns what the kernel has taken.
    if (number % 8 === 0) await nextTurn();
  }
}

export function pacing(make: MakeLoop): void {
  test('a peer that does not read makes write answer false; when it reads, drain comes, and nothing is lost', async () => {
    const input = Buffer.alloc(65_536);
    const arrivals = await listening(make(input), input);
    const peer = await Peer.connect(arrivals.address);
    peer.socket.pause();
    const connection = await arrivals.connection();
    let written = await writeUntilAskedToWait(connection);
    // Until the kernel itself takes no more.
    for (let filled = false; !filled; ) {
      const drains = connection.count('drain');
      await connection
        .until('drain', () => connection.count('drain') > drains, 200)
        .catch(() => {
          filled = true;
        });
      if (!filled) written = await writeUntilAskedToWait(connection, written);
    }
    expect(connection.transport.backlog).toBeGreaterThan(0);

    const drains = connection.count('drain');
    peer.socket.resume();
    await connection.untilEvent('drain', drains + 1);
    await peer.untilOctets(written * PIECE);
    expect(peer.octets).toBe(written * PIECE);
    const { bytes } = peer;
    for (let number = 0; number < written; number += 1) {
      if (bytes[number * PIECE] !== number % 256 || bytes[(number + 1) * PIECE - 1] !== number % 256) {
        throw new Error(`piece ${number} is not where it belongs`);
      }
    }
    await connection.until('all is taken', () => true);
    expect(connection.count('drain')).toBe(drains + 1);
    expect(connection.count('close')).toBe(0);
  });

  test('after each write that answers false drain comes once, with no backlog left above the mark', async () => {
    const input = Buffer.alloc(65_536);
    const backlogs: number[] = [];
    const arrivals = await listening(make(input), input, {
      drain: ({ transport }) => backlogs.push(transport.backlog),
    });
    const peer = await Peer.connect(arrivals.address);
    const connection = await arrivals.connection();
    let refusals = 0;
    let octets = 0;
    for (let round = 0; round < 20; round += 1) {
      octets += 1_000_000;
      if (connection.transport.write(Buffer.alloc(1_000_000))) continue;
      refusals += 1;
      await connection.untilEvent('drain', refusals);
    }
    await peer.untilOctets(octets);
    expect(connection.count('drain')).toBe(refusals);
    expect(backlogs.every(backlog => backlog < 1_000_000)).toBe(true);
  });

  test('one write of many megabytes arrives whole', async () => {
    const input = Buffer.alloc(65_536);
    const arrivals = await listening(make(input), input);
    const peer = await Peer.connect(arrivals.address);
    const { transport } = await arrivals.connection();
    const sent = Buffer.alloc(40_000_000);
    for (let at = 0; at < sent.length; at += 4) sent.writeUInt32BE(at, at);
    transport.write(sent);
    await peer.untilOctets(sent.length);
    expect(peer.bytes.equals(sent)).toBe(true);
    await nextTurn();
    expect(transport.backlog).toBe(0);
  });

  test('a peer that does not read does not delay another one', async () => {
    const input = Buffer.alloc(65_536);
    const arrivals = await listening(make(input), input, {
      data: (connection, octets) => connection.transport.write(octets.toString('latin1')),
    });
    const slow = await Peer.connect(arrivals.address);
    slow.socket.pause();
    (await arrivals.connection()).transport.write(Buffer.alloc(30_000_000));
    const quick = await Peer.connect(arrivals.address);
    for (let round = 1; round <= 20; round += 1) {
      quick.send('ping');
      await quick.untilOctets(round * 4);
    }
  });

  test('a paused connection tells of nothing until it is resumed, and then of everything', async () => {
    const input = Buffer.alloc(65_536);
    const arrivals = await listening(make(input), input, {
      data(connection, octets) {
        if (connection === arrivals.connections[0]) connection.transport.pause();
        else connection.transport.write(octets.toString('latin1'));
      },
    });
    const peer = await Peer.connect(arrivals.address);
    const sent = Buffer.alloc(5_000_000);
    for (let at = 0; at < sent.length; at += 4) sent.writeUInt32BE(at, at);
    peer.send(sent);
    const connection = await arrivals.connection();
    await connection.untilEvent('data');
    const other = await Peer.connect(arrivals.address);
    for (let round = 1; round <= 20; round += 1) {
      other.send('ping');
      await other.untilOctets(round * 4);
    }
    expect(connection.count('data')).toBe(1);

    // It pauses itself again at each read.
    let reads = 1;
    while (connection.octets < sent.length) {
      connection.transport.resume();
      reads += 1;
      await connection.untilEvent('data', reads);
      expect(connection.count('data')).toBe(reads);
    }
    expect(Buffer.concat(connection.pieces).equals(sent)).toBe(true);
  });

  test('pause and resume within one call change nothing, in whatever number', async () => {
    const input = Buffer.alloc(65_536);
    const arrivals = await listening(make(input), input, {
      data({ transport }) {
        transport.pause();
        transport.resume();
        transport.resume();
        transport.pause();
        transport.resume();
      },
    });
    const peer = await Peer.connect(arrivals.address);
    const connection = await arrivals.connection();
    peer.send('one');
    await connection.untilText('one');
    peer.send('two');
    await connection.untilText('onetwo');
  });

  test('a connection may be paused as soon as it is open', async () => {
    const input = Buffer.alloc(65_536);
    const arrivals = await listening(make(input), input, {
      open: connection => {
        if (arrivals.connections.length === 0) connection.transport.pause();
      },
      data: (connection, octets) => connection.transport.write(octets.toString('latin1')),
    });
    const peer = await Peer.connect(arrivals.address);
    peer.send('early');
    const connection = await arrivals.connection();
    const other = await Peer.connect(arrivals.address);
    for (let round = 1; round <= 10; round += 1) {
      other.send('ping');
      await other.untilOctets(round * 4);
    }
    expect(connection.events).toEqual(['open']);
    connection.transport.resume();
    await peer.untilText('early');
  });

  test('a paused connection can be written to', async () => {
    const input = Buffer.alloc(65_536);
    const arrivals = await listening(make(input), input, {
      open: ({ transport }) => transport.pause(),
    });
    const peer = await Peer.connect(arrivals.address);
    (await arrivals.connection()).transport.write('still speaking');
    await peer.untilText('still speaking');
  });
}
