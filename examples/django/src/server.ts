// A Django project in production: Python makes the pages; static files, compression, the log and all limits are the server's.

import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { start } from '@fapws/core';
import { gzip } from '@fapws/gzip';
import { log } from '@fapws/log';
import { staticFiles } from '@fapws/static';
import { pythonApp } from '@fapws/wsgi';
import { manage } from './manage.ts';

const folder = fileURLToPath(new URL('..', import.meta.url));
const data = resolve(process.env['DATA'] ?? join(folder, 'data'));
mkdirSync(data, { recursive: true });

const environment = {
  DATA: data,
  // The same for all processes. Set one to let visitors stay logged in when the server is started again.
  DJANGO_SECRET_KEY: process.env['DJANGO_SECRET_KEY'] ?? randomBytes(32).toString('base64url'),
};

// Tables and static files are brought up to date before anybody asks for them.
const prepared =
  manage(folder, environment, 'migrate', '--no-input', '--verbosity', '0') &&
  manage(folder, environment, 'collectstatic', '--no-input', '--verbosity', '0');
// What is wrong has been printed.
if (!prepared) process.exit(1);

const bookshop = pythonApp('bookshop.wsgi:application', {
  chdir: folder,
  // Two processes, for Python computes in one thread of each at a time; four threads in each, for most of them wait.
  workers: 2,
  threads: 4,
  // Django is loaded once, and both have it in memory together.
  preload: true,
  processEnvironment: environment,
});
await bookshop.ready.catch(() => process.exit(1));

const server = start('127.0.0.1', Number(process.env['PORT'] ?? 8080));
// The first one is the outermost: what the log writes is what was sent.
server.use(log());
// Files that are asked for often are compressed once and kept.
server.use(gzip({ cache: 8 * 1024 ** 2 }));
server
  .mount('/', bookshop, { limits: { content: 4 * 1024 ** 2 } })
  .mount('/static', staticFiles(join(data, 'static'), { immutable: /\.[0-9a-f]{12}\.\w+$/ }));

await server.run();
await bookshop.close();
