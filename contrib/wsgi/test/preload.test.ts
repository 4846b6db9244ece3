// Preload: workers that are forks of one process which has loaded the application.

import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { isAlive, optional, Program } from '@fapws/testing';
import { describe, expect, test, vi } from 'vitest';
import { ForkListener } from '../src/fork-listener.ts';
import type { PythonOptions } from '../src/index.ts';
import { Front, hasPython, received } from './front.ts';
import { answering, Project } from './project.ts';

const SECONDS = 30_000;
const hasProc: boolean = optional('/proc', existsSync('/proc/self/smaps_rollup'), 'use Linux 4.14 or later');

interface Seen {
  readonly pid: number;
  readonly parent: number;
  readonly loaded_in: number;
  readonly environment: string | null;
  readonly threads: string[];
}

function preload(options: PythonOptions = {}): Promise<Front> {
  return Front.open('preloaded:application', { preload: true, ...options });
}

async function seenBy(front: Front, target = '/'): Promise<Seen> {
  return (await front.json(target)) as Seen;
}

/** Asks until so many processes have answered. @returns what each of them says */
async function allOf(front: Front, processes: number): Promise<Seen[]> {
  const all = new Map<number, Seen>();
  await front.until(async () => {
    const some = await Promise.all(Array.from({ length: 2 * processes }, () => seenBy(front)));
    for (const seen of some) all.set(seen.pid, seen);
    return all.size >= processes;
  });
  return [...all.values()];
}

function times(log: string, pattern: RegExp): number {
  return [...log.matchAll(pattern)].length;
}

describe.runIf(hasPython)('preload', () => {
  test('loads the application once, for all processes and those that replace them', {
    timeout: SECONDS,
  }, async () => {
    await using front = await preload({ workers: 2, processEnvironment: { GREETING: 'hello' } });
    const before = await allOf(front, 2);
    const [one, two] = before as [Seen, Seen];
    expect(one).toMatchObject({ parent: one.loaded_in, environment: 'hello' });
    expect(two).toMatchObject({ parent: one.loaded_in, loaded_in: one.loaded_in });
    expect(one.threads).toEqual(['MainThread', 'fapws-owner']);
    process.kill(one.pid, 'SIGKILL');
    await front.logs(new RegExp(`python ${one.pid} was ended by SIGKILL`));
    const fresh = (await allOf(front, 2)).find(({ pid }) => pid !== two.pid);
    expect(fresh).toMatchObject({ parent: one.loaded_in, loaded_in: one.loaded_in });
    expect(times(front.log, /loaded\n/g)).toBe(1);
  });

  test('exit codes and what is printed are told as of any process', { timeout: SECONDS }, async () => {
    await using front = await preload();
    const { pid } = await seenBy(front, '/say');
    await front.logs(new RegExp(`python ${pid}: said by ${pid}\\n`));
    expect((await front.ask('/leave')).status).toBe('502 Bad Gateway');
    await front.logs(new RegExp(`python ${pid} ended with exit code 7; it printed last: the last words`));
    expect((await seenBy(front)).pid).not.toBe(pid);
  });

  test('an application that can’t be loaded is told with its traceback', { timeout: SECONDS }, async () => {
    await using front = await Front.open('broken:application', { preload: true }, { traceback: true });
    await expect(front.app.ready).rejects.toThrow(
      /File ".*broken\.py", line \d+, in <module>\n[\s\S]*NameError: name 'undefined_name'/,
    );
    expect((await front.ask('/')).body).toMatch(/NameError: name 'undefined_name'/);
  });

  test('one that takes too long to load is given up', { timeout: SECONDS }, async () => {
    await using front = await Front.open('endless:application', { preload: true, startTimeout: 1 });
    await expect(front.app.ready).rejects.toThrow(/not loaded within 1 s/);
    await front.logs(/File ".*endless\.py", line \d+ in <module>/);
  });

  test('a system that gives no process is told, and asked again', { timeout: SECONDS }, async () => {
    using project = new Project({
      'app.py': answering(
        'os.getpid()',
        `import os
fork = os.fork
def no_fork():
    os.fork = fork
    raise BlockingIOError(11, "Resource temporarily unavailable")
os.fork = no_fork
`,
      ),
    });
    await using front = await Front.open('app:application', { chdir: project.folder, preload: true });
    await expect(front.app.ready).rejects.toThrow(
      /It could not be forked: \[Errno 11\] Resource temporarily unavailable/,
    );
    await front.until(async () => (await front.ask('/')).status === '200 OK');
  });

  test('nothing is left of what is closed while it starts', { timeout: SECONDS }, async () => {
    using project = new Project({
      'app.py': answering(
        '1',
        'import os, pathlib\npathlib.Path("loading").write_text(str(os.getpid()))\nwhile not os.path.exists("go"): pass',
      ),
    });
    await using front = await Front.open('app:application', { chdir: project.folder, preload: true });
    await front.until(() => Number(project.read('loading')) > 0);
    await front.app.close();
    await front.until(() => !isAlive(Number(project.read('loading'))));
  });

  test('the forks end with the process that they come from, and others take their place', {
    timeout: SECONDS,
  }, async () => {
    await using front = await preload({ workers: 2 });
    const before = await allOf(front, 2);
    const { loaded_in } = before[0] as Seen;
    process.kill(loaded_in, 'SIGKILL');
    await front.logs(/was ended by SIGKILL.*\. Its forks \(preload\) end with it/);
    await front.until(async () => {
      const { status, body } = await front.ask('/');
      return status === '200 OK' && (JSON.parse(body) as Seen).loaded_in !== loaded_in;
    });
    await front.until(() => before.every(({ pid }) => !isAlive(pid)));
  });

  test.runIf(hasProc)('so does a fork that nothing else can end', { timeout: SECONDS }, async () => {
    await using front = await Front.open('stuck:application', { preload: true });
    const pid = Number((await front.ask('/ping')).body);
    const answer = front.ask('/hold');
    await front.logs(/GET \/hold: begun/);
    const parent = Number(/^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]);
    process.kill(parent, 'SIGKILL');
    expect((await answer).status).toBe('502 Bad Gateway');
    await front.until(() => !isAlive(pid));
  });

  test('reload() loads it again, in a new process', { timeout: SECONDS }, async () => {
    using project = new Project({ 'app.py': answering('[VALUE, os.getppid()]', 'import os\nVALUE = 1') });
    await using front = await Front.open('app:application', { chdir: project.folder, preload: true });
    const [, parent] = JSON.parse((await front.ask('/')).body) as [number, number];
    project.write('app.py', answering('[VALUE, os.getppid()]', 'import os\nVALUE = "two"'));
    await front.app.reload();
    expect((await front.ask('/')).body).toMatch(/^\['two', \d+\]$/);
    await front.until(() => !isAlive(parent));
  });

  test('stacks can be seen as of any process', { timeout: SECONDS }, async () => {
    await using front = await preload();
    const { pid } = await seenBy(front);
    process.kill(pid, 'SIGUSR2');
    await front.logs(new RegExp(`python ${pid}: Current thread [\\s\\S]*python ${pid}: .* in main\\n`));
  });

  test('threads that would be missing in the workers are told', { timeout: SECONDS }, async () => {
    await using front = await preload({ workers: 2, processEnvironment: { THREADS: '1' } });
    for (const { threads } of await allOf(front, 2)) expect(threads).not.toContain('a poller');
    expect(times(front.log, /has started threads while it was loaded: a poller\./g)).toBe(1);
  });

  test('all processes end when the one that has started them is killed', { timeout: SECONDS }, async () => {
    await using program = Program.fromSource(`${import.meta.dirname}/programs/preloading.ts`);
    const origin = await program.origin();
    const { pid, loaded_in } = (await (await fetch(origin)).json()) as Seen;
    await program.end('SIGKILL');
    const late = Date.now() + 20_000;
    while (isAlive(pid) || isAlive(loaded_in)) {
      expect(Date.now()).toBeLessThan(late);
      await new Promise(resolve => setTimeout(resolve, 20));
    }
  });

  test.runIf(hasProc)('nobody gets in who does not know the token', { timeout: SECONDS }, async () => {
    await using front = await preload();
    await front.app.ready;
    const [name] = abstractNames();
    expect(name).toBeDefined();
    for (const introduction of [`${'0'.repeat(64)} 1 1 channel\n`, 'x'.repeat(1000), '\n']) {
      const socket = connect(`\0${name}`);
      await once(socket, 'connect');
      socket.write(introduction);
      expect(await received(socket)).toBe('');
    }
    await seenBy(front);
  });

  test.runIf(hasProc)('what was loaded is in memory once', { timeout: SECONDS }, async () => {
    const processEnvironment = { MEBIBYTES: '50' };
    await using shared = await preload({ workers: 3, processEnvironment });
    await using separate = await preload({ workers: 3, processEnvironment, preload: false });
    const of = async (front: Front): Promise<number> => {
      const all = await allOf(front, 3);
      const pids = new Set(all.flatMap(({ pid, loaded_in }) => [pid, loaded_in]));
      return [...pids].reduce((sum, pid) => sum + proportionalSize(pid), 0);
    };
    const [once, thrice] = [await of(shared), await of(separate)];
    expect(thrice).toBeGreaterThan(150);
    expect(once).toBeLessThan(100);
  });
});

