// No request is lost while one process takes over the port from another, under load. With reusePort: reuse-port.test.ts.

import * as net from 'node:net';
import { describe, onTestFinished, test } from 'vitest';
import { connections, Generation, Load, rollsWithoutLoss, wrk } from './rolling.ts';

/** A port that is bound and on which this process never accepts, as systemd holds it. Node has this for its cluster. */
function heldPort(): number {
  const { _createServerHandle: create } = net as unknown as {
    _createServerHandle: (host: string, port: number, family: 4) => { fd: number; close: () => void };
  };
  const handle = create('127.0.0.1', 0, 4);
  onTestFinished(() => handle.close());
  return handle.fd;
}

describe.runIf(wrk)('processes that inherit the listening socket', { timeout: 120_000 }, () => {
  test.each(connections)('follow each other without a lost request: %s', async (_, parameters) => {
    const held = heldPort();
    await rollsWithoutLoss(
      () => new Generation({ fd: 4 }, held),
      port => new Load(port, parameters),
    );
  });
});
