// Counts what is sent, piece by piece. Nothing is kept: a gigabyte takes as much memory as a kilobyte, and the client
// sends as fast as the pieces are taken.

import type { Application } from '@fapws/core';

/** For `POST /upload` and `PUT /upload`. */
export const upload: Application = async (environ, startResponse) => {
  const began = performance.now();
  let octets = 0;
  let pieces = 0;
  for await (const chunk of environ['wsgi.input']) {
    octets += chunk.length;
    pieces += 1;
  }
  const milliseconds = Math.round(performance.now() - began);
  startResponse('200 OK', [
    ['Content-Type', 'application/json'],
    ['Cache-Control', 'no-store'],
  ]);
  return `${JSON.stringify({ octets, pieces, milliseconds })}\n`;
};
