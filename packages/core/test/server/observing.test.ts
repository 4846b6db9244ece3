// docs/observing.md is a program, and it tells what the page says.

import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runFromSource } from '@fapws/testing';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Watched } from '../loop/watched.ts';
import { Client } from './client.ts';

describe('docs/observing.md', () => {
  const program = join(import.meta.dirname, 'fixtures/observed.ts');

  test('is a program, block by block', () => {
    const squeeze = (text: string): string => text.replaceAll(/\s+/g, ' ').trim();
    const page = readFileSync(join(import.meta.dirname, '../../../../docs/observing.md'), 'utf8');
    const blocks = [...page.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code]) => code).join('\n');
    expect(squeeze(readFileSync(program, 'utf8')).replace(/^.*?(?=import )/, '')).toBe(squeeze(blocks));
  });

  test('which tells what it says', { timeout: 30_000 }, async () => {
    const watched = new Watched();
    let output = '';
    const child = spawn(process.execPath, [...runFromSource, program], {
      env: { ...process.env, PORT: '0' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    child.stdout.on('data', (text: Buffer) => {
      output += text.toString();
      watched.changed();
    });
    let code: number | null = null;
    child.on('exit', status => {
      code = status;
      watched.changed();
    });
    const told = (line: RegExp): Promise<void> =>
      watched.until(String(line), () => line.test(output), 15_000);
    await told(/listening on http:.*\n/);
    await told(/^listening$/m);
    const port = Number(/http:\/\/127\.0\.0\.1:(\d+)/.exec(output)?.[1]);
    const client = (): Promise<Client> => Client.connect({ host: '127.0.0.1', port });
    expect((await (await client()).get('/health')).code).toBe(200);
    await told(/^\/health: 200 OK, 3 octets, \d+ ms$/m);
    await (await client()).get('/nowhere');
    await told(/^\/nowhere: 404 Not Found, \d+ octets, \d+ ms$/m);
    (await client()).send('GET /bad HTTP/1.1\r\nHost a\r\n\r\n');
    await told(/^refused: 127\.0\.0\.1 GET \/bad: 400 Bad Request: The request is malformed\.$/m);
    const leaving = await client();
    leaving.send('GET /half HT');
    leaving.peer.end();
    await told(/^aborted: \/half, before its answer$/m);
    child.kill('SIGTERM');
    await told(/^stopping$/m);
    expect((await (await client()).get('/health')).code).toBe(503);
    await watched.until('it ends', () => code !== null, 10_000);
    expect(code).toBe(0);
  });
});
