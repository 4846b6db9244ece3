// Who gets the next request.

import type { Worker } from './worker.ts';

/** HOT. The worker with the fewest requests; null if none has room. Of equals the first, so that the last ones can be idle. */
export function leastBusy(workers: readonly Worker[]): Worker | null {
  let found: Worker | null = null;
  let least = Number.POSITIVE_INFINITY;
  for (let at = 0; at < workers.length; at += 1) {
    const worker = workers[at] as Worker;
    const { inFlight } = worker;
    if (inFlight >= least || !worker.hasRoom) continue;
    found = worker;
    least = inFlight;
  }
  return found;
}
