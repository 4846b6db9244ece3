/**
 * The server's end of the channel to the harness; every server of ours imports it. It never takes part in a request:
 * CPU time and memory are read from outside (`resources.mjs`), so that a server in any language is measured alike.
 */

process.on('message', message => {
  if (message !== 'collect-garbage') return;
  globalThis.gc?.();
  globalThis.Bun?.gc(true);
  process.send?.('collected');
});

// The harness is gone, even if it was killed: a server that stays behind would disturb the next run.
process.on('disconnect', () => process.exit());

/** Where to listen. The harness chose a free port. */
export const host = '127.0.0.1';
export const port = Number(process.env.PORT);

/** Longer than any scenario: no server may hang up on connections that are counted as idle. */
export const IDLE_SECONDS = 120;
