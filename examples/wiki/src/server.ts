// A small wiki. Where everything meets: what is around all pages, and which callback is under which path.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { start } from '@fapws/core';
import { redirect } from '@fapws/forms';
import { gzip } from '@fapws/gzip';
import { log } from '@fapws/log';
import { sessions } from '@fapws/sessions';
import { staticFiles } from '@fapws/static';
import { Accounts } from './accounts.ts';
import { Database } from './database.ts';
import { Pages } from './pages.ts';
import { Pictures } from './pictures.ts';

const HOUR = 3600;

const data = process.env['DATA'] ?? 'data';
const pictureFolder = join(data, 'pictures');
mkdirSync(pictureFolder, { recursive: true });
const database = new Database(join(data, 'wiki.db'));
database.save('Home', 0, {
  author: 'wiki',
  text: 'This page can be **changed** by whoever is logged in.\n\n- Write in it\n- Begin [[Another page]]\n',
});

const server = start('127.0.0.1', Number(process.env['PORT'] ?? 8080));

// The first one is the outermost.
server.use(log());
server.use(gzip());
server.use(sessions({ store: database.sessions, idle: 24 * HOUR, absolute: 30 * 24 * HOUR }));

const pages = new Pages(database);
const accounts = new Accounts(database);
const pictures = new Pictures(pictureFolder);
server
  .route('GET', '/', (_environ, startResponse) => redirect(startResponse, '/pages/Home'))
  .route('GET', '/pages', pages.list)
  .route('GET', '/pages/:page', pages.show)
  .route('POST', '/pages/:page', pages.save)
  .route('GET', '/pages/:page/edit', pages.edit)
  .route('GET', '/pages/:page/history', pages.history)
  .route('GET', '/login', accounts.page)
  .route('POST', '/login', accounts.login)
  .route('POST', '/register', accounts.register)
  .route('POST', '/logout', accounts.logout)
  .route('GET', '/pictures', pictures.page)
  .route('POST', '/pictures', pictures.upload)
  .mount('/assets', staticFiles(new URL('../public', import.meta.url), { maxAge: 60 }))
  // Names of pictures are never used again.
  .mount(
    '/pictures',
    staticFiles(pictureFolder, {
      immutable: () => true,
      index: false,
      headers: () => [['X-Content-Type-Options', 'nosniff']],
    }),
  );

server.addTimer(HOUR, () => database.sweep());

await server.run();

database.close();
