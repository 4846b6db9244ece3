import { expect, test } from 'vitest';
import { isAlive, Program, run } from '../src/index.ts';

const node = (script: string): Program => new Program(process.execPath, ['-e', script]);

test('what a program prints is waited for, as often as it is wanted', async () => {
  await using program = node("let n = 0; setInterval(() => console.log('tick', ++n), 10)");
  expect((await program.prints(/tick (\d+)/, 3))[1]).toBe('1');
  expect(program.output).toMatch(/tick 3/);
});

test('a program that ends without saying it, or that says it too late, is an error that shows what it said', async () => {
  await using short = node("console.error('why')");
  await expect(short.prints(/never/)).rejects.toThrow(/ended before \/never\/:\nwhy/);
  await using silent = node('setInterval(() => {}, 1000)');
  await expect(silent.prints(/never/, 1, 0.1)).rejects.toThrow('did not print /never/ in 0.1 s');
});

test('it ends with its code, or with null after a signal or when there is no such program', async () => {
  await using failing = node('process.exitCode = 3');
  expect(await failing.end()).toBe(3);
  await using running = node('setInterval(() => {}, 1000)');
  expect(await running.end('SIGKILL')).toBe(null);
  await using missing = new Program('no-such-program', []);
  expect(await missing.end()).toBe(null);
  expect(missing.output).toContain('ENOENT');
});

test('a program is run to its end', () => {
  expect(run(process.execPath, ['-e', "console.log('out'); process.exitCode = 2"])).toEqual({
    code: 2,
    output: 'out\n',
  });
  expect(run('no-such-program', []).code).toBe(null);
});

test('a signal for a group reaches what the program has started', async () => {
  const child = "console.log('child'); setInterval(() => {}, 1000)";
  const parent = `require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(child)}], { stdio: 'inherit' });
    process.on('SIGTERM', () => {}); setInterval(() => {}, 1000)`;
  await using program = new Program(process.execPath, ['-e', parent], {}, { ownGroup: true });
  await program.prints(/child/);
  // The child has the same output: it is not over before both have ended.
  expect(await program.end('SIGKILL')).toBe(null);
});

test('a process is alive until it has ended, also one that nobody has waited for', async () => {
  const program = new Program(process.execPath, ['-e', 'console.log("up"); setInterval(() => {}, 1000)']);
  await program.prints(/up/);
  expect(isAlive(program.pid)).toBe(true);
  await program.end('SIGKILL');
  expect(isAlive(program.pid)).toBe(false);
  // Its child has become a zombie when this is printed: it is the parent's loop that would look after it.
  await using parent = new Program('sh', ['-c', 'sleep 0.1 & echo $!; exec sleep 30']);
  const child = Number((await parent.prints(/\d+/))[0]);
  await expect.poll(() => isAlive(child)).toBe(false);
});
