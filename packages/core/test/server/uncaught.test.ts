// What a newcomer sees whose program can't start and catches nothing: one line that says what to do.

import { spawnSync } from 'node:child_process';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runFromSource } from '@fapws/testing';
import { expect, onTestFinished, test } from 'vitest';
import type { Address } from '../../src/index.ts';

const program = join(import.meta.dirname, 'fixtures/bare.ts');

function run(address: Address, env: NodeJS.ProcessEnv = {}): { status: number | null; stderr: string } {
  return spawnSync(process.execPath, [...runFromSource, program, JSON.stringify(address)], {
    env: { ...process.env, ...env },
    encoding: 'utf8',
    timeout: 30_000,
  });
}

/** What stands between Node's own first lines and its version. */
function told(stderr: string): string | undefined {
  return /\n\n([\s\S]*?)\n\nNode\.js v\d/.exec(stderr)?.[1];
}

test('a port that is taken', { timeout: 40_000 }, async () => {
  const other = createServer();
  await new Promise<void>(resolve => other.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void other.close());
  const { port } = other.address() as { port: number };
  const { status, stderr } = run({ host: '127.0.0.1', port });
  expect(told(stderr)).toBe(
    `[ListenError [FAPWS_LISTEN_BUSY]: Port ${port} is already in use (127.0.0.1:${port}). Stop the other process or choose another port.]`,
  );
  expect(stderr).not.toMatch(/^ +at /m);
  expect(status).toBe(1);
});

test('a folder that is not there', { timeout: 40_000 }, () => {
  const path = join(tmpdir(), `no-such-folder-${process.pid}`, 'app.sock');
  const { status, stderr } = run({ path });
  expect(told(stderr)).toBe(
    `[ListenError [FAPWS_LISTEN_ADDRESS]: There is no folder for unix:${path}. Make the folder or choose another path.]`,
  );
  expect(status).toBe(1);
});

test('a loop that is not there', { timeout: 40_000 }, () => {
  const { status, stderr } = run({ host: '127.0.0.1', port: 0 }, { LIBEV_FLAGS: '4' });
  expect(told(stderr)).toBe(
    '[ListenError [FAPWS_LOOP_UNAVAILABLE]: LIBEV_FLAGS=4 asks for epoll, which this installation does not have. Only the portable loop is here, which takes no flag: unset LIBEV_FLAGS.]',
  );
  expect(status).toBe(1);
});
