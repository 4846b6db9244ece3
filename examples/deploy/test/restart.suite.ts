// Rolling restarts under load: one instance after the other is stopped, started again and given time to be found, while wrk
// asks without a pause, and nobody may notice.

import { join } from 'node:path';
import { installed, Program } from '@fapws/testing';
import { expect, test } from 'vitest';
import { type Front, type InstanceName, Site } from './site.ts';

export interface Restart {
  /** As short as the front allows; the guide's is longer. */
  readonly lameDuckMs: number;
  /** Resolves when the front gives requests to an instance that has been started again, for the `times`-th time. */
  found(site: Site, name: InstanceName, times: number): Promise<unknown>;
}

export function restartSuite(front: Front, { lameDuckMs, found }: Restart): void {
  test.runIf(installed('wrk'))('no request fails while the instances are restarted in turn', async () => {
    await using site = await Site.start(front, { environment: { LAME_DUCK_MS: String(lameDuckMs) } });
    await using wrk = load(site);
    await wrk.prints(/answered/);
    // Each is the one that the other has just been left for.
    for (const [name, times] of [
      ['one', 1],
      ['two', 1],
      ['one', 2],
    ] as const) {
      const old = site.instance(name);
      expect(await old.end('SIGTERM'), old.output).toBe(0);
      site.start(name);
      await site.ready(name);
      await found(site, name, times);
    }
    await wrk.end('SIGINT');
    const said = wrk.output + site.front.output.slice(-10_000);
    expect(wrk.output, said).not.toMatch(/Socket errors|Non-2xx/);
    expect(Number(/(\d+) requests in/.exec(wrk.output)?.[1]), said).toBeGreaterThan(1000);
  });
}

/** wrk, until it is told to end by SIGINT. It counts answers of 400 or more, and connections that fail, only if there are any. */
function load({ origin }: Site): Program {
  const script = join(import.meta.dirname, 'restart.lua');
  return new Program('wrk', ['-t1', '-c16', '-d300s', '--timeout', '10s', '-s', script, origin]);
}
