// A Bottle application in production, under a prefix: the rest of the site is TypeScript.

import { fileURLToPath } from 'node:url';
import { start } from '@fapws/core';
import { forwarded } from '@fapws/forwarded';
import { gzip } from '@fapws/gzip';
import { log } from '@fapws/log';
import { pythonApp } from '@fapws/wsgi';

const clock = pythonApp('clock:app', {
  chdir: fileURLToPath(new URL('..', import.meta.url)),
  // Two processes, for Python computes in one thread of each at a time.
  workers: 2,
  threads: 4,
});
await clock.ready.catch(error => {
  // Python's traceback has been logged.
  if (String(error).includes("No module named 'bottle'"))
    console.error('Get Bottle: apt-get install python3-bottle, or pip install bottle (README.md).');
  process.exit(1);
});

const server = start('127.0.0.1', Number(process.env['PORT'] ?? 8080));
// The first one is the outermost: what the log writes is what was sent.
server.use(log());
server.use(gzip());
// Bottle makes addresses of X-Forwarded-Host and -Proto, whoever sends them. Only a proxy of this machine is believed here, and
// of the first nobody.
server.use(forwarded({ trust: ['loopback'] }));
server
  .route('GET', '/', (_environ, startResponse) => {
    startResponse('302 Found', [['Location', '/clock/']]);
  })
  // A form with the name of a place is all that has to get in.
  .mount('/clock', clock, { limits: { content: 4096 } });

await server.run();
await clock.close();
