// Whether memory returns: what is left on the heap after many cases, and whether that is more than before.

import { setTimeout as sleep } from 'node:timers/promises';

/** Octets per case that would still be noise of V8's own. A connection that stayed would be thousands. */
const NOISE = 150;
/** Looks before which caches still fill. */
const WARM_UP = 2;

export class HeapWatch {
  readonly #looks: { cases: number; octets: number }[] = [];

  async look(cases: number): Promise<void> {
    this.#looks.push({ cases, octets: await restingHeap() });
  }

  get #growth(): number {
    const first = this.#looks[WARM_UP];
    const last = this.#looks.at(-1);
    if (first === undefined || last === undefined || last.cases - first.cases < 4000) return 0;
    return (last.octets - first.octets) / (last.cases - first.cases);
  }

  get grows(): boolean {
    return this.#growth > NOISE;
  }

  get summary(): string {
    const megabytes = ((this.#looks.at(-1)?.octets ?? 0) / 1024 ** 2).toFixed(1);
    return `heap at rest ${megabytes} MiB, ${this.#growth.toFixed(1)} octets more per case`;
  }
}

/** Octets in use after garbage collection. Needs --expose-gc. */
export async function restingHeap(): Promise<number> {
  const { gc } = globalThis as { gc?: () => void };
  if (gc === undefined) throw new Error('start node with --expose-gc');
  for (let turn = 0; turn < 3; turn += 1) {
    await sleep(2);
    gc();
  }
  return process.memoryUsage().heapUsed;
}
