// Processes that are started together and begin to answer together, or not at all: for reload().

import type { Call } from './call.ts';
import { Deferred } from './deferred.ts';
import { WorkerError } from './errors.ts';
import type { WorkerSettings } from './options.ts';
import type { Launcher } from './process.ts';
import type { FileState } from './watch.ts';
import { Worker, type WorkerExit, type WorkerOwner } from './worker.ts';

export class Generation implements WorkerOwner {
  readonly launcher: Launcher;
  readonly #files: (files: readonly FileState[]) => void;
  readonly #workers = new Set<Worker>();
  #missing: number;
  #failure: WorkerError | null = null;
  readonly #loaded = new Deferred<readonly Worker[]>();

  constructor(
    settings: WorkerSettings,
    launcher: Launcher,
    count: number,
    files: (files: readonly FileState[]) => void,
  ) {
    this.launcher = launcher;
    this.#files = files;
    this.#missing = count;
    for (let at = 0; at < count; at += 1) this.#workers.add(new Worker(settings, launcher, this, true));
  }

  /** Resolves when all are ready; rejects when one of them has failed, and the others are gone too. */
  get loaded(): Promise<readonly Worker[]> {
    return this.#loaded.promise;
  }

  /** Gives it up. */
  cancel(error: WorkerError): void {
    this.#failure ??= error;
    for (const worker of this.#workers) worker.end('close', 0);
    this.#settle();
  }

  /** WorkerOwner. */
  onReady(): void {
    this.#missing -= 1;
    if (this.#missing === 0 && this.#failure === null) this.#loaded.resolve([...this.#workers]);
  }

  /** WorkerOwner. */
  onFailed(_worker: Worker, error: WorkerError): void {
    this.cancel(error);
  }

  /** WorkerOwner. */
  onExited(worker: Worker, { reason }: WorkerExit): void {
    this.#workers.delete(worker);
    // One that was ready and ends before the others are.
    if (this.#failure === null) this.cancel(new WorkerError('FAPWS_WSGI_START', `${reason}.`));
    else this.#settle();
  }

  /** WorkerOwner. */
  onFiles(files: readonly FileState[]): void {
    this.#files(files);
  }

  /** WorkerOwner. They have no requests yet. */
  onFree(): void {}

  /** WorkerOwner. */
  onStuck(_worker: Worker, _call: Call): void {}

  #settle(): void {
    if (this.#failure === null || this.#workers.size > 0) return;
    this.launcher.close();
    this.#loaded.reject(this.#failure);
  }
}
