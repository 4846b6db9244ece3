import { Readable } from 'node:stream';
import compress from '@fastify/compress';
import fastify from 'fastify';
import { host, IDLE_SECONDS, port } from '../lib/control-channel.mjs';
import { brotli, GZIP_LEVEL, PAGES, PIECES, THRESHOLD } from '../lib/pages.mjs';

const app = fastify({ keepAliveTimeout: IDLE_SECONDS * 1000 });
await app.register(compress, {
  threshold: THRESHOLD,
  encodings: ['br', 'gzip'],
  zlibOptions: { level: GZIP_LEVEL },
  brotliOptions: brotli,
});
for (const [name, page] of Object.entries(PAGES)) {
  app.get(`/${name}`, (_request, reply) => {
    reply.type('text/html; charset=utf-8').send(page);
  });
}
app.get('/stream', (_request, reply) => {
  reply.type('text/html; charset=utf-8').send(Readable.from(PIECES));
});
await app.listen({ port, host });
