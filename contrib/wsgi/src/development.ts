// Development mode (option reload): what answers a request is what the files say when it comes. It must not know how the
// application is loaded again, only when that has to happen.

import type { Application, Environ, Result, StartResponse } from '@fapws/core';
import { answerStartError } from './development-page.ts';
import type { WorkerSettings } from './options.ts';
import { type FileState, FileWatch } from './watch.ts';

/** Milliseconds in which files have to stay as they are before they are read: a switch of branches takes a while. */
const QUIET = 50;
const LONGEST_UNREST = 2000;
/**
 * Milliseconds after which a request tries again to load what could not be loaded, though no file was changed: what was missing
 * may have been a database.
 */
const AGAIN = 1000;
/** Changes that one request waits for. More of them means that loading the application changes its files. */
const MOST_ROUNDS = 4;

/** What loads the application. */
export interface Loader {
  /** The first time, which is under way. */
  readonly ready: Promise<void>;
  /** Once more; resolves when what was loaded answers. */
  reload(): Promise<void>;
  /** Why what is there can't answer: a process that took the place of another one may not have been able to load it. */
  readonly failure: Error | null;
}

export class Development {
  readonly #settings: WorkerSettings;
  readonly #loader: Loader;
  readonly #watch: FileWatch;
  /** The last attempt to load it: why that has failed, or null. */
  #attempt: Promise<Error | null>;
  #isLoading = true;
  #endedAt = 0;

  #isClosed = false;

  constructor(settings: WorkerSettings, loader: Loader) {
    this.#settings = settings;
    this.#loader = loader;
    this.#watch = new FileWatch([...(settings.reload?.paths ?? []), ...settings.envFiles], () => {
      // Loading it before it is asked for saves the next request the time.
      if (this.#isLoading) return;
      const changed = this.#watch.changed();
      if (changed !== null) this.#begin(changed);
    });
    this.#attempt = this.#outcome(loader.ready);
  }

  /** A process has read files. */
  read(files: readonly FileState[]): void {
    this.#watch.read(files);
  }

  /** Has a request answered by the application as it is now. */
  async answer(environ: Environ, startResponse: StartResponse, application: Application): Promise<Result> {
    const failure = this.#isClosed ? null : await this.#current();
    if (failure === null) return application(environ, startResponse);
    return answerStartError(
      this.#settings.application,
      failure,
      file => this.#watch.has(file),
      environ,
      startResponse,
    );
  }

  close(): void {
    this.#isClosed = true;
    this.#watch.close();
  }

  async #current(): Promise<Error | null> {
    for (let rounds = 0; ; ) {
      const attempt = this.#attempt;
      const failure = (await attempt) ?? this.#loader.failure;
      // Another request has found out meanwhile that it has to be loaded again.
      if (attempt !== this.#attempt) continue;
      const changed = this.#watch.changed();
      const isWorthIt = failure !== null && performance.now() - this.#endedAt > AGAIN;
      if (changed === null && !isWorthIt) return failure;
      if (rounds === MOST_ROUNDS) {
        if (changed !== null) this.#warnOf(changed);
        return failure;
      }
      rounds += 1;
      this.#begin(changed);
    }
  }

  #warnOf(changed: string): void {
    const { application, errors } = this.#settings;
    errors.write(
      `fapws: ${changed} has changed each time that ${application} was loaded. If that is what changes it, keep it ` +
        'out of reload.paths.\n',
    );
  }

  #begin(changed: string | null): void {
    const { application, errors } = this.#settings;
    const why = changed === null ? 'could not be loaded' : `has changed (${changed})`;
    errors.write(`fapws: ${application} ${why}: loading it again.\n`);
    this.#isLoading = true;
    const loading = this.#quiet().then(() => this.#loader.reload());
    // Why it could not be loaded is in the log already.
    const told = loading.then(() => errors.write(`fapws: ${application} is loaded.\n`));
    this.#attempt = this.#outcome(told);
  }

  /** Resolves when the files were left alone for a moment. What they are then is what is going to be read. */
  async #quiet(): Promise<void> {
    const late = performance.now() + LONGEST_UNREST;
    do {
      this.#watch.begin();
      await new Promise<void>(resolve => setTimeout(resolve, QUIET));
    } while (this.#watch.changed() !== null && performance.now() < late);
  }

  async #outcome(loading: Promise<unknown>): Promise<Error | null> {
    let failure: Error | null = null;
    try {
      await loading;
    } catch (error) {
      failure = error as Error;
    }
    // What a failed attempt has not read is where the way out may be.
    this.#watch.end(failure === null);
    this.#isLoading = false;
    this.#endedAt = performance.now();
    return failure;
  }
}
