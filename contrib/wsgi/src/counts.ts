// What a pool counts from its start.

import type { EndReason } from './events.ts';
import type { Worker, WorkerExit } from './worker.ts';

export class Counts {
  /** Requests of processes that have ended. */
  past = 0;
  lost = 0;
  moved = 0;
  timedOut = 0;
  readonly ended: Partial<Record<EndReason, number>> = {};

  exited({ requests, ending }: Worker, { lost, moved }: WorkerExit): void {
    this.past += requests;
    this.lost += lost;
    this.moved += moved.length;
    const reason = ending as EndReason;
    this.ended[reason] = (this.ended[reason] ?? 0) + 1;
  }
}
