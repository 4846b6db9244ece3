// Answers that are made while they are sent. Each callback is a generator: what it yields goes out, and it is resumed when
// the client has taken that.

import { setTimeout as sleep } from 'node:timers/promises';
import { type Application, type Headers, start } from '@fapws/core';

const server = start('127.0.0.1', Number(process.env['PORT'] ?? 8080));

const text: Headers = [
  ['Content-Type', 'text/plain; charset=utf-8'],
  // A proxy such as nginx would keep the pieces back until it has a bufferful.
  ['X-Accel-Buffering', 'no'],
];

/** A slow one: it says how a job goes while it goes. The status is said first, and need not be 200. */
const job: Application = async function* (environ, startResponse) {
  startResponse('202 Accepted', text);
  for (const step of ['peel', 'boil', 'mash']) {
    environ['wsgi.errors'].write(`job: ${step}\n`);
    yield `${step} …\n`;
    // The signal breaks the sleep off when the client leaves; the error that comes of it ends the generator.
    await sleep(500, undefined, { signal: environ['fapws.signal'] });
  }
  yield 'done\n';
};

/** An endless one. It counts only as far as its client reads, and takes no more memory for more of it. */
const count: Application = function* (environ, startResponse) {
  startResponse('200 OK', text);
  let number = 1;
  try {
    while (true) {
      let lines = '';
      for (const end = number + 1000; number < end; number += 1) lines += `${number}\n`;
      yield lines;
    }
  } finally {
    // Runs however the generator ends; here that is always by a client that leaves.
    environ['wsgi.errors'].write(`count: the client left before ${number}\n`);
  }
};

/** One that fails halfway. The head is out, so no status can say so: the connection is cut, and no client takes it for whole. */
const broken: Application = async function* (_environ, startResponse) {
  startResponse('200 OK', text);
  yield 'One half.\n';
  await sleep(100);
  throw new Error('the other half is missing');
};

server.mount('/job', job);
server.mount('/count', count);
server.mount('/broken', broken);

await server.run();
