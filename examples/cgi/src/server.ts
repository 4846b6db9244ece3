// Programs in any language as callbacks: whatever lies in cgi-bin is run when its path is asked for.

import { fileURLToPath } from 'node:url';
import { cgi } from '@fapws/cgi';
import { start } from '@fapws/core';

const server = start('127.0.0.1', Number(process.env['PORT'] ?? 8080));

const scripts = cgi(
  { root: fileURLToPath(new URL('../cgi-bin', import.meta.url)) },
  {
    // Other scripts say themselves, in their first line, what runs them.
    interpreters: { '.php': 'php-cgi' },
    // Each is a process: more than these at a time are answered 503.
    processes: 16,
    timeouts: { total: 60 },
  },
);
server.mount('/cgi-bin', scripts);

await server.run();
