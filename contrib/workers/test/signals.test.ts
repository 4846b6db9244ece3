// A primary as a process of its own: what its user sees, what signals do, and what becomes of workers without it.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { installed, isAlive, Program } from '@fapws/testing';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { SupervisorOptions } from '../src/index.ts';
import { primaryProgram, serverProgram } from './programs.ts';

vi.setConfig({ testTimeout: 60_000 });

const environment = (options: SupervisorOptions): NodeJS.ProcessEnv => ({
  FIXTURE_PROGRAM: serverProgram,
  FIXTURE_OPTIONS: JSON.stringify({ listen: { host: '127.0.0.1', port: 0 }, workers: 1, ...options }),
});

function started(options: SupervisorOptions = {}): Program {
  const program = new Program(process.execPath, [primaryProgram], environment(options));
  onTestFinished(() => program[Symbol.asyncDispose]());
  return program;
}

const bound = (): { signal: AbortSignal } => ({ signal: AbortSignal.timeout(30_000) });
const textAt = async (url: string): Promise<string> => (await fetch(url, bound())).text();
const workerAt = async (origin: string): Promise<number> => Number((await textAt(origin)).split(' ')[1]);

test('workers are started with the options of Node that the primary has, so they run from source as it does', async () => {
  const fixtures = join(import.meta.dirname, 'fixtures');
  const program = Program.fromSource(join(fixtures, 'primary.ts'), {
    ...environment({ args: ['--own'] }),
    FIXTURE_PROGRAM: join(fixtures, 'server.ts'),
  });
  onTestFinished(() => program[Symbol.asyncDispose]());
  expect(await textAt(`${await program.origin()}/arguments`)).toBe('--own');
  expect(await program.end('SIGTERM')).toBe(0);
});

test.each(['SIGTERM', 'SIGINT'] as const)(
  '%s stops in order: requests in progress are answered, exit code 0',
  async signal => {
    const program = started({ workers: 2 });
    expect((await program.prints(/^fapws: listening on (\S+) \((.*)\)$/m))[2]).toBe('2 workers');
    const origin = await program.origin();
    const slow = textAt(`${origin}/slow`);
    await textAt(origin);
    expect(await program.end(signal)).toBe(0);
    expect(await slow).toMatch(/^slow/);
    expect(program.output).toMatch(/the primary has stopped\n$/);
    expect(program.output).not.toContain('unexpected');
  },
);

test('a Ctrl-C, which reaches all processes of a terminal, is the primary alone to decide about', async () => {
  const program = new Program(process.execPath, [primaryProgram], environment({ workers: 2 }), {
    ownGroup: true,
  });
  onTestFinished(() => program[Symbol.asyncDispose]());
  const origin = await program.origin();
  const slow = textAt(`${origin}/slow`);
  await textAt(origin);
  expect(await program.end('SIGINT')).toBe(0);
  expect(await slow).toMatch(/^slow/);
  expect(program.output).toMatch(/workers\)\nthe primary has stopped\n$/);
});

test.each(['SIGQUIT', 'a second SIGTERM'])('%s cuts what is in progress', async way => {
  const program = started({ graceMs: 60_000 });
  const origin = await program.origin();
  const cut = expect(textAt(`${origin}/forever`)).rejects.toThrow();
  await textAt(origin);
  if (way === 'SIGQUIT') process.kill(program.pid, 'SIGQUIT');
  else {
    process.kill(program.pid, 'SIGTERM');
    // One that comes within half a second is the same one.
    await sleep(700);
    process.kill(program.pid, 'SIGTERM');
  }
  expect(await program.end()).toBe(0);
  await cut;
  expect(program.output).toContain('requests cut at the end of the grace period: 1');
});

test('a second SIGTERM that comes at once is the same one', async () => {
  const program = started();
  const origin = await program.origin();
  const slow = textAt(`${origin}/slow`);
  await textAt(origin);
  process.kill(program.pid, 'SIGTERM');
  process.kill(program.pid, 'SIGINT');
  expect(await program.end()).toBe(0);
  expect(await slow).toMatch(/^slow/);
});

