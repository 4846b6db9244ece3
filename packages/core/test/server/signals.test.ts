// SIGINT and SIGTERM, in processes of their own.

import { describe, expect, test } from 'vitest';
import { socketPath } from '../loop/recorder.ts';
import { ServerProcess } from './process.ts';

const anywhere = { host: '127.0.0.1', port: 0 };

describe('signals', { timeout: 30_000 }, () => {
  test.each(['SIGINT', 'SIGTERM'] as const)(
    '%s lets requests in progress finish, and the process ends by itself with code 0',
    async signal => {
      const server = new ServerProcess({ start: anywhere });
      const { line, address } = await server.started();
      expect(line).toBe(
        `fapws: listening on http://127.0.0.1:${(address as { port: number }).port} (portable loop)`,
      );
      const [idle, busy] = [await server.client(), await server.client()];
      expect((await idle.get('/hello')).text).toBe('Hello World!!');
      busy.request('GET', '/held');
      await server.untilMessage('held');

      server.child.kill(signal);
      // The idle one is closed, so the server is stopping.
      await idle.peer.untilEnded();
      expect(server.exited).toBe(false);
      server.child.send('release');
      const answer = await busy.answer();
      expect([answer.text, answer.header('Connection')]).toEqual(['released', 'close']);
      busy.peer.end();
      idle.peer.end();
      await server.untilExited();
      expect([server.code, server.signal, server.stderr]).toEqual([0, null, '']);
      expect(server.messages).toContain('over');
    },
  );

  test('a second signal cuts what is left, and says how much', async () => {
    const server = new ServerProcess({ start: anywhere });
    const [idle, busy] = [await server.client(), await server.client()];
    busy.request('GET', '/held');
    await server.untilMessage('held');
    server.child.kill('SIGTERM');
    await idle.peer.untilEnded();
    expect(server.exited).toBe(false);
    server.child.kill('SIGINT');
    await busy.peer.untilClosed();
    expect(busy.peer.error?.code).toBe('ECONNRESET');
    await server.untilExited();
    expect(server.code).toBe(0);
    expect(server.stderr).toContain('requests cut at the end of the grace period: 1');
  });

  test('the grace period of run holds for signals', async () => {
    const server = new ServerProcess({ start: anywhere, run: { graceMs: 100 } });
    const busy = await server.client();
    busy.request('GET', '/held');
    await server.untilMessage('held');
    server.child.kill('SIGTERM');
    await server.untilExited();
    expect(server.code).toBe(0);
    expect(server.stderr).toContain('requests cut at the end of the grace period: 1');
  });

  test('an idle server ends at once, with its socket file', async () => {
    const path = socketPath();
    const server = new ServerProcess({ start: { path } });
    const client = await server.client();
    expect((await client.get('/hello')).text).toBe('Hello World!!');
    server.child.kill('SIGTERM');
    await server.untilExited();
    expect(server.code).toBe(0);
    const { existsSync } = await import('node:fs');
    expect(existsSync(path)).toBe(false);
  });

  test('with signals: false a signal does what it does without Fapws', async () => {
    const server = new ServerProcess({ start: anywhere, run: { signals: false } });
    await server.started();
    server.child.kill('SIGTERM');
    await server.untilExited();
    expect(server.signal).toBe('SIGTERM');
  });

  test('a client that closes while it is written to (SIGPIPE) does not end the process', async () => {
    const server = new ServerProcess({ start: anywhere });
    const client = await server.client();
    client.request('GET', '/held');
    await server.untilMessage('held');
    client.peer.reset();
    server.child.send('release');
    const other = await server.client();
    expect((await other.get('/hello')).text).toBe('Hello World!!');
  });
});
