// The process of a worker: how Python is started, what it prints, how it ends. It must not know what passes on the channel.

import { type ChildProcess, spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import type { Duplex, Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { ErrorStream } from '@fapws/core';
import { readEnvFiles } from './env-file.ts';
import type { WorkerSettings } from './options.ts';

/** What becomes of a process. Nothing is told before the call that has started it has returned. */
export interface ProcessWatcher {
  /** It runs, and what is written to the channel reaches it. */
  started(channel: Socket): void;
  /** A line that it has printed on standard error; the log has it already. */
  line(line: string): void;
  /** It could not be started, for this reason. Nothing more is told. */
  failed(why: string): void;
  /** It is gone. All that it has sent and printed was told before. */
  exited(code: number | null, signal: NodeJS.Signals | null): void;
}

/** A Python process as its owner sees it, whoever has started it. */
export interface WorkerProcess {
  /** undefined before it runs. */
  readonly pid: number | undefined;
  /** One that does not run yet is given up: `exited` follows. */
  kill(signal: NodeJS.Signals): void;
  /** Lets it keep this process alive, which it does not by itself. The channel is a matter of its own. */
  ref(): void;
  unref(): void;
}

/** Starts the processes of one generation of workers: all of them run the same code with the same environment. */
export interface Launcher {
  launch(watcher: ProcessWatcher): WorkerProcess;
  /** Nothing more is to be started. To be called when its processes are gone. */
  close(): void;
}

/** A launcher whose processes load the application each for itself. */
export function spawning(settings: WorkerSettings): Launcher {
  const environment = environmentOf(settings);
  return {
    launch(watcher) {
      if (typeof environment !== 'string')
        return new SpawnedProcess(settings.python, environment, settings.errors, watcher);
      process.nextTick(() => watcher.failed(environment));
      return noProcess;
    },
    close: () => {},
  };
}

/** The environment of one generation's processes; a sentence when it can't be read. */
function environmentOf({ envFiles, processEnvironment }: WorkerSettings): NodeJS.ProcessEnv | string {
  try {
    return { ...readEnvFiles(envFiles), ...process.env, ...processEnvironment };
  } catch (error) {
    return (error as Error).message;
  }
}

const noProcess: WorkerProcess = { pid: undefined, kill: () => {}, ref: () => {}, unref: () => {} };

const program: string = fileURLToPath(new URL('../python/fapws_worker', import.meta.url));

/** Descriptor 3 of the child: a pair of sockets, of which nothing is on the disk. */
const CHANNEL = 3;
/** Milliseconds for what is still on its way here after a process is gone, or held open by processes that it has started. */
export const LAST_WORDS = 1000;

class SpawnedProcess implements WorkerProcess {
  readonly #child: ChildProcess;

  constructor(python: string, environment: NodeJS.ProcessEnv, errors: ErrorStream, watcher: ProcessWatcher) {
    const child = spawn(python, ['-u', program], {
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
      env: environment,
    });
    this.#child = child;
    child.on('error', error => {
      // With a process there is, it is only that a signal did not reach it.
      if (child.pid === undefined) watcher.failed(reasonOf(error, python));
    });
    if (child.pid === undefined) return;
    const stdout = child.stdout as Socket;
    const stderr = child.stderr as Socket;
    const channel = child.stdio[CHANNEL] as Duplex as Socket;
    const prefix = `python ${child.pid}: `;
    logLines(stdout, prefix, errors);
    logLines(stderr, prefix, errors, line => watcher.line(line));
    child.once('exit', () => {
      const late = setTimeout(() => {
        for (const stream of [stdout, stderr, channel]) stream.destroy();
      }, LAST_WORDS);
      child.once('close', () => clearTimeout(late));
    });
    child.once('close', (code, signal) => watcher.exited(code, signal));
    // A process that only waits for requests must not keep this one from ending; it ends when this one does.
    child.unref();
    for (const stream of [stdout, stderr]) stream.unref();
    process.nextTick(() => watcher.started(channel));
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  ref(): void {
    this.#child.ref();
  }

  unref(): void {
    this.#child.unref();
  }
}

function reasonOf(error: NodeJS.ErrnoException, python: string): string {
  if (error.code !== 'ENOENT') return error.message;
  return `There is no ${python}. Install Python 3.8 or later, or say where it is with the option python or venv.`;
}

/** How a process ended, in a sentence without its full stop. */
export function exitReason(
  pid: number | undefined,
  code: number | null,
  signal: NodeJS.Signals | null,
  lastLine: string | undefined,
): string {
  const how = signal !== null ? `was ended by ${signal}` : `ended with exit code ${code}`;
  return `${pid === undefined ? 'The process' : `python ${pid}`} ${how}${lastLine === undefined ? '' : `; it printed last: ${lastLine}`}`;
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
