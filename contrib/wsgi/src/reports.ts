// What the log and the channels of node:diagnostics_channel are told about the processes of an application.

import type { Call } from './call.ts';
import { type EndReason, tell } from './events.ts';
import type { WorkerSettings } from './options.ts';
import type { Worker, WorkerExit } from './worker.ts';

export class Reports {
  readonly #settings: WorkerSettings;

  constructor(settings: WorkerSettings) {
    this.#settings = settings;
  }

  ready(worker: Worker): void {
    const { application } = this.#settings;
    tell('fapws:wsgi.worker.ready', () => ({
      application,
      pid: worker.pid,
      seconds: (worker.readyAt - worker.startedAt) / 1000,
    }));
  }

  /** The application can't be loaded. The log is told with {@link attempt}: several processes find that out at the same time. */
  failed(worker: Worker, error: Error): void {
    const { application } = this.#settings;
    tell('fapws:wsgi.worker.failed', () => ({ application, pid: worker.pid, error }));
  }

  /** @param delay milliseconds until the next process is started; 0 for at once, or never */
  attempt(what: string, delay: number): void {
    this.#log(what);
    if (delay > 0) this.#log(`The next process is started in ${(delay / 1000).toFixed(2)} s.`);
  }

  retiring(worker: Worker, reason: EndReason, why: string): void {
    const { application } = this.#settings;
    tell('fapws:wsgi.worker.retiring', () => ({ application, pid: worker.pid, reason }));
    if (why !== '') this.#log(`${application}: python ${worker.pid} ${why} and is replaced.`);
  }

  exited(worker: Worker, { code, signal, lost, moved }: WorkerExit): void {
    const { application } = this.#settings;
    const reason = worker.ending as EndReason;
    tell('fapws:wsgi.worker.exited', () => ({
      application,
      pid: worker.pid,
      reason,
      code,
      signal,
      requests: worker.requests,
      lost,
      moved: moved.length,
    }));
    // How a crash came about is told with what is done about it.
    if (reason === 'crash' || lost === 0) return;
    this.#log(`${application}: requests lost with python ${worker.pid}: ${lost}.`);
  }

  /** @returns what has happened, in a sentence */
  crash({ reason, lost, moved }: WorkerExit): string {
    const parts = [`${this.#settings.application}: ${reason}`, `requests lost: ${lost}`];
    if (moved.length > 0) parts.push(`requests that go to another process: ${moved.length}`);
    return `${parts.join('; ')}.`;
  }

  /** @returns what has happened, in a sentence */
  stuck(worker: Worker, { environ }: Call, isFirst: boolean): string {
    const { application, requestTimeout } = this.#settings;
    const { REQUEST_METHOD: method, REQUEST_URI: target } = environ;
    tell('fapws:wsgi.worker.stuck', () => ({ application, pid: worker.pid, method, target }));
    const what = `python ${worker.pid} has given nothing to ${method} ${target} for ${requestTimeout} s (requestTimeout)`;
    this.#log(`${application}: ${what}${isFirst ? ' and is replaced. Its threads are at:' : '.'}`);
    return `${what}.`;
  }

  /** A stuck process has not told where its threads are. */
  silent(worker: Worker): void {
    const { application, dumpSignal } = this.#settings;
    const why = dumpSignal === '' ? 'dumpSignal is false' : `${dumpSignal} has another meaning to it`;
    this.#log(`${application}: python ${worker.pid} does not tell where: ${why}.`);
  }

  reloaded(error: Error | null): void {
    const { application, reload } = this.#settings;
    tell('fapws:wsgi.reload', () => ({ application, error }));
    if (error === null) return;
    // In development nobody has called it, and the page is about the error.
    this.#log(reload === null ? `reload() has changed nothing. ${error.message}` : error.message);
  }

  #log(line: string): void {
    this.#settings.errors.write(`fapws: ${line}\n`);
  }
}
