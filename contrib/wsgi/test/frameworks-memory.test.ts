// 100 MB in and 100 MB out through real frameworks: neither the server nor Python may have them in memory.

import { once } from 'node:events';
import { request } from 'node:http';
import { join } from 'node:path';
import { optional, Program, pathTo, pythonWith } from '@fapws/testing';
import { describe, expect, test, vi } from 'vitest';
import { childrenOf, watchMemory } from './frameworks/process.ts';
import { bounded } from './front.ts';

// Python loads a framework here and moves 200 MB, maybe on a busy machine.
vi.setConfig({ testTimeout: 90_000 });

const MEBIBYTE = 1024 ** 2;
const MOST_GROWTH = 60 * MEBIBYTE;
const LATE = 60_000;

const onLinux = optional(
  '/proc',
  process.platform === 'linux',
  'run them on Linux, which tells the peak of a process',
);

/** Sends a form with a file of so many octets, at the pace of the server. */
async function upload(origin: string, octets: number): Promise<unknown> {
  const boundary = 'a-boundary-that-is-nowhere-else';
  const field = `--${boundary}\r\nContent-Disposition: form-data; name="note"\r\n\r\nlarge\r\n`;
  const file = `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="f"\r\nContent-Type: application/octet-stream\r\n\r\n`;
  const end = `\r\n--${boundary}--\r\n`;
  const sent = request(`${origin}/upload`, {
    method: 'POST',
    headers: {
      'Content-Type': `multipart/form-data; boundary=${boundary}`,
      'Content-Length': field.length + file.length + octets + end.length,
    },
  });
  const answered = bounded(once(sent, 'response'), LATE, 'the answer to an upload');
  sent.write(field + file);
  const block = Buffer.alloc(MEBIBYTE / 4, 'uploaded');
  for (let left = octets; left > 0; left -= block.length) {
    if (!sent.write(block)) await bounded(once(sent, 'drain'), LATE, 'room for more of an upload');
  }
  sent.end(end);
  const [answer] = await answered;
  let text = '';
  for await (const piece of answer) text += piece;
  return JSON.parse(text);
}

async function download(origin: string, octets: number): Promise<number> {
  const answer = await fetch(`${origin}/file?size=${octets}`, { signal: AbortSignal.timeout(LATE) });
  let received = 0;
  for await (const piece of answer.body as ReadableStream<Uint8Array>) received += piece.length;
  return received;
}

for (const framework of ['flask', 'django']) {
  const python = pythonWith(framework);
  describe.runIf(onLinux && python)(framework, () => {
    test('100 MB up and down take less than 60 MB of any process', async () => {
      const site = join(import.meta.dirname, 'frameworks/fixtures/site.ts');
      await using program = Program.fromSource(site, {
        APPLICATION: `with_${framework}:app`,
        PATH: pathTo(python),
      });
      const origin = await program.origin();
      const pids = [program.pid, ...childrenOf(program.pid)];
      expect(pids.length).toBeGreaterThan(1);
      // What is loaded and compiled when it is first used belongs to no request.
      await upload(origin, 2 * MEBIBYTE);
      await download(origin, 2 * MEBIBYTE);

      const memory = pids.map(watchMemory);
      expect(await upload(origin, 100 * MEBIBYTE)).toMatchObject({
        note: 'large',
        file: [100 * MEBIBYTE, expect.any(String)],
      });
      expect(await download(origin, 100 * MEBIBYTE)).toBe(100 * MEBIBYTE);
      for (const [at, { growth }] of memory.entries()) {
        expect(growth(), `process ${at}, of which 0 is the server`).toBeLessThan(MOST_GROWTH);
      }
    });
  });
}
