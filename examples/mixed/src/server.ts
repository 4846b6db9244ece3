// One site, one port: pages by Django, an API in TypeScript, files from a folder.

import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { start } from '@fapws/core';
import { gzip } from '@fapws/gzip';
import { log } from '@fapws/log';
import { staticFiles } from '@fapws/static';
import { pythonApp } from '@fapws/wsgi';
import { Live } from './live.ts';

const folder = fileURLToPath(new URL('..', import.meta.url));
const data = resolve(process.env['DATA'] ?? join(folder, 'data'));
mkdirSync(data, { recursive: true });

const environment = {
  DATA: data,
  DJANGO_SETTINGS_MODULE: 'board.settings',
  DJANGO_SECRET_KEY: process.env['DJANGO_SECRET_KEY'] ?? randomBytes(32).toString('base64url'),
};

const { status } = spawnSync('python3', ['-m', 'django', 'migrate', '--no-input', '--verbosity', '0'], {
  cwd: folder,
  env: { ...process.env, ...environment, PYTHONPATH: folder },
  stdio: ['ignore', 'inherit', 'inherit'],
});
if (status !== 0) {
  console.error(
    'The tables could not be made. Is Django here? apt-get install python3-django, or pip install django (README.md).',
  );
  process.exit(1);
}

const board = pythonApp('django.core.wsgi:get_wsgi_application()', {
  chdir: folder,
  workers: 2,
  threads: 4,
  processEnvironment: environment,
});
await board.ready.catch(() => process.exit(1));

const server = start('127.0.0.1', Number(process.env['PORT'] ?? 8080));
// The first one is the outermost: what the log writes is what was sent. All three kinds of answers go through both.
server.use(log());
server.use(gzip());

const live = new Live();
server.addTimer(15, () => live.heartbeat());
server
  .route('GET', '/api/events', live.events)
  .route('GET', '/api/readers', live.readers)
  .mount('/static', staticFiles(join(folder, 'public'), { maxAge: 60 }))
  .mount('/', live.around(board), { limits: { content: 4096 } });

await server.run();
await board.close();
