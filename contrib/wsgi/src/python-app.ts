// A Python application as an application of Fapws.

import type { Application, Environ, Result, StartResponse } from '@fapws/core';
import { type PythonOptions, settingsOf, type WorkerSettings } from './options.ts';
import { spawning } from './process.ts';
import { Worker } from './worker.ts';

/** To be mounted like any other application. */
export interface PythonApplication extends Application {
  /** The process that answers. */
  readonly worker: Worker;
  /** Resolves when the application is loaded; rejects with a WorkerError that has Python's traceback. */
  readonly ready: Promise<void>;
  /** Lets the process finish what it has begun, and end. It ends by itself with the process that has started it. */
  close(): Promise<void>;
}

/**
 * Runs a Python WSGI application in a process of its own, which is started at once.
 * @param application `module:attribute`, or `module:factory()`
 * @throws {RangeError} for options that can't be meant
 */
export function pythonApp(application: string, options: PythonOptions = {}): PythonApplication {
  const settings = settingsOf(application, options);
  const worker = new Worker(settings, spawning(settings));
  const ready = new Promise<void>((resolve, reject) => {
    worker.once('ready', resolve);
    worker.once('failed', error => {
      settings.errors.write(`fapws: ${error.message}\n`);
      reject(error);
    });
  });
  // Who does not ask has it in the log, and gets it as the answer to every request.
  ready.catch(() => {});
  worker.once('exited', ({ reason, code }) => {
    if (code !== 0 && worker.failure === null) settings.errors.write(`fapws: ${application}: ${reason}\n`);
  });
  const answer = (environ: Environ, startResponse: StartResponse): Promise<Result> => {
    const length = environ.CONTENT_LENGTH;
    if ((length === undefined || length === '0') && environ['HTTP_TRANSFER_ENCODING'] === undefined) {
      return worker.call(environ, startResponse, null);
    }
    if (streams(environ, length, settings)) return worker.call(environ, startResponse, undefined);
    return gathered(worker, environ, startResponse);
  };
  return Object.assign(answer, { worker, ready, close: () => worker.close() });
}

/** With Expect the application decides, by reading, whether the client is to send anything. */
function streams(environ: Environ, length: string | undefined, settings: WorkerSettings): boolean {
  return (
    length === undefined || Number(length) > settings.inlineContent || environ['HTTP_EXPECT'] !== undefined
  );
}

/** A slow sender of a little content does not occupy the worker: it sees the request when all is there. */
async function gathered(worker: Worker, environ: Environ, startResponse: StartResponse): Promise<Result> {
  return worker.call(environ, startResponse, await environ['wsgi.input'].read());
}
