// Stack dumps: where each thread is, also when the process does nothing else any more.

import { describe, expect, test } from 'vitest';
import { answerOf, Front, hasPython, received, requestOf } from './front.ts';

const SECONDS = 30_000;

describe.runIf(hasPython)('a signal shows the stacks of a process', () => {
  for (const [what, target, expected] of [
    ['in an endless loop', '/loop', /stuck\.py", line \d+ in loop\n/],
    [
      'in a deadlock of two threads',
      '/deadlock',
      // Both in one dump, which ends with the module.
      /stuck\.py", line \d+ in take\n((?!.* in <module>).*\n)*.* in take\n.* in deadlock\n/,
    ],
    ['whose interpreter an extension keeps', '/hold', /stuck\.py", line \d+ in hold_interpreter\n/],
  ] as const) {
    test(what, { timeout: SECONDS }, async () => {
      await using front = await Front.open('stuck:application');
      const pid = Number((await front.ask('/ping')).body);
      const socket = await front.connect();
      socket.write(requestOf(target));
      await front.logs(new RegExp(`GET ${target}: begun`));
      // Again and again, because it has begun and may not be there yet.
      const asking = setInterval(() => process.kill(pid, 'SIGUSR2'), 200);
      try {
        await front.logs(expected);
      } finally {
        clearInterval(asking);
      }
      process.kill(pid, 'SIGKILL');
      expect(answerOf(await received(socket)).status).toBe('502 Bad Gateway');
    });
  }

  test('another signal on request, and none at all', { timeout: SECONDS }, async () => {
    await using front = await Front.open('stuck:application', { dumpSignal: 'SIGQUIT' });
    const pid = Number((await front.ask('/ping')).body);
    process.kill(pid, 'SIGQUIT');
    await front.logs(/Current thread [\s\S]* in main\n/);
    expect(Number((await front.ask('/ping')).body)).toBe(pid);
    await using silent = await Front.open('stuck:application', { dumpSignal: false });
    process.kill(Number((await silent.ask('/ping')).body), 'SIGUSR2');
    await silent.logs(/was ended by SIGUSR2/);
  });
});
