// The server under test of the slow layer, in a process of its own. It tells its parent where it listens, and what it holds
// when it is asked.

import { existsSync, readdirSync } from 'node:fs';
import { start } from '../src/index.ts';
import { application, Traces } from './applications.ts';
import { restingHeap } from './heap.ts';
import { strangeIn } from './log.ts';

/** What the server's process holds. */
export interface Holdings {
  readonly sockets: number;
  readonly descriptors: number;
  readonly running: number;
  readonly unclosed: number;
  readonly heap: number;
  /** The first line of the log that tells of a fault of the server's own. */
  readonly strange: string | null;
}

/** How long an application waits that waits for nothing in particular. Milliseconds. */
const WAITING = 150;

const traces = new Traces();
let log = '';
const server = start({
  host: '127.0.0.1',
  port: 0,
  // Short, so that whoever stays is seen to leave; the precision is half a second.
  timeouts: { head: 1, content: 1, idle: 1, write: 2, linger: 1 },
});
server.base({
  errors: {
    write(text) {
      log = (log + text).slice(-100_000);
    },
    writelines() {},
    flush() {},
  },
});
server.mount(
  '',
  application(traces, () => {}),
);
setInterval(() => traces.release(), WAITING);
await server.listen();
process.on('disconnect', () => process.exit());
process.on('message', () => void tell());
process.send?.({ url: server.url });

async function tell(): Promise<void> {
  const holdings: Holdings = {
    heap: await restingHeap(),
    sockets: process.getActiveResourcesInfo().filter(kind => kind === 'TCPSocketWrap').length,
    descriptors: existsSync('/proc/self/fd') ? readdirSync('/proc/self/fd').length : 0,
    running: traces.running,
    unclosed: traces.unclosed,
    strange: strangeIn(log),
  };
  process.send?.({ holdings });
}
