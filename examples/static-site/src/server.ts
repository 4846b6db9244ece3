// A folder as a website. The packages do the work; what is here says how much of it is wanted.

import { start } from '@fapws/core';
import { gzip } from '@fapws/gzip';
import { log } from '@fapws/log';
import { staticFiles } from '@fapws/static';

const server = start('127.0.0.1', Number(process.env['PORT'] ?? 8080));

// The first one is the outermost: what the log writes is what was sent, after compression.
server.use(log());
// Files that are asked for often are compressed once and kept.
server.use(gzip({ cache: 8 * 1024 ** 2 }));

const files = staticFiles(new URL('../public', import.meta.url), {
  // Folders without an index.html are listed.
  listing: true,
  // Without asking, caches may use a page for a minute …
  maxAge: 60,
  // … and what has a hash of its content in its name for ever: another content gets another name.
  immutable: /\.[0-9a-f]{8}\.\w+$/,
  headers: ({ type }) =>
    type.startsWith('text/html')
      ? [['Content-Security-Policy', "default-src 'self'; base-uri 'none'; frame-ancestors 'none'"]]
      : [],
});
server.mount('/', files);

await server.run();
