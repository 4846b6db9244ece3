// The server's own way from a request to its application, for connections in memory.

import { Base } from '../src/base/base.ts';
import { Dispatcher } from '../src/dispatch.ts';
import type { Application } from '../src/index.ts';
import { linkedOf } from '../src/options.ts';
import { RadixRouter } from '../src/router/radix.ts';

/** @param mounts applications by prefix; @param log gets what the server reports */
export function dispatching(
  mounts: Readonly<Record<string, Application>>,
  log: (text: string) => void = () => {},
): Dispatcher {
  const dispatcher = new Dispatcher(new RadixRouter());
  dispatcher.base = new Base({ errors: { write: log, writelines() {}, flush() {} } });
  for (const [prefix, application] of Object.entries(mounts)) {
    dispatcher.mount(prefix, linkedOf(application, {}, prefix));
  }
  return dispatcher;
}
