import { once } from 'node:events';
import { createServer } from 'node:http';
import compression from 'compression';
import { host, IDLE_SECONDS, port } from '../lib/control-channel.mjs';
import { brotli, GZIP_LEVEL, PAGES, PIECES, THRESHOLD } from '../lib/pages.mjs';

const compress = compression({ threshold: THRESHOLD, level: GZIP_LEVEL, brotli });

async function stream(res) {
  for (const piece of PIECES) {
    if (!res.write(piece)) await once(res, 'drain');
    // It keeps pieces back otherwise.
    res.flush();
  }
  res.end();
}

const server = createServer((req, res) =>
  compress(req, res, () => {
    res.setHeader('Content-Type', 'text/html; charset=utf-8');
    if (req.url === '/stream') return void stream(res);
    const page = PAGES[req.url.slice(1)];
    if (page === undefined) res.writeHead(404).end();
    else res.end(page);
  }),
);
server.keepAliveTimeout = IDLE_SECONDS * 1000;
server.listen(port, host);
