// Server-sent events: a tick a second for as long as somebody listens. An answer that could go on for ever needs to know
// when its client has left; that is what `fapws.signal` is for.

import { setTimeout as sleep } from 'node:timers/promises';
import type { Application } from '@fapws/core';

const SECOND = 1000;

export const ticks: Application = async function* (environ, startResponse) {
  startResponse('200 OK', [
    ['Content-Type', 'text/event-stream'],
    ['Cache-Control', 'no-store'],
  ]);
  const signal = environ['fapws.signal'];
  let tick = 0;
  try {
    while (true) {
      tick += 1;
      yield `id: ${tick}\ndata: ${new Date().toISOString()}\n\n`;
      await sleep(SECOND, undefined, { signal });
    }
  } catch (error) {
    // The signal breaks the sleep off: that is how this ends. Anything else is a mistake, and the server reports it.
    if (!signal.aborted) throw error;
  } finally {
    environ['wsgi.errors'].write(`ticks: the client left after tick ${tick}\n`);
  }
};
