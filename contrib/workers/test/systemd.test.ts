// The primary as a service of systemd: @fapws/systemd tells of it as of a server.

import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { notify } from '@fapws/systemd';
import { expect, onTestFinished, test } from 'vitest';
import { get, supervised } from './supervised.ts';

test('systemd is told that the workers serve, that the primary lives, and that it stops; workers tell nobody', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fapws-workers-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  // In place of systemd-notify: writes down what it is to send.
  const [program, told] = [join(folder, 'notify'), join(folder, 'told')];
  writeFileSync(program, `#!/bin/sh\necho "$@" >> '${told}'\n`);
  chmodSync(program, 0o755);
  Object.assign(process.env, { NOTIFY_SOCKET: join(folder, 'nobody'), WATCHDOG_USEC: '400000' });
  const messages = (): string[] => (existsSync(told) ? readFileSync(told, 'utf8').trim().split('\n') : []);

  const { supervisor } = supervised({ workers: 1 });
  notify(supervisor, { program });
  await supervisor.start();
  const { url } = supervisor;
  expect(await get(supervisor, '/service')).toBe('');
  const ready = `READY=1 STATUS=listening on ${url}`;
  await expect.poll(messages, { timeout: 20_000 }).toContain(ready);
  await expect
    .poll(() => messages().slice(messages().indexOf(ready)), { timeout: 20_000 })
    .toContain('WATCHDOG=1');
  await supervisor.stop();
  await expect
    .poll(messages, { timeout: 20_000 })
    .toContain('STOPPING=1 STATUS=finishing the requests in progress');
});