test('where sockets have no names but files, nobody else may enter their folder', async () => {
  const arrivals: unknown[] = [];
  const listener = new ForkListener((fork, pid, role, socket) => {
    arrivals.push([fork, pid, role]);
    socket.on('data', octets => arrivals.push(String(octets))).resume();
  }, 'darwin');
  await listener.listen();
  const folder = dirname(listener.address);
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  const socket = connect(listener.address);
  // In two pieces, the second of which has more than the introduction.
  socket.write(listener.token);
  await once(socket, 'connect');
  socket.write(' 3 4711 channel\nmore');
  await vi.waitFor(() => expect(arrivals).toEqual([[3, 4711, 'channel'], 'more']), 10_000);
  socket.destroy();
  listener.close();
  expect(existsSync(folder)).toBe(false);
});

/** Names of sockets of this process that are not files, and that @fapws/wsgi has made. */
function abstractNames(): string[] {
  const own = new Set(readdirSync('/proc/self/fd').map(fd => linkOf(`/proc/self/fd/${fd}`)));
  const all = readFileSync('/proc/net/unix', 'latin1').matchAll(/ (\d+) @(fapws-[0-9a-f]+)$/gm);
  return [...all].filter(([, inode]) => own.has(`socket:[${inode}]`)).map(([, , name]) => name as string);
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    // It was the one by which the folder was read.
    return '';
  }
}

/** Mebibytes of a process, with what it shares divided among those who share it. */
function proportionalSize(pid: number): number {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1');
  return Number(/^Pss: +(\d+) kB$/m.exec(text)?.[1]) / 1024;
}
