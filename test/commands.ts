// Running the tools that a developer or a user runs, from the tests of the repository itself.

import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';

/** The repository. */
export const root: string = resolve(import.meta.dirname, '..');

/** Nothing of a copy needs them, and they are large. */
const leftOut = new Set(['node_modules', 'dist', 'build', '.git', '.turbo']);

/** A copy of the repository as it is checked out, without dependencies, for whoever removes it. */
export function copyOfRepository(name: string): string {
  const copy = realpathSync(mkdtempSync(join(tmpdir(), `fapws-${name}-`)));
  cpSync(root, copy, {
    recursive: true,
    filter: path => !leftOut.has(basename(path)) && path !== join(root, 'bench'),
  });
  return copy;
}

/** The compiler and type checker of the repository, for other folders: `run(process.execPath, [tsc, '-p', …], folder)`. */
export const tsc: string = join(root, 'node_modules/typescript/bin/tsc');

/** What a finished command left. `output` is standard output and error as they came. */
export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly output: string;
}

/**
 * Runs a command to its end, without standard input and without what pnpm, npm and vitest tell their own children.
 *
 * @param timeout milliseconds after which the command is killed; its code is then `null`
 */
export function run(
  command: string,
  args: readonly string[],
  folder: string,
  timeout = 90_000,
): Promise<Outcome> {
  return new Promise((done, failed) => {
    const child = spawn(command, args, {
      cwd: folder,
      env: cleanEnvironment(),
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout,
      shell: process.platform === 'win32',
    });
    let stdout = '';
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      output += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    child.on('error', failed);
    child.on('close', code => done({ code, stdout, output }));
  });
}

/** As {@link run}, for commands that must succeed: anything else is an error that shows what the command said. */
export async function succeed(command: string, args: readonly string[], folder: string): Promise<string> {
  const { code, stdout, output } = await run(command, args, folder);
  if (code !== 0)
    throw new Error(`${command} ${args.join(' ')} in ${folder} exited with ${code}:\n${output}`);
  return stdout;
}

/** pnpm, which must succeed: the one that started the tests, or else the one of the README's commands. */
export function pnpm(args: readonly string[], folder: string): Promise<string> {
  const started = process.env['npm_config_user_agent']?.startsWith('pnpm/');
  return started ? succeed('pnpm', args, folder) : succeed('npx', ['-y', 'pnpm@12', ...args], folder);
}

/** The environment without what pnpm, npm and vitest tell their own children. */
export function cleanEnvironment(): NodeJS.ProcessEnv {
  const environment: NodeJS.ProcessEnv = { ...process.env, CI: 'true', NO_COLOR: '1' };
  for (const name of Object.keys(environment)) {
    if (
      /^npm_(command|config_user_agent|execpath|lifecycle|node_execpath|package)|^VITEST|^NODE_ENV$/.test(
        name,
      )
    ) {
      delete environment[name];
    }
  }
  delete environment['FAPWS_TEST_REPORTS'];
  return environment;
}
