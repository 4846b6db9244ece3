// Forms and files: the paths, and the page that both are on.

import { mkdirSync, readFileSync } from 'node:fs';
import { type Application, start } from '@fapws/core';
import { html, readQuery } from '@fapws/forms';
import { book, bookingForm } from './booking.ts';
import { Files, largestUpload } from './files.ts';
import { page, pageHeaders } from './page.ts';
import { sameSite } from './same-site.ts';

const server = start('127.0.0.1', Number(process.env['PORT'] ?? 8080));
server.use(sameSite);

const folder = process.env['UPLOADS'] ?? 'uploads';
mkdirSync(folder, { recursive: true });
const files = new Files(folder);

const home: Application = async (environ, startResponse) => {
  const query = readQuery(environ);
  startResponse('200 OK', pageHeaders);
  return page(
    'Forms and uploads',
    html`${query.has('booked') ? html`<p role="status">Booked. ${query.get('booked')}.</p>` : null}
<h2>A form</h2>
${bookingForm()}
<h2>Files</h2>
${query.has('uploaded') ? html`<p role="status">Files kept: ${query.get('uploaded')}.</p>` : null}
${await files.page()}`,
  );
};

const style = readFileSync(new URL('../public/style.css', import.meta.url));

server
  .route('GET', '/', home)
  .route('GET', '/style.css', (_environ, startResponse) => {
    startResponse('200 OK', [['Content-Type', 'text/css; charset=utf-8']]);
    return style;
  })
  .route('POST', '/booking', book)
  // The server takes 16 MiB elsewhere.
  .route('POST', '/files', files.upload, { limits: { content: largestUpload } })
  .route('GET', '/files/:file', files.download);

await server.run();
