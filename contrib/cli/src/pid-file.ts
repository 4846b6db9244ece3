// The file with the number of the process that is to be signalled.

import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { UsageError } from './errors.ts';
import type { Settings } from './options/settings.ts';

export class PidFile implements Disposable {
  readonly #path: string | null;

  private constructor(path: string | null) {
    this.#path = path;
  }

  /** Writes it, if one was asked for. @throws {UsageError} when it can't be written, or its process is alive */
  static of({ values, origins }: Settings): PidFile {
    if (values.pidFile === undefined) return new PidFile(null);
    const path = resolve(values.pidFile);
    const other = processIn(path);
    if (other !== null && other !== process.pid && isAlive(other)) {
      throw new UsageError(
        `${origins.pidFile}: ${path} says that process ${other} is running.`,
        'Stop that one, or remove the file if it is another program.',
      );
    }
    try {
      writeFileSync(path, `${process.pid}\n`);
    } catch (error) {
      throw new UsageError(
        `${origins.pidFile}: ${path} can't be written (${(error as NodeJS.ErrnoException).code}).`,
        'Choose a file in a folder that this user may write.',
      );
    }
    return new PidFile(path);
  }

  /** Removes it, unless another process has taken it. */
  [Symbol.dispose](): void {
    if (this.#path !== null && processIn(this.#path) === process.pid) rmSync(this.#path, { force: true });
  }
}

function processIn(path: string): number | null {
  try {
    const number = Number(readFileSync(path, 'utf8').trim());
    return Number.isInteger(number) && number > 0 ? number : null;
  } catch {
    // Not there, or not readable: then it can't be written either, which is said.
    return null;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
