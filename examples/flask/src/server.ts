// A Flask application in production: Python makes the pages; files, compression, the log and all limits are the server's.

import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { start } from '@fapws/core';
import { gzip } from '@fapws/gzip';
import { log } from '@fapws/log';
import { staticFiles } from '@fapws/static';
import { pythonApp } from '@fapws/wsgi';

const folder = fileURLToPath(new URL('..', import.meta.url));
const data = resolve(process.env['DATA'] ?? join(folder, 'data'));
const pictures = join(data, 'pictures');
mkdirSync(pictures, { recursive: true });

const guestbook = pythonApp('guestbook:create_app()', {
  chdir: folder,
  // Two processes, for Python computes in one thread of each at a time; four threads in each, for most of them wait.
  workers: 2,
  threads: 4,
  processEnvironment: {
    FLASK_DATA: data,
    // Set one to let visitors keep their sessions when the server is started again.
    FLASK_SECRET_KEY: process.env['FLASK_SECRET_KEY'] ?? randomBytes(32).toString('base64url'),
  },
});
await guestbook.ready.catch(error => {
  // Python's traceback has been logged.
  if (String(error).includes("No module named 'flask'"))
    console.error('Get Flask: apt-get install python3-flask, or pip install flask (README.md).');
  process.exit(1);
});

const server = start('127.0.0.1', Number(process.env['PORT'] ?? 8080));
// The first one is the outermost: what the log writes is what was sent.
server.use(log());
server.use(gzip());
server
  .mount('/', guestbook, { limits: { content: 9 * 1024 ** 2 } })
  .mount('/static', staticFiles(join(folder, 'guestbook/static'), { maxAge: 60 }))
  // What visitors have sent is shown as a picture and never as a page. A name is never used again.
  .mount(
    '/pictures',
    staticFiles(pictures, {
      immutable: () => true,
      headers: () => [
        ['Content-Security-Policy', 'sandbox'],
        ['X-Content-Type-Options', 'nosniff'],
      ],
    }),
  );

await server.run();
await guestbook.close();
