// What a process is told first: docs/worker-protocol.md, "The channel".

import { Buffer } from 'node:buffer';
import type { WorkerSettings } from './options.ts';

/** Where the workers that a fork server makes find the front, and how it knows them. */
export interface ForkServerAddress {
  readonly address: string;
  readonly token: string;
}

export function helloOf(settings: WorkerSettings, forkServer?: ForkServerAddress): Buffer {
  const { application, chdir, pythonpath, threads, dumpSignal, reload } = settings;
  // The server's own processes are another matter: it tells of them with each request.
  const environ =
    settings.workers.max > 1 ? { ...settings.environ, 'wsgi.multiprocess': true } : settings.environ;
  return Buffer.from(
    JSON.stringify({
      application,
      chdir,
      pythonpath,
      environ,
      threads,
      dumpSignal,
      files: reload !== null,
      forkServer,
    }),
  );
}
