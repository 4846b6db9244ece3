// Stand-ins for a real application: each does one thing that matters to whatever stands in front of the server.

import { setTimeout as sleep } from 'node:timers/promises';
import { type Application, type Endpoint, type Environ, type Headers, parseQuery } from '@fapws/core';

const json: Headers = [
  ['Content-Type', 'application/json'],
  ['Cache-Control', 'no-store'],
];
const text: Headers = [
  ['Content-Type', 'text/plain; charset=utf-8'],
  ['Cache-Control', 'no-store'],
];

/** Who the client is and how it reached the server, as far as an application is told. */
export const whoAmI =
  (instance: string): Application =>
  (environ, startResponse) => {
    startResponse('200 OK', json);
    return `${JSON.stringify({
      instance,
      peer: peerOf(environ),
      client: environ.REMOTE_ADDR,
      scheme: environ['wsgi.url_scheme'],
      host: environ.HTTP_HOST,
      server: `${environ.SERVER_NAME}:${environ.SERVER_PORT}`,
      path: `${environ.SCRIPT_NAME}${environ.PATH_INFO}`,
    })}\n`;
  };

/** Who is at the other end of the connection: the proxy, if there is one that speaks HTTP. */
function peerOf(environ: Environ): string {
  const { address, port } = (environ['forwarded.peer'] as Endpoint | undefined) ?? {
    address: environ.REMOTE_ADDR,
    port: environ.REMOTE_PORT,
  };
  return `${address}:${port}`;
}

/** Says that the event loop turns. Unlike `server.health` it does not change while the server stops. */
export const alive: Application = (_environ, startResponse) => {
  startResponse('200 OK', text);
  return 'alive\n';
};

/** Counts what is sent, piece by piece, and keeps nothing of it. */
export const upload: Application = async (environ, startResponse) => {
  let octets = 0;
  for await (const chunk of environ['wsgi.input']) octets += chunk.length;
  startResponse('200 OK', json);
  return `${JSON.stringify({ octets })}\n`;
};

/** `?octets=1000`: as many, made at the client's pace. */
export const download: Application = (environ, startResponse) => {
  const octets = numberIn(environ, 'octets', 1_000_000);
  startResponse('200 OK', [
    ['Content-Type', 'application/octet-stream'],
    ['Content-Length', String(octets)],
  ]);
  return blocks(octets);
};

const block = Buffer.alloc(65_536, 'fapws ');

function* blocks(octets: number): Generator<Uint8Array> {
  for (let rest = octets; rest > 0; rest -= block.length) yield block.subarray(0, rest);
}

/** `?ticks=3&ms=1000`: an event at a time, each sent when it is made. */
export const ticks: Application = async function* (environ, startResponse) {
  const count = numberIn(environ, 'ticks', 3);
  const pause = numberIn(environ, 'ms', 1000);
  const signal = environ['fapws.signal'];
  startResponse('200 OK', [
    ['Content-Type', 'text/event-stream'],
    ['Cache-Control', 'no-store'],
    // nginx collects answers before it passes them on, unless an answer asks it not to.
    ['X-Accel-Buffering', 'no'],
  ]);
  let tick = 1;
  try {
    for (; tick <= count; tick += 1) {
      yield `data: ${tick}\n\n`;
      if (tick < count) await sleep(pause, undefined, { signal });
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    // A client that leaves ends the generator where it stands, at a yield or in its sleep.
    if (tick <= count) environ['wsgi.errors'].write(`ticks: the client left after ${tick}\n`);
  }
};

/** `?ms=1000`: answers after a while, as a callback does that waits for a database. */
export const slow: Application = async (environ, startResponse) => {
  await sleep(numberIn(environ, 'ms', 1000));
  startResponse('200 OK', text);
  return 'done\n';
};

function numberIn(environ: Environ, name: string, otherwise: number): number {
  const value = parseQuery(environ.QUERY_STRING)[name]?.[0] ?? '';
  return /^\d{1,10}$/.test(value) ? Number(value) : otherwise;
}
