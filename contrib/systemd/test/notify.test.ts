// What systemd is told, by its own program.

import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Server, start } from '@fapws/core';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { notify } from '../src/index.ts';
import { systemdNotify } from './available.ts';
import { Receiver } from './receiver.ts';
import { fixture, folder, Running } from './running.ts';

/** The address in the start line. */
async function address(running: Running): Promise<string> {
  await running.until('the server has started', () => running.lines.length > 0);
  return /http:\S+/.exec(running.lines[0]?.text as string)?.[0] as string;
}

function setVariables(variables: Readonly<Record<string, string>>): void {
  Object.assign(process.env, variables);
}

function server(): Server {
  const made = start('127.0.0.1', 0);
  onTestFinished(async () => {
    await made.stop({ graceMs: 0 });
  });
  return made;
}

/** A shell script in place of systemd-notify. */
function program(script: string): string {
  const path = join(folder(), 'notify');
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

/** What is written to standard error meanwhile. */
function standardError(): string[] {
  const written: string[] = [];
  const spy = vi.spyOn(process.stderr, 'write').mockImplementation(text => written.push(String(text)) > 0);
  onTestFinished(() => {
    spy.mockRestore();
  });
  return written;
}

describe.runIf(systemdNotify)('systemd-notify', { timeout: 60_000 }, () => {
  test('says that the server is ready, alive and stopping, in this order', async () => {
    const receiver = await Receiver.listen();
    const running = new Running(fixture('notifying.ts'), {
      ...process.env,
      NOTIFY_SOCKET: receiver.path,
      WATCHDOG_USEC: '400000',
    });
    const url = await address(running);
    await receiver.untilMessage('WATCHDOG=1', 3);
    running.child.kill('SIGTERM');
    await receiver.untilMessage('STOPPING=1');
    expect(await running.untilEnded()).toBe(0);
    const [ready, ...others] = receiver.messages;
    expect(ready).toBe(`READY=1 | STATUS=listening on ${url}`);
    const last = others.indexOf('STOPPING=1 | STATUS=finishing the requests in progress');
    expect(last).toBe(others.length - 1);
    expect(new Set(others.slice(0, last))).toEqual(new Set(['WATCHDOG=1']));
    expect(running.stderr).toBe('');
  });

  test('shows no life while the event loop is blocked, and does again afterwards', async () => {
    const receiver = await Receiver.listen();
    const running = new Running(fixture('notifying.ts'), {
      ...process.env,
      NOTIFY_SOCKET: receiver.path,
      WATCHDOG_USEC: '200000',
    });
    const url = await address(running);
    await receiver.untilMessage('WATCHDOG=1', 2);
    await fetch(`${url}/block?2000`, { signal: AbortSignal.timeout(20_000) });
    const before = receiver.messages.length;
    await receiver.until('it is alive again', () => receiver.messages.length > before + 1);
    const alive = receiver.lines.filter(line => line.text === 'WATCHDOG=1').map(line => line.at);
    const gaps = alive.slice(1).map((at, index) => at - (alive[index] as number));
    // One that is on its way when the loop is blocked still arrives: hence not the whole 2 seconds.
    expect(gaps.filter(gap => gap > 1500).length).toBe(1);
  });

  test('takes the variables out of the environment, whatever child processes there will be', async () => {
    const receiver = await Receiver.listen();
    setVariables({
      NOTIFY_SOCKET: receiver.path,
      WATCHDOG_USEC: '1000000',
      WATCHDOG_PID: String(process.pid),
    });
    const one = server();
    expect(notify(one).listens).toBe(true);
    expect(Object.keys(process.env).filter(key => /^(NOTIFY|WATCHDOG)_/.test(key))).toEqual([]);
    await one.listen();
    await receiver.untilMessage('WATCHDOG=1');
  });

  test('a process that takes over says that it is the main one', async () => {
    const receiver = await Receiver.listen();
    setVariables({ NOTIFY_SOCKET: receiver.path });
    const one = server();
    notify(one, { mainPid: true });
    await one.listen();
    await receiver.untilMessage('READY=1');
    expect(receiver.messages).toEqual([`READY=1 | STATUS=listening on ${one.url} | MAINPID=${process.pid}`]);
  });

  test('several servers are ready when all listen, and stopping when one stops', async () => {
    const receiver = await Receiver.listen();
    setVariables({ NOTIFY_SOCKET: receiver.path });
    const [site, admin] = [server(), server()];
    const manager = notify([site, admin]);
    await site.listen();
    expect(await manager.send('STATUS=half of it')).toBe(true);
    await admin.listen();
    await receiver.untilMessage('READY=1');
    const urls = `${site.url}, ${admin.url}`;
    await admin.stop();
    await receiver.untilMessage('STOPPING=1');
    expect(receiver.messages).toEqual([
      'STATUS=half of it',
      `READY=1 | STATUS=listening on ${urls}`,
      'STOPPING=1 | STATUS=finishing the requests in progress',
    ]);
  });

  test('a reload begins with the time and ends with READY=1, also if it fails', async () => {
    const receiver = await Receiver.listen();
    setVariables({ NOTIFY_SOCKET: receiver.path });
    const manager = notify(server());
    const before = process.hrtime.bigint() / 1000n;
    await expect(
      manager.reload(() => {
        throw new Error('no such file');
      }),
    ).rejects.toThrow('no such file');
    await receiver.untilMessage('READY=1');
    const [, time] = /^RELOADING=1 \| MONOTONIC_USEC=(\d+)$/.exec(receiver.messages[0] as string) ?? [];
    const late = Number(BigInt(time as string) - before);
    expect(late).toBeGreaterThanOrEqual(0);
    expect(late).toBeLessThan(10_000_000);
    expect(receiver.messages.length).toBe(2);
  });

  test('a socket on which nobody listens: reported, with what the program says', async () => {
    const written = standardError();
    setVariables({ NOTIFY_SOCKET: join(folder(), 'nobody') });
    expect(await notify(server()).send('STATUS=x')).toBe(false);
    expect(written.join('')).toContain(
      "fapws: systemd can't be told how the server is: systemd-notify ended with 1: Failed to ",
    );
  });
});

describe('without systemd', () => {
  test('nothing is done', async () => {
    const one = server();
    const manager = notify(one, { program: '/nonexistent' });
    expect(manager.listens).toBe(false);
    await one.listen();
    expect(await manager.send('STATUS=x')).toBe(false);
    let reloaded = false;
    await manager.reload(() => {
      reloaded = true;
    });
    expect(reloaded).toBe(true);
  });

  test.each([
    [[]],
    [['READY']],
    [['ready=1']],
    [['STATUS=a\nREADY=1']],
    [['STATUS=a\0']],
    [['STATUS=a\u0001b']],
    [['--ready']],
  ])('%j is no message', async assignments => {
    await expect(notify(server()).send(...assignments)).rejects.toThrow(TypeError);
  });
});

test.runIf(systemdNotify)('what a message may hold arrives as it is', { timeout: 60_000 }, async () => {
  const receiver = await Receiver.listen();
  setVariables({ NOTIFY_SOCKET: receiver.path });
  const manager = notify(server());
  const status = `STATUS=  two  "quoted" 'words' $HOME \`id\` * \\n ü ${'x'.repeat(3000)} `;
  expect(await manager.send(status, 'X_EMPTY=', 'X_LAST=-n')).toBe(true);
  expect(receiver.messages).toEqual([`${status} | X_EMPTY= | X_LAST=-n`]);
});

describe('a failure', { timeout: 60_000 }, () => {
  test('is reported once, and the server goes on', async () => {
    const written = standardError();
    setVariables({ NOTIFY_SOCKET: '/nonexistent/notify', WATCHDOG_USEC: '20000' });
    const one = server();
    const manager = notify(one, { program: '/nonexistent/systemd-notify' });
    await one.listen();
    expect(await manager.send('STATUS=x')).toBe(false);
    expect(await manager.send('STATUS=y')).toBe(false);
    // A server of another test may have something to say here, too.
    expect(written.filter(text => text.includes('/nonexistent/'))).toEqual([
      "fapws: systemd can't be told how the server is: the program /nonexistent/systemd-notify is not here; it belongs to systemd\n",
    ]);
    expect((await fetch(one.url, { signal: AbortSignal.timeout(5000) })).status).toBe(404);
  });

  test.each([
    ['WATCHDOG_USEC', { WATCHDOG_USEC: 'soon' }, 'WATCHDOG_USEC is "soon", not a number of microseconds'],
    [
      'another process',
      { WATCHDOG_USEC: '20000', WATCHDOG_PID: '1' },
      `the watchdog watches process 1, not this one (${process.pid})`,
    ],
  ])('of the watchdog: %s', async (_, variables, words) => {
    const written = standardError();
    const log = join(folder(), 'log');
    setVariables({ NOTIFY_SOCKET: '/nonexistent/notify', ...variables });
    const one = server();
    const manager = notify(one, { program: program(`echo "$@" >> '${log}'`) });
    await one.listen();
    // Longer than several periods of the watchdog that must not be minded: a period has no event to wait for.
    await new Promise(resolve => setTimeout(resolve, 200));
    expect(await manager.send('STATUS=x')).toBe(true);
    expect(readFileSync(log, 'utf8')).toBe(`READY=1 STATUS=listening on ${one.url}\nSTATUS=x\n`);
    expect(written.join('')).toContain(words);
  });

  test('of a slow program: messages wait for each other, and signs of life do not pile up', async () => {
    const log = join(folder(), 'log');
    setVariables({ NOTIFY_SOCKET: '/nonexistent/notify', WATCHDOG_USEC: '20000' });
    const one = server();
    const manager = notify(one, {
      program: program(`echo begin $1 >> '${log}'; sleep 0.2; echo end >> '${log}'`),
    });
    await one.listen();
    // Being ready is told when this turn is over.
    await new Promise(resolve => setImmediate(resolve));
    await Promise.all([manager.send('STATUS=a'), manager.send('STATUS=b')]);
    await manager.send('STATUS=c');
    const lines = readFileSync(log, 'utf8').trim().split('\n');
    expect(lines.filter((_, index) => index % 2 === 0).every(line => line.startsWith('begin'))).toBe(true);
    expect(lines.filter((_, index) => index % 2 === 1).every(line => line === 'end')).toBe(true);
    const begun = lines.filter(line => line !== 'end').map(line => line.slice('begin '.length));
    expect(begun.filter(text => text !== 'WATCHDOG=1')).toEqual([
      'READY=1',
      'STATUS=a',
      'STATUS=b',
      'STATUS=c',
    ]);
    // At 10 ms each there was time for dozens.
    expect(begun.length).toBeLessThanOrEqual(6);
  });

  test('of the shell that runs the program: the next message has another one', async () => {
    const written = standardError();
    setVariables({ NOTIFY_SOCKET: '/nonexistent/notify' });
    const log = join(folder(), 'log');
    // It ends its shell the first time.
    const once = program(`[ -e '${log}' ] && first= || first=1
      echo "$1" >> '${log}'
      [ -z "$first" ] || kill -KILL $PPID`);
    const manager = notify(server(), { program: once });
    expect(await manager.send('STATUS=x')).toBe(false);
    expect(written.join('')).toContain(`the shell that runs ${once} ended with SIGKILL\n`);
    expect(await manager.send('STATUS=y')).toBe(true);
    expect(readFileSync(log, 'utf8')).toBe('STATUS=x\nSTATUS=y\n');
  });

  test('of a program that hangs does not keep the process alive', async () => {
    const pid = join(folder(), 'pid');
    const running = new Running(fixture('notifying.ts', program(`echo $$ >> '${pid}'; exec sleep 50`)), {
      ...process.env,
      NOTIFY_SOCKET: '/nonexistent/notify',
    });
    const url = await address(running);
    await fetch(url, { signal: AbortSignal.timeout(20_000) });
    const hanging = await vi.waitFor(() => Number(readFileSync(pid, 'utf8')), { timeout: 20_000 });
    onTestFinished(() => {
      process.kill(hanging);
    });
    running.child.kill('SIGTERM');
    await running.untilLine('over');
    // Not its output: the hanging program holds that.
    await running.until('the process has ended', () => running.child.exitCode !== null);
    expect(running.child.exitCode).toBe(0);
  });
});
