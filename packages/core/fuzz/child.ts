// The server under test of the slow layer, in a process of its own. It tells its parent where it listens, and what it holds
// when it is asked.

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Address, type Server, start } from '../src/index.ts';
import { application } from './applications.ts';
import { restingHeap } from './heap.ts';
import { Traces } from './kind.ts';
import { strangeIn } from './log.ts';

/** What the server's process holds. */
export interface Holdings {
  readonly sockets: number;
  readonly descriptors: number;
  readonly running: number;
  readonly unclosed: number;
  /** Servers that have not come to the end of their stop. */
  readonly stopping: number;
  readonly heap: number;
  /** The first line of the log that tells of a fault of the server's own. */
  readonly strange: string | null;
}

/** How long a stop lets requests finish. Milliseconds. */
const GRACE = 10_000;

/** How long an application waits that waits for nothing in particular. Milliseconds. */
const WAITING = 150;

// Node opens it when it is first asked for, which would look like a socket that is left.
void process.stderr;
const traces = new Traces();
let log = '';
/** Where unix sockets may be made. */
const folder = process.argv[2] as string;
let opened = 0;
let stopping = 0;
let server = await open();

async function open(): Promise<Server> {
  opened += 1;
  const addresses: Address[] = [{ host: '127.0.0.1', port: 0 }, { path: join(folder, `${opened}.sock`) }];
  // Short, so that whoever stays is seen to leave; the precision is half a second.
  const made = start(addresses, { timeouts: { head: 1, content: 1, idle: 1, write: 2, linger: 1 } });
  made.base({
    errors: {
      write(text) {
        log = (log + text).slice(-100_000);
      },
      writelines() {},
      flush() {},
    },
  });
  made.mount(
    '',
    application(traces, () => {}),
  );
  await made.listen();
  return made;
}

/** The server stops while it has clients, and another one takes its place. */
async function replace(): Promise<void> {
  stopping += 1;
  void server.stop({ graceMs: GRACE }).then(() => {
    stopping -= 1;
  });
  server = await open();
  process.send?.({ addresses: server.addresses });
}

setInterval(() => traces.release(), WAITING);
process.on('disconnect', () => process.exit());
process.on('message', message => void (message === 'replace' ? replace() : tell()));
process.send?.({ addresses: server.addresses });

async function tell(): Promise<void> {
  const holdings: Holdings = {
    heap: await restingHeap(),
    sockets: process.getActiveResourcesInfo().filter(kind => kind === 'TCPSocketWrap' || kind === 'PipeWrap')
      .length,
    descriptors: existsSync('/proc/self/fd') ? readdirSync('/proc/self/fd').length : 0,
    running: traces.running,
    unclosed: traces.unclosed,
    stopping,
    strange: strangeIn(log),
  };
  process.send?.({ holdings });
}
