// A middleware is a function that takes an application and gives one. This one answers in its place when it is asked to.

import { inspect } from 'node:util';
import type { Middleware } from '@fapws/core';

/** `?environ` behind any path shows what the callback there would have been told, one key a line. */
export const showEnviron: Middleware = application => (environ, startResponse) => {
  if (environ['fapws.params']['environ'] === undefined) return application(environ, startResponse);
  startResponse('200 OK', [
    ['Content-Type', 'text/plain; charset=utf-8'],
    // What a client sent is shown to it: as text and nothing else, and by no cache to others.
    ['X-Content-Type-Options', 'nosniff'],
    ['Cache-Control', 'no-store'],
  ]);
  return Object.entries(environ).map(([key, value]) => `${key}: ${inspect(value, { depth: 0 })}\n`);
};
