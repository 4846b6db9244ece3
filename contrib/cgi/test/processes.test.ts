// Scripts come to an end: by themselves, when their time is over, when nobody waits for them, and with the server.

import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import type { CallRequest, Middleware } from '@fapws/core';
import { Program } from '@fapws/testing';
import { describe, expect, test } from 'vitest';
import { BOUND, CgiServer, runs, Scripts, text, until } from './scripts.ts';

const signal = () => AbortSignal.timeout(BOUND);

/** Requests a script that writes its number, and gives that with the connection. */
async function running(server: CgiServer, path: string) {
  const socket = connect(await server.port(), '127.0.0.1');
  socket.on('error', () => {});
  socket.write(`GET /cgi-bin${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
  let got = '';
  let found: RegExpExecArray | null = null;
  while (found === null) {
    got += String((await once(socket, 'data', { signal: signal() }))[0]);
    found = /pids:([\d ]+);/.exec(got);
  }
  const pids = (found[1] as string).trim().split(' ').map(Number);
  return { socket, pids };
}

/** A script that tells its number, and that of a child, and runs on. */
const endless = (before = ''): string =>
  `${before}\n${text('sleep 60 & echo "pids:$$ $!;"; wait; wait; wait')}`;

const areGone = (pids: number[]): Promise<void> =>
  until(() => !pids.some(runs), `processes ${pids} are gone`);

describe('when the client leaves', () => {
  test.each(['destroy', 'resetAndDestroy'] as const)('a script and its children are ended: %s', async how => {
    using scripts = new Scripts();
    scripts.write('endless', endless());
    await using server = new CgiServer(scripts);
    const { socket, pids } = await running(server, '/endless');
    expect(pids.map(runs)).toEqual([true, true]);
    socket[how]();
    await areGone(pids);
    expect(server.log.text).toBe('');
  });

  test('before the script has written anything', async () => {
    using scripts = new Scripts();
    scripts.write(
      'silent',
      `echo $$ > '${scripts.path('pid')}.new'; mv '${scripts.path('pid')}.new' '${scripts.path('pid')}'; exec sleep 60`,
    );
    await using server = new CgiServer(scripts);
    const socket = connect(await server.port(), '127.0.0.1');
    socket.write('GET /cgi-bin/silent HTTP/1.1\r\nHost: a\r\n\r\n');
    const pid = (): number =>
      readdirSync(scripts.root).includes('pid') ? Number(readFileSync(scripts.path('pid'))) : 0;
    await until(() => pid() !== 0, 'the script runs');
    socket.destroy();
    await areGone([pid()]);
    expect(server.log.text).toBe('');
  });

  test('one that ignores SIGTERM is killed', async () => {
    using scripts = new Scripts();
    scripts.write('stubborn', endless("trap '' TERM"));
    await using server = new CgiServer(scripts, { timeouts: { kill: 0.2 } });
    const { socket, pids } = await running(server, '/stubborn');
    const began = Date.now();
    socket.destroy();
    await areGone(pids);
    expect(Date.now() - began).toBeGreaterThanOrEqual(190);
  });

  test('a child that ignores SIGTERM goes with its script', async () => {
    using scripts = new Scripts();
    const child = 'trap "" TERM; echo "pids:$PPID $$;"; while :; do sleep 1; done';
    scripts.write('parent', text(`sh -c '${child}' & wait`));
    await using server = new CgiServer(scripts, { timeouts: { kill: 30 } });
    const { socket, pids } = await running(server, '/parent');
    socket.destroy();
    await areGone(pids);
  });

  test('before the script has been started', async () => {
    using scripts = new Scripts();
    scripts.write('late', `echo "pids:$$" >&2; exec sleep 60`);
    const untilLeft: Middleware = application => async (environ, startResponse) => {
      const { 'fapws.signal': left } = environ;
      socket.destroy();
      if (!left.aborted) await once(left, 'abort');
      return application(environ, startResponse);
    };
    await using server = new CgiServer(scripts, {}, untilLeft);
    const socket = connect(await server.port(), '127.0.0.1');
    socket.write('GET /cgi-bin/late HTTP/1.1\r\nHost: a\r\n\r\n');
    await until(() => server.over === 1, 'the answer is over');
    await until(() => !childrenOf(process.pid).some(({ state }) => state !== 'Z'), 'nothing runs');
  });

  test('one that can clean up does', async () => {
    using scripts = new Scripts();
    scripts.write('tidy', `trap "touch '${scripts.path('cleaned')}'; exit" TERM\n${endless()}`);
    await using server = new CgiServer(scripts);
    const { socket, pids } = await running(server, '/tidy');
    socket.destroy();
    await areGone(pids);
    expect(readdirSync(scripts.root)).toContain('cleaned');
  });
});

test('a script whose answer is no good is ended', async () => {
  using scripts = new Scripts();
  scripts.write('bad', `echo "pids:$$" >&2; printf 'bad\\n\\n'; exec sleep 60`);
  const server = new CgiServer(scripts);
  expect((await server.call('/bad')).statusCode).toBe(502);
  await until(() => server.log.text.includes('pids:'), 'the number is logged');
  await areGone([Number(/pids:(\d+)/.exec(server.log.text)?.[1])]);
});

describe('time', () => {
  test('a script that writes no head in time is 504, and ended', async () => {
    using scripts = new Scripts();
    scripts.write('slow', `echo "pids:$$" >&2; printf 'Content-Type: a/b\\n'; exec sleep 60`);
    const server = new CgiServer(scripts, { timeouts: { head: 0.2 } });
    const response = await server.call('/slow');
    expect([response.status, response.text()]).toEqual([
      '504 Gateway Timeout',
      '504 Gateway Timeout\nThe script took too long.\n',
    ]);
    await until(() => server.log.text.includes('pids:'), 'the number is logged');
    await areGone([Number(/pids:(\d+)/.exec(server.log.text)?.[1])]);
    expect(server.log.text).toContain('GET /cgi-bin/slow: it wrote no head in 0.2 s (timeouts.head)');
  });

  test('a script that does not end in time is cut off, and ended', async () => {
    using scripts = new Scripts();
    scripts.write('endless', endless());
    await using server = new CgiServer(scripts, { timeouts: { head: 0.2, total: 0.5 } });
    const { socket, pids } = await running(server, '/endless');
    await once(socket, 'close', { signal: signal() });
    await areGone(pids);
    expect(server.log.text).toContain('it ran for 0.5 s (timeouts.total)');
  });

  test('so is one that has ended and left a child that holds the output', async () => {
    using scripts = new Scripts();
    scripts.write('leaving', text('sleep 60 & echo "pids:$$ $!;"'));
    await using server = new CgiServer(scripts, { timeouts: { total: 0.5 } });
    const { socket, pids } = await running(server, '/leaving');
    await once(socket, 'close', { signal: signal() });
    await areGone(pids);
  });

  test('what a script leaves running without its output may run on', async () => {
    using scripts = new Scripts();
    scripts.write('daemon', text('sleep 60 >/dev/null 2>&1 </dev/null & echo "$!"'));
    await using server = new CgiServer(scripts);
    const response = await fetch(await server.url('/daemon'), { signal: signal() });
    const pid = Number(await response.text());
    expect(runs(pid)).toBe(true);
    process.kill(pid, 'SIGKILL');
  });
});

describe('number', () => {
  test('more scripts than processes are 503, and there is room when one has ended', async () => {
    using scripts = new Scripts();
    scripts.write('endless', endless());
    scripts.write('quick', text('echo here'));
    await using server = new CgiServer(scripts, { processes: 2 });
    const busy = [await running(server, '/endless'), await running(server, '/endless')];
    const refused = await server.call('/quick');
    expect([refused.status, refused.header('Retry-After')]).toEqual(['503 Service Unavailable', '1']);
    expect(server.log.text).toContain('2 scripts are running already');
    busy[0]?.socket.destroy();
    await areGone(busy[0]?.pids as number[]);
    await until(() => server.over === 2, 'the answer is over');
    expect((await server.call('/quick')).text()).toBe('here\n');
    // What can't be started takes no room either.
    scripts.write('broken', '#!/no/such/program\n');
    for (let at = 0; at < 5; at += 1) expect((await server.call('/broken')).statusCode).toBe(500);
    expect((await server.call('/quick')).statusCode).toBe(200);
    busy[1]?.socket.destroy();
    await areGone(busy[1]?.pids as number[]);
  });

  test('no zombies, open files or timers are left of a hundred scripts', async () => {
    using scripts = new Scripts();
    scripts.write('quick', text('cat'));
    scripts.write('failing', 'exit 1');
    await using server = new CgiServer(scripts);
    const timers = (): number => process.getActiveResourcesInfo().filter(name => name === 'Timeout').length;
    const known = { method: 'POST', body: 'hello' };
    const chunked = {
      method: 'POST',
      body: '5\r\nhello\r\n0\r\n\r\n',
      headers: { 'Transfer-Encoding': 'chunked' },
    };
    const broken = { ...chunked, body: '5\r\nhello\r\nno chunk\r\n' };
    const send = (path: string, request: CallRequest) => server.call(path, request).catch(() => null);
    await Promise.all([known, chunked, broken].map(request => send('/quick', request)));
    const before = { files: readdirSync('/proc/self/fd').length, timers: timers() };
    for (let round = 0; round < 10; round += 1) {
      await Promise.all(
        Array.from({ length: 10 }, (_, at) =>
          send(at % 2 === 0 ? '/quick' : '/failing', [known, chunked, broken][at % 3] as CallRequest),
        ),
      );
    }
    await until(() => childrenOf(process.pid).every(({ state }) => state !== 'Z'), 'no zombies are there');
    await until(() => readdirSync('/proc/self/fd').length <= before.files + 2, 'no files are open');
    await until(() => timers() <= before.timers + 2, 'no timers run');
  });
});

test('a server that exits takes its scripts with it', async () => {
  using scripts = new Scripts();
  scripts.write('endless', endless());
  await using program = Program.fromSource(new URL('fixtures/server.ts', import.meta.url).pathname, {
    ROOT: scripts.root,
  });
  const port = Number(new URL(await program.origin()).port);
  const { socket, pids } = await running({ port: async () => port } as CgiServer, '/endless');
  expect(await program.end('SIGUSR2')).toBe(7);
  await areGone(pids);
  socket.destroy();
});

/** Processes that this one has started and not yet waited for. */
function childrenOf(parent: number): { pid: number; state: string }[] {
  return readdirSync('/proc').flatMap(name => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const [, state, ppid] = /\) (\S) (\d+)/.exec(readFileSync(`/proc/${name}/stat`, 'utf8')) ?? [];
      return Number(ppid) === parent ? [{ pid: Number(name), state: state as string }] : [];
    } catch {
      return [];
    }
  });
}
