// The command as its users run it: a process of its own, from its sources.

import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Program, runFromSource } from '@fapws/testing';

const bin: string = join(import.meta.dirname, '../src/bin.ts');

/** The arguments of Node that run it. */
export const command: readonly string[] = [...runFromSource, bin];

export interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly folder?: string;
  readonly environment?: NodeJS.ProcessEnv;
  /** Who runs it. */
  readonly uid?: number;
}

/** Runs it to its end, which has to come within a minute. */
export function fapws(args: readonly string[], { folder, environment, uid }: RunOptions = {}): Promise<Run> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...command, ...args], {
      cwd: folder,
      env: { PATH: process.env['PATH'], NODE_NO_WARNINGS: '1', ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 60_000,
      ...(uid === undefined ? {} : { uid }),
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.on('error', reject);
    child.on('close', code => resolve({ code, stdout, stderr }));
  });
}

/** Starts it as a server. The default address is any free port. */
export function serving(args: readonly string[], { folder, environment }: RunOptions = {}): Program {
  return new Program(
    process.execPath,
    [...command, ...args],
    { FAPWS_BIND: '127.0.0.1:0', ...environment },
    {
      ...(folder === undefined ? {} : { folder }),
    },
  );
}

/** A user's folder, with files. */
export class Project implements Disposable {
  readonly folder: string = realpathSync(mkdtempSync(join(tmpdir(), 'fapws-cli-')));

  constructor(files: Readonly<Record<string, string>> = {}) {
    this.write('package.json', '{ "type": "module" }\n');
    for (const [name, text] of Object.entries(files)) this.write(name, text);
  }

  /** @returns its path */
  write(name: string, text: string): string {
    const path = join(this.folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    return path;
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
