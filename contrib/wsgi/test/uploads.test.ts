// Many uploads at once, of all sizes and manners: cut anywhere, fast and slow, with a length and in chunks; clients leave at any
// moment and processes die. Each answer must be the digest of what its client has sent, and nothing may be left behind.

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readlinkSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { bounded, Front, hasPython } from './front.ts';

const CLIENTS = 24;
const EACH = 6;
const LONGEST = 1_000_000;
const material = Buffer.alloc(LONGEST, 'abcdefghij');

/** The same numbers each time. */
class Chance {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  below(limit: number): number {
    this.#state = (this.#state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((this.#state / 2_147_483_648) * limit);
  }
}

/** @returns what the client has got; null when it has left */
async function upload(socket: Socket, path: string, size: number, chance: Chance): Promise<string | null> {
  const inChunks = chance.below(3) === 0;
  const leavesAt = chance.below(4) === 0 ? chance.below(size + 1) : Number.POSITIVE_INFINITY;
  let received = '';
  socket.setEncoding('latin1').on('data', (text: string) => {
    received += text;
  });
  const closed = once(socket, 'close');
  const framing = inChunks ? 'Transfer-Encoding: chunked' : `Content-Length: ${size}`;
  socket.write(`POST ${path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n${framing}\r\n\r\n`);
  for (let sent = 0; sent < size && !socket.destroyed; ) {
    if (sent >= leavesAt) {
      socket.destroy();
      break;
    }
    const piece = material.subarray(sent, Math.min(size, sent + 1 + chance.below(100_000)));
    if (inChunks) socket.write(`${piece.length.toString(16)}\r\n`);
    socket.write(piece);
    if (inChunks) socket.write('\r\n');
    sent += piece.length;
    if (chance.below(3) === 0) await sleep(chance.below(10));
  }
  if (inChunks && !socket.destroyed) socket.write('0\r\n\r\n');
  await bounded(closed, 20_000, `an answer to ${size} octets`);
  return leavesAt === Number.POSITIVE_INFINITY ? received : null;
}

describe.runIf(hasPython)('uploads', () => {
  for (const spools of [true, false]) {
    test(`get what they deserve, ${spools ? 'in files' : 'handed on as they arrive'}`, {
      timeout: 60_000,
    }, async () => {
      const directory = await mkdtemp(join(tmpdir(), 'fapws-wsgi-'));
      const openFiles = (): number =>
        readdirSync('/proc/self/fd').filter(descriptor => {
          try {
            return readlinkSync(`/proc/self/fd/${descriptor}`).startsWith(directory);
          } catch {
            return false;
          }
        }).length;
      try {
        await using front = await Front.open('slow:application', {
          workers: 2,
          threads: 2,
          spool: spools && { directory },
        });
        await front.app.ready;
        const wrong: string[] = [];
        let right = 0;
        const client = async (number: number): Promise<void> => {
          const chance = new Chance(number);
          for (let time = 0; time < EACH; time += 1) {
            const size = chance.below(2) === 0 ? chance.below(100_000) : chance.below(LONGEST);
            const kills = number === 1 && time === 3;
            const answer = await upload(await front.connect(), kills ? '/leave?0' : '/digest', size, chance);
            if (answer === null || kills) continue;
            const digest = createHash('md5').update(material.subarray(0, size)).digest('hex');
            if (answer.includes(` 200 OK\r\n`) && answer.endsWith(`[${size}, "${digest}"]`)) right += 1;
            // Those that were in flight at the process that died.
            else if (!answer.startsWith('HTTP/1.1 502 ')) wrong.push(`${size}: ${answer}`);
          }
        };
        await Promise.all(Array.from({ length: CLIENTS }, (_, number) => client(number)));
        expect(wrong).toEqual([]);
        expect(right).toBeGreaterThan((CLIENTS * EACH) / 2);
        await front.until(() => openFiles() === 0 && readdirSync(directory).length === 0);
      } finally {
        await rm(directory, { recursive: true });
      }
    });
  }
});