test('SIGHUP and SIGUSR2 replace all workers, SIGTTIN and SIGTTOU change their number, SIGUSR1 reopens logs', async () => {
  const program = started();
  const origin = await program.origin();
  const first = await workerAt(origin);
  process.kill(program.pid, 'SIGHUP');
  await program.prints(/^fapws: rolling restart: done$/m);
  const second = await workerAt(origin);
  expect(second).not.toBe(first);
  process.kill(program.pid, 'SIGUSR2');
  await program.prints(/^fapws: rolling restart: done$/m, 2);
  expect(await workerAt(origin)).not.toBe(second);
  process.kill(program.pid, 'SIGTTIN');
  await program.prints(/^fapws: 2 workers: done$/m);
  process.kill(program.pid, 'SIGTTOU');
  await program.prints(/^fapws: 1 worker: done$/m);
  // One has to stay: nothing is done, and nothing said.
  process.kill(program.pid, 'SIGTTOU');
  process.kill(program.pid, 'SIGUSR1');
  await expect.poll(() => textAt(`${origin}/reopened`), { timeout: 20_000 }).toBe('SIGUSR1 SIGUSR2 ');
  expect(program.output.match(/ worker/g)).toHaveLength(3 + 2);
  expect(await program.end('SIGTERM')).toBe(0);
});

test('SIGTERM for a worker alone is answered by another one', async () => {
  const program = started();
  const origin = await program.origin();
  const first = await workerAt(origin);
  process.kill(first, 'SIGTERM');
  await expect.poll(() => workerAt(origin), { timeout: 20_000 }).not.toBe(first);
});

test('workers whose primary is killed finish what they do and end', async () => {
  const program = started();
  const origin = await program.origin();
  const slow = textAt(`${origin}/slow`);
  const pid = await workerAt(origin);
  await program.end('SIGKILL');
  expect(await slow).toMatch(/^slow/);
  await expect.poll(() => isAlive(pid), { timeout: 20_000 }).toBe(false);
  expect(program.output).toMatch(
    new RegExp(`^fapws: worker 1 \\(process ${pid}\\): its primary is gone, so it stops$`, 'm'),
  );
  await expect(fetch(origin, bound())).rejects.toThrow();
});

test('a process that a worker has started with its environment is none; one whose primary has gone does not serve', async () => {
  const assignment = { id: 1, sockets: 1, beatMs: 1000, maxRequests: 0, stop: { graceMs: 0, lameDuckMs: 0 } };
  const startedBy = (primary: number): Program => {
    const environmentOf = { FAPWS_WORKER: JSON.stringify({ ...assignment, primary }) };
    const program = new Program(process.execPath, [serverProgram], environmentOf);
    onTestFinished(() => program[Symbol.asyncDispose]());
    return program;
  };
  // A process that is there, and not its parent.
  const alone = startedBy(process.ppid);
  expect(await textAt(await alone.origin())).toBe(`0 ${alone.pid}`);
  // Beyond any number that a process has.
  const orphan = startedBy(2 ** 30);
  expect(await orphan.end()).toBe(1);
  expect(orphan.output).toContain('Worker 1 was started by process 1073741824, which is gone.');
});

test('a program that is broken ends the primary with exit code 1 and a sentence', async () => {
  const program = started({ env: { FIXTURE_START: 'throw' } });
  expect(await program.end()).toBe(1);
  expect(program.output).toContain('this program is broken');
  expect(program.output).toMatch(
    /WorkersError: worker 1 \(process \d+\) ended with exit code 1 before it served: see what/,
  );
});

test('a primary whose log nobody reads any more goes on', async () => {
  const child = spawn(process.execPath, [primaryProgram], {
    env: { PATH: process.env['PATH'], NODE_NO_WARNINGS: '1', ...environment({}) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [line] = (await once(createInterface({ input: child.stdout }), 'line', bound())) as [string];
  const origin = /http:\S+/.exec(line)?.[0] as string;
  child.stdout.destroy();
  child.stderr.destroy();
  const first = await workerAt(origin);
  process.kill(first, 'SIGKILL');
  await expect.poll(() => workerAt(origin), { timeout: 20_000 }).not.toBe(first);
  child.kill('SIGTERM');
  expect(await once(child, 'exit', bound())).toEqual([0, null]);
});

describe.runIf(installed('script', 'apt-get install bsdutils'))('in a terminal', () => {
  test('a terminal that is closed ends everything, although SIGHUP replaces workers otherwise', async () => {
    const command = [process.execPath, primaryProgram].map(word => `'${word}'`).join(' ');
    const terminal = new Program('script', ['-qfec', command, '/dev/null'], environment({}));
    onTestFinished(() => terminal[Symbol.asyncDispose]());
    const origin = (await terminal.origin()).trim();
    const processes = [await workerAt(origin), Number(await textAt(`${origin}/primary`))];
    await terminal.end('SIGKILL');
    await expect.poll(() => processes.filter(isAlive), { timeout: 20_000 }).toEqual([]);
  });
});
