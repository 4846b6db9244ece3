// The whole in one call: the same file is the primary's and the workers' program.

import type { InheritedAddress, Server } from '@fapws/core';
import type { SupervisorOptions } from './options.ts';
import { type SuperviseRunOptions, supervise } from './supervisor.ts';
import { inherited, run, workerId } from './worker.ts';

/** One server, or several that belong together. */
export type Served = Server | readonly Server[];

/**
 * Serves by several processes of the program that calls this. The first process opens the sockets and becomes the primary; in
 * each worker `serve` is called with what it inherits, and its servers are run.
 *
 * What stands before the call happens in all processes. Resolves in each of them when it has stopped.
 *
 * @throws {ListenError} or {WorkersError} when it can't begin; see `Supervisor.start`
 */
export async function workers(
  options: SupervisorOptions & SuperviseRunOptions,
  serve: (sockets: InheritedAddress[]) => Served | Promise<Served>,
): Promise<void> {
  if (workerId() > 0) {
    await run(await serve(inherited()));
    return;
  }
  const { signals, print, ...supervised } = options;
  const program = process.argv[1] as string;
  await supervise(program, { args: process.argv.slice(2), ...supervised }).run({ signals, print });
}
