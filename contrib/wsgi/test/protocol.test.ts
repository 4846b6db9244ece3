// Messages, however the channel cuts them.

import { Buffer } from 'node:buffer';
import { describe, expect, test } from 'vitest';
import { Pace } from '../src/pace.ts';
import { Answer, HEADER, IsEnd, Log, MessageReader, writeHeader } from '../src/protocol.ts';

type Message = [type: number, flags: number, request: number, argument: number, payload: string];

function octetsOf(messages: readonly Message[]): Buffer {
  return Buffer.concat(
    messages.map(([type, flags, request, argument, payload]) => {
      const octets = Buffer.alloc(HEADER + payload.length);
      writeHeader(octets, 0, payload.length, type, flags, request, argument);
      octets.write(payload, HEADER, 'latin1');
      return octets;
    }),
  );
}

function reading(): { reader: MessageReader; read: Message[] } {
  const read: Message[] = [];
  const reader = new MessageReader({
    message: (type, flags, request, argument, payload) =>
      void read.push([type, flags, request, argument, payload.toString('latin1')]),
  });
  return { reader, read };
}

const messages: Message[] = [
  [Answer, IsEnd, 1, 3, 'abcdef'],
  [Log, 0, 0xffff_ffff, 0, ''],
  [Answer, 0, 2, 0xffff_fffe, 'x'.repeat(300)],
];

describe('MessageReader', () => {
  test('gives whole messages, wherever two cuts are', () => {
    const octets = octetsOf(messages);
    for (let first = 0; first <= octets.length; first += 1) {
      for (const second of [first, first + 1, first + HEADER, octets.length - 1]) {
        const { reader, read } = reading();
        for (const piece of [
          octets.subarray(0, first),
          octets.subarray(first, second),
          octets.subarray(Math.max(first, second)),
        ]) {
          if (piece.length !== 0) reader.read(piece);
        }
        expect([first, second, read]).toEqual([first, second, messages]);
      }
    }
  });

  test('gives whole messages when every octet comes alone', () => {
    const { reader, read } = reading();
    for (const octet of octetsOf(messages)) reader.read(Buffer.of(octet));
    expect(read).toEqual(messages);
  });

  test('refuses a type that no worker sends, and a payload that is too long', () => {
    const wrongType = octetsOf([[16, 0, 1, 0, '']]);
    expect(() => reading().reader.read(wrongType)).toThrow(/no message/);
    const tooLong = octetsOf([[Answer, 0, 1, 0, '']]);
    tooLong.writeUInt32LE(16_777_217);
    expect(() => reading().reader.read(tooLong)).toThrow(/no message/);
  });
});

describe('Pace', () => {
  test('lets requests wait at a fast worker, and none at a slow one', async () => {
    const fast = new Pace();
    fast.begin();
    for (let time = 0; time < 50; time += 1) fast.ended(1000);
    expect(fast.ahead).toBeGreaterThan(8);
    const slow = new Pace();
    slow.begin();
    await new Promise(resolve => setTimeout(resolve, 30));
    slow.ended(1);
    expect(slow.ahead).toBe(0);
  });
});
