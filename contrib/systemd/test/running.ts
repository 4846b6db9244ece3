// A program that a test runs: its lines as they come, and waits that have a bound. It is killed when the test is over.

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { runFromSource } from '@fapws/testing';
import { onTestFinished } from 'vitest';

/** Starting a process with TypeScript in it takes a second or so, more on a busy machine. Milliseconds. */
const BOUND = 20_000;

interface Line {
  readonly text: string;
  /** When it came, by `performance.now()`. */
  readonly at: number;
}

export class Running {
  readonly child: ChildProcess;
  readonly lines: Line[] = [];
  stderr = '';
  /** Its exit code, or the signal that ended it. */
  ended: number | string | null = null;
  readonly #watchers = new Set<() => void>();

  constructor(command: readonly string[], environment: NodeJS.ProcessEnv = process.env) {
    const [program, ...parameters] = command as [string, ...string[]];
    this.child = spawn(program, parameters, { stdio: ['ignore', 'pipe', 'pipe'], env: environment });
    createInterface({ input: this.child.stdout as NodeJS.ReadableStream }).on('line', text => {
      this.lines.push({ text, at: performance.now() });
      this.#changed();
    });
    this.child.stderr?.on('data', (text: Buffer) => {
      this.stderr += text.toString();
      this.#changed();
    });
    this.child.on('close', (code, signal) => {
      this.ended = code ?? signal;
      this.#changed();
    });
    onTestFinished(() => {
      this.child.kill('SIGKILL');
    });
  }

  get texts(): string[] {
    return this.lines.map(line => line.text);
  }

  async until(what: string, holds: () => boolean): Promise<void> {
    if (holds()) return;
    await new Promise<void>((resolve, reject) => {
      const look = (): void => {
        if (!holds()) return;
        clearTimeout(timer);
        this.#watchers.delete(look);
        resolve();
      };
      const timer = setTimeout(() => {
        this.#watchers.delete(look);
        reject(new Error(`not within ${BOUND} ms: ${what}\n${this.texts.join('\n')}\n${this.stderr}`));
      }, BOUND);
      this.#watchers.add(look);
    });
  }

  untilLine(text: string): Promise<void> {
    return this.until(`the line ${text}`, () => this.texts.includes(text));
  }

  async untilEnded(): Promise<number | string> {
    await this.until('it has ended', () => this.ended !== null);
    return this.ended as number | string;
  }

  #changed(): void {
    for (const look of [...this.#watchers]) look();
  }
}

/** The command that runs a file of `fixtures/`. */
export function fixture(name: string, ...parameters: string[]): string[] {
  return [process.execPath, ...runFromSource, join(import.meta.dirname, 'fixtures', name), ...parameters];
}

/** A folder of this test's own. */
export function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'fapws-systemd-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** A port that nobody listened on a moment ago, for programs that can't choose one themselves. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise(resolve => server.close(resolve));
  return port;
}
