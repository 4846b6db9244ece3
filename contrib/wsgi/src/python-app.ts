// A Python application as an application of Fapws.

import type { Application, Environ, Result, StartResponse } from '@fapws/core';
import { answerUnstored, Contents } from './content.ts';
import { Development } from './development.ts';
import { type PythonOptions, settingsOf } from './options.ts';
import { Pool } from './pool.ts';
import { launcherOf } from './preload.ts';
import type { PythonStatus } from './status.ts';

/** To be mounted like any other application. */
export interface PythonApplication extends Application {
  /**
   * Resolves when the application is loaded, in all processes that are there from the beginning; rejects with a WorkerError
   * that has Python's traceback. It goes on trying all the same.
   */
  readonly ready: Promise<void>;
  /**
   * Starts new processes and, when all of them are ready, lets those from before finish what they have and end. If one of the
   * new ones can't load the application, those from before stay. A call while another one runs means one more afterwards.
   * @returns rejects with a WorkerError that has Python's traceback, which the log has too: who does not ask need not catch it
   */
  reload(): Promise<void>;
  /** The processes, what waits for them, and what became of those before. */
  status(): PythonStatus;
  /** Where each thread of each process is, as Python's faulthandler writes it; the log gets it too. */
  dump(): Promise<string>;
  /**
   * Lets all requests that are here be answered, refuses others with 503, and ends the processes: those that need longer than
   * `gracefulTimeout` are killed. They end by themselves with the process that has started them.
   * @returns when they have ended
   */
  close(): Promise<void>;
}

/**
 * Runs a Python WSGI application in processes of its own, which are started at once.
 * @param application `module:attribute`, or `module:factory()`
 * @throws {RangeError} for options that can't be meant
 */
export function pythonApp(application: string, options: PythonOptions = {}): PythonApplication {
  const settings = settingsOf(application, options);
  const pool = new Pool(settings, () => launcherOf(settings));
  const contents = new Contents(settings);
  let answer: Application = (environ, startResponse): Promise<Result> => {
    const content = pool.refuses ? null : contents.of(environ);
    if (!(content instanceof Promise)) return pool.call(environ, startResponse, content);
    return content.then(
      whole => pool.call(environ, startResponse, whole),
      error => answerUnstored(error, environ, startResponse),
    );
  };
  let development: Development | null = null;
  if (settings.reload !== null) {
    const latest = new Development(settings, pool);
    pool.readFiles = files => latest.read(files);
    development = latest;
    const loaded = answer;
    answer = (environ: Environ, startResponse: StartResponse) =>
      latest.answer(environ, startResponse, loaded);
  }
  return Object.assign(answer, {
    ready: pool.ready,
    reload: () => pool.reload(),
    status: () => pool.status(),
    dump: () => pool.dump(),
    close: () => {
      development?.close();
      return pool.close();
    },
  });
}
