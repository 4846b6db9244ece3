// When a process that does its work is replaced all the same: by age, by what it has done and by the memory that it takes.

import type { EndReason } from './events.ts';
import { residentOf } from './memory.ts';
import { jittered, type SupervisionSettings } from './supervision-options.ts';
import type { Worker } from './worker.ts';

/** How often in a row a process has to be found above `maxMemory`: what one request takes and gives back is no leak. */
const SAMPLES = 2;

/** A process that is to be replaced. */
export interface Worn {
  readonly worker: Worker;
  readonly reason: EndReason;
  /** For the log. */
  readonly why: string;
}

interface Limits {
  readonly requests: number;
  /** Milliseconds. */
  readonly lifetime: number;
  /** How often it was found above `maxMemory`. */
  samples: number;
  /** Octets at the last look. */
  resident: number;
}

export class Recycling {
  readonly #settings: SupervisionSettings;
  readonly #limits = new WeakMap<Worker, Limits>();

  constructor(settings: SupervisionSettings) {
    this.#settings = settings;
  }

  /** Whether there is anything to look at from time to time. */
  get isWanted(): boolean {
    const { maxRequests, maxLifetime, maxMemory } = this.#settings;
    return Math.min(maxRequests, maxLifetime, maxMemory) !== Number.POSITIVE_INFINITY;
  }

  /** The first one that has reached a limit; null if none has. */
  worn(workers: readonly Worker[], now: number): Worn | null {
    for (const worker of workers) {
      const limits = this.#limitsOf(worker);
      if (worker.requests >= limits.requests) {
        return { worker, reason: 'maxRequests', why: `has had ${worker.requests} requests (maxRequests)` };
      }
      const lifetime = now - worker.readyAt;
      if (lifetime >= limits.lifetime) {
        const seconds = Math.round(lifetime / 1000);
        return { worker, reason: 'maxLifetime', why: `is ${seconds} s old (maxLifetime)` };
      }
      if (limits.samples >= SAMPLES) {
        const megabytes = Math.round(limits.resident / 1_048_576);
        return { worker, reason: 'maxMemory', why: `has ${megabytes} MB resident (maxMemory)` };
      }
    }
    return null;
  }

  /** Looks at how much memory each has. */
  async sample(workers: readonly Worker[]): Promise<void> {
    const { maxMemory } = this.#settings;
    if (maxMemory === Number.POSITIVE_INFINITY) return;
    const pids: number[] = [];
    for (const { pid } of workers) if (pid !== undefined) pids.push(pid);
    const resident = await residentOf(pids);
    for (const worker of workers) {
      const limits = this.#limitsOf(worker);
      limits.resident = resident.get(worker.pid ?? 0) ?? 0;
      limits.samples = limits.resident > maxMemory ? limits.samples + 1 : 0;
    }
  }

  #limitsOf(worker: Worker): Limits {
    let limits = this.#limits.get(worker);
    if (limits === undefined) {
      const { maxRequests, maxRequestsJitter, maxLifetime, maxLifetimeJitter } = this.#settings;
      limits = {
        requests: Math.max(1, Math.round(jittered(maxRequests, maxRequestsJitter))),
        lifetime: jittered(maxLifetime, maxLifetimeJitter) * 1000,
        samples: 0,
        resident: 0,
      };
      this.#limits.set(worker, limits);
    }
    return limits;
  }
}
