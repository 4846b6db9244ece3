// SIGTTIN and SIGTTOU with a Python application: a process more, a process less. The fronts have them, so these are replaced by
// ones that have another number of processes.

import type { Supervisor } from '@fapws/workers';
import { pythonProcessesOf } from './application/python-settings.ts';
import type { Settings } from './options/settings.ts';

export class Resizing implements Disposable {
  #count: number;
  readonly #step: number;
  readonly #supervisor: Supervisor;
  readonly #tell: (workers: number) => void;
  readonly #more = (): void => this.#change(this.#step);
  readonly #fewer = (): void => this.#change(-this.#step);

  /** @param tell has the processes that are started from now on know */
  constructor({ values }: Settings, supervisor: Supervisor, tell: (workers: number) => void) {
    this.#count = pythonProcessesOf(values).max;
    // Each front has as many as the others.
    this.#step = values.fronts;
    this.#supervisor = supervisor;
    this.#tell = tell;
    process.on('SIGTTIN', this.#more);
    process.on('SIGTTOU', this.#fewer);
  }

  [Symbol.dispose](): void {
    process.off('SIGTTIN', this.#more);
    process.off('SIGTTOU', this.#fewer);
  }

  #change(by: number): void {
    const count = this.#count + by;
    if (count < this.#step) return;
    this.#count = count;
    this.#tell(count);
    const what = `${count} Python process${count === 1 ? '' : 'es'}`;
    process.stderr.write(`fapws: ${what}\n`);
    this.#supervisor.restart().then(
      () => process.stderr.write(`fapws: ${what}: done\n`),
      (error: Error) => process.stderr.write(`fapws: ${what}: given up: ${error.message}\n`),
    );
  }
}
