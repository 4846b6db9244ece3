// A Falcon API in production: Python says what is done; limits, compression and the log are the server's.

import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { start } from '@fapws/core';
import { gzip } from '@fapws/gzip';
import { log } from '@fapws/log';
import { pythonApp } from '@fapws/wsgi';
import { keptSecret } from './kept-secret.ts';

const GIBIBYTE = 1024 ** 3;

const folder = fileURLToPath(new URL('..', import.meta.url));
const data = resolve(process.env['DATA'] ?? join(folder, 'data'));
const files = join(data, 'files');
mkdirSync(files, { recursive: true });

const store = pythonApp('store:create()', {
  chdir: folder,
  // A download occupies a thread for as long as its client takes. Most of that time it waits, so there can be many.
  workers: 2,
  threads: 16,
  // Where uploads wait until they are complete. The system's folder for temporary files may be in memory.
  spool: { directory: data, limit: 8 * GIBIBYTE },
  processEnvironment: { FILES: files, TOKEN: keptSecret(join(data, 'token')) },
});
await store.ready.catch(error => {
  // Python's traceback has been logged.
  if (String(error).includes("No module named 'falcon'"))
    console.error('Get Falcon: apt-get install python3-falcon, or pip install falcon (README.md).');
  process.exit(1);
});

const server = start('127.0.0.1', Number(process.env['PORT'] ?? 8080));
// The first one is the outermost: what the log writes is what was sent.
server.use(log());
server.use(gzip());
server.mount('/', store, { limits: { content: GIBIBYTE } });

await server.run();
await store.close();
