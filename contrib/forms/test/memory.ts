// What is still held of memory, without the garbage.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Octets of objects and of buffers that somebody still holds. */
export function held(): number {
  collectGarbage();
  // The first one leaves buffers to a thread, which the second one waits for.
  collectGarbage();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
