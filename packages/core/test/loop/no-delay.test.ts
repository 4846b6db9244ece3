// TCP_NODELAY. The kernel's word on it can't be had from Node, and what its absence costs (40 ms now and then) is no test: so
// what Node is told is looked at, on the handle that every accepted connection has.

import { connect, createServer } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import { PortableLoop } from '../../src/loop/portable.ts';
import { sharedParser } from '../../src/parser/parser.ts';
import { Arrivals } from './recorder.ts';
import { within } from './watched.ts';

interface Handle {
  setNoDelay(on: boolean): number;
}

/** What all handles of TCP sockets have in common. */
async function handles(): Promise<Handle> {
  const server = createServer();
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { _handle } = server as unknown as { _handle: Handle };
  server.close();
  return Object.getPrototypeOf(_handle) as Handle;
}

test.each([false, true])('small answers leave at once (public API only: %s)', async publicApiOnly => {
  const input = sharedParser().input;
  const arrivals = new Arrivals(input, {});
  const listener = await new PortableLoop(input, { publicApiOnly }).listen(
    { host: '127.0.0.1', port: 0 },
    { backlog: 10, reusePort: false },
    arrivals,
  );
  onTestFinished(() => listener.close());
  const setNoDelay = vi.spyOn(await handles(), 'setNoDelay');
  onTestFinished(() => setNoDelay.mockRestore());
  const client = connect({ host: '127.0.0.1', port: (listener.address as { port: number }).port });
  onTestFinished(() => void client.destroy());
  await within(
    vi.waitFor(() => expect(setNoDelay).toHaveBeenCalledWith(true)),
    'the accepted connection is told',
  );
});
