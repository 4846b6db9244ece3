import { start } from '@fapws/core';
import { gzip } from '@fapws/gzip';
import { host, port } from '../lib/control-channel.mjs';
import { BROTLI_QUALITY, GZIP_LEVEL, PAGES, PIECES, THRESHOLD } from '../lib/pages.mjs';

const HTML = [['Content-Type', 'text/html; charset=utf-8']];

const server = start(host, port);
server.use(
  gzip({ cache: 16 * 1024 ** 2, threshold: THRESHOLD, levels: { gzip: GZIP_LEVEL, br: BROTLI_QUALITY } }),
);
for (const [name, page] of Object.entries(PAGES)) {
  server.route('GET', `/${name}`, (_environ, startResponse) => {
    startResponse('200 OK', HTML);
    return page;
  });
}
server.route('GET', '/stream', (_environ, startResponse) => {
  startResponse('200 OK', HTML);
  return (async function* () {
    yield* PIECES;
  })();
});
await server.listen();
