import { expect, test } from 'vitest';
import type { MakeLoop } from '../loop.suite.ts';
import { Peer } from './peer.ts';
import { listening } from './recorder.ts';
import { nextTurn } from './watched.ts';

/** Octets of every value, in a row. */
const allOctets = Buffer.from(Array.from({ length: 256 }, (_, octet) => octet));

export function writing(make: MakeLoop): void {
  test('a string goes out as one octet per code point, up to 0xff', async () => {
    const input = Buffer.alloc(65_536);
    const arrivals = await listening(make(input), input);
    const peer = await Peer.connect(arrivals.address);
    (await arrivals.connection()).transport.write(allOctets.toString('latin1'));
    await peer.untilOctets(256);
    expect(peer.bytes.equals(allOctets)).toBe(true);
  });

  test('bytes go out as they are, also a part of a larger buffer', async () => {
    const input = Buffer.alloc(65_536);
    const arrivals = await listening(make(input), input);
    const peer = await Peer.connect(arrivals.address);
    const { transport } = await arrivals.connection();
    transport.write(new Uint8Array(allOctets.buffer, allOctets.byteOffset + 100, 100));
    transport.write(allOctets.subarray(250));
    await peer.untilOctets(106);
    expect(peer.bytes.equals(Buffer.concat([allOctets.subarray(100, 200), allOctets.subarray(250)]))).toBe(
      true,
    );
  });

  test('strings and bytes, short and long, keep their order', async () => {
    const input = Buffer.alloc(65_536);
    const arrivals = await listening(make(input), input);
    const peer = await Peer.connect(arrivals.address);
    const { transport } = await arrivals.connection();
    const sent: Buffer[] = [];
    const write = (data: string | Buffer): void => {
      sent.push(typeof data === 'string' ? Buffer.from(data, 'latin1') : data);
      transport.write(data);
    };
    for (const size of [1, 10, 4095, 4096, 4097, 20_000, 70_000, 3, 65_535, 65_536, 65_537, 1]) {
      write(`<${size}>`);
      write(Buffer.alloc(size, size));
      write('é'.repeat(size));
      write('');
      write(Buffer.alloc(0));
      if (size === 3) await nextTurn();
    }
    const expected = Buffer.concat(sent);
    await peer.untilOctets(expected.length);
    expect(peer.bytes.equals(expected)).toBe(true);
  });

  test('bytes may change as soon as there is no backlog', async () => {
    const input = Buffer.alloc(65_536);
    const arrivals = await listening(make(input), input);
    const peer = await Peer.connect(arrivals.address);
    const connection = await arrivals.connection();
    const { transport } = connection;
    const sizes = [1, 4096, 4097, 60_000, 65_536, 300_000];
    const block = Buffer.alloc(300_000);
    let sent = 0;
    for (let round = 1; round <= 60; round += 1) {
      const size = sizes[round % sizes.length] as number;
      const drains = connection.count('drain');
      block.fill(round);
      if (!transport.write(block.subarray(0, size))) await connection.untilEvent('drain', drains + 1);
      sent += size;
      while (transport.backlog !== 0) await nextTurn();
      // Every third time the peer takes its time.
      if (round % 3 === 0) peer.socket.pause();
      else peer.socket.resume();
    }
    peer.socket.resume();
    await peer.untilOctets(sent);
    const { bytes } = peer;
    let at = 0;
    for (let round = 1; round <= 60; round += 1) {
      const size = sizes[round % sizes.length] as number;
      expect(bytes.subarray(at, at + size).every(octet => octet === round)).toBe(true);
      at += size;
    }
  });

  test('what is written while one read is worked through leaves together', async () => {
    const input = Buffer.alloc(65_536);
    const arrivals = await listening(make(input), input, {
      data({ transport }) {
        transport.write('HTTP/1.1 200 OK\r\n');
        transport.write(Buffer.from('Content-Length: 5\r\n'));
        transport.write('\r\n');
        transport.write(Buffer.from('hello'));
      },
    });
    const peer = await Peer.connect(arrivals.address);
    const answer = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello';
    // Several times: packets that left apart would be read apart sooner or later.
    for (let round = 1; round <= 50; round += 1) {
      peer.send('x');
      await peer.untilOctets(round * answer.length);
    }
    expect(peer.text).toBe(answer.repeat(50));
    expect(peer.reads.length).toBe(50);
  });

  test('what is written outside of any event leaves by itself, and together', async () => {
    const input = Buffer.alloc(65_536);
    const arrivals = await listening(make(input), input);
    const peer = await Peer.connect(arrivals.address);
    const { transport } = await arrivals.connection();
    for (let round = 1; round <= 20; round += 1) {
      await nextTurn();
      transport.write('one ');
      transport.write(Buffer.from('two '));
      transport.write('three ');
      await peer.untilOctets(round * 14);
    }
    expect(peer.reads.length).toBe(20);
    expect(peer.text).toBe('one two three '.repeat(20));
  });

  test('what is written after a promise, from within a read, leaves by itself', async () => {
    const input = Buffer.alloc(65_536);
    const arrivals = await listening(make(input), input, {
      data({ transport }) {
        void Promise.resolve().then(() => transport.write('later'));
      },
    });
    const peer = await Peer.connect(arrivals.address);
    peer.send('x');
    await peer.untilText('later');
  });

  test('one read may write to several connections', async () => {
    const input = Buffer.alloc(65_536);
    const arrivals = await listening(make(input), input, {
      data(_, octets) {
        for (const { transport } of arrivals.connections) transport.write(`all: ${octets}`);
      },
    });
    const peers = [
      await Peer.connect(arrivals.address),
      await Peer.connect(arrivals.address),
      await Peer.connect(arrivals.address),
    ];
    await arrivals.connection(2);
    peers[1]?.send('hear');
    await Promise.all(peers.map(peer => peer.untilText('all: hear')));
  });

  test('a connection that is only opened may be written to at once', async () => {
    const input = Buffer.alloc(65_536);
    const arrivals = await listening(make(input), input, {
      open: ({ transport }) => transport.write('welcome'),
    });
    const peer = await Peer.connect(arrivals.address);
    await peer.untilText('welcome');
  });
}
