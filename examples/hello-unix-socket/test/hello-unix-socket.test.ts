import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { Example, installed, type Program } from '@fapws/testing';
import { afterAll, expect, test, vi } from 'vitest';

// Processes are started here, maybe on a busy machine.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

const example = new Example(import.meta.dirname);
const folder = mkdtempSync(join(tmpdir(), 'fapws-unix-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function started(socket: string): Promise<Program> {
  const program = example.start({ SOCKET: socket });
  await program.prints(/listening on unix:/);
  return program;
}

async function ask(socketPath: string): Promise<string> {
  const asked = request({ socketPath, path: '/hello', signal: AbortSignal.timeout(10_000) }).end();
  const [response] = await once(asked, 'response');
  return text(response);
}

test.runIf(installed('curl'))('the README shows what comes out', async () => {
  const socket = join(folder, 'readme.sock');
  await using _program = await started(socket);
  const { shown, went } = await example.followReadme({ '/tmp/fapws-hello.sock': socket });
  expect(went).toBe(shown);
});

test('others may not open the socket, and it is removed when the server stops', async () => {
  const socket = join(folder, 'mode.sock');
  await using program = await started(socket);
  expect(statSync(socket).mode & 0o777).toBe(0o660);
  expect(await program.end('SIGTERM')).toBe(0);
  expect(existsSync(socket)).toBe(false);
});

test('what a killed server left behind is replaced, what is in use is not', async () => {
  const socket = join(folder, 'stale.sock');
  await using killed = await started(socket);
  await killed.end('SIGKILL');
  expect(existsSync(socket)).toBe(true);
  await using _program = await started(socket);
  await using third = example.start({ SOCKET: socket });
  expect(await third.end()).toBe(1);
  expect(third.output).toContain('Another server answers on');
  expect(await ask(socket)).toBe('Hello World!!\n');
});

test.runIf(process.platform === 'linux')('an abstract name needs no file', async () => {
  const name = `fapws-example-${process.pid}`;
  await using _program = await started(`@${name}`);
  expect(await ask(`\0${name}`)).toBe('Hello World!!\n');
});
