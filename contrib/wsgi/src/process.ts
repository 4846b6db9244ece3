// The process of a worker: how Python is started, and what it prints. It must not know what passes on the channel.

import { type ChildProcess, spawn } from 'node:child_process';
import type { Duplex, Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { ErrorStream } from '@fapws/core';
import type { WorkerSettings } from './options.ts';

const program: string = fileURLToPath(new URL('../python/fapws_worker', import.meta.url));

/** Descriptor 3 of the child: a pair of sockets, of which nothing is on the disk. */
const CHANNEL = 3;

/** Starts Python. @returns the process, and the channel to it; null if it could not be started, which 'error' tells */
export function spawnWorker(settings: WorkerSettings): { child: ChildProcess; channel: Duplex | null } {
  const child = spawn(settings.python, ['-u', program], {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...settings.processEnvironment },
  });
  return { child, channel: child.pid === undefined ? null : (child.stdio[CHANNEL] as Duplex) };
}

/** Longest line that is kept together: a program that prints no line feed must not fill the memory. */
const LONGEST_LINE = 65_536;

/** Hands on what a process prints, line by line. */
export function logLines(
  stream: Readable,
  prefix: string,
  errors: ErrorStream,
  seen?: (line: string) => void,
): void {
  let rest = '';
  const log = (line: string): void => {
    seen?.(line);
    errors.write(`${prefix}${line}\n`);
  };
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() as string;
    for (const line of lines) log(line);
    if (rest.length > LONGEST_LINE) {
      log(rest);
      rest = '';
    }
  });
  stream.on('end', () => {
    if (rest !== '') log(rest);
  });
  // A pipe that breaks has nothing more to tell; that the process ended is told by the process.
  stream.on('error', () => {});
}
