import { Readable } from 'node:stream';
import fastify from 'fastify';
import { article, chunks, HELLO, postOfUser } from '../lib/answers.mjs';
import { host, IDLE_SECONDS, port } from '../lib/control-channel.mjs';

const app = fastify({ keepAliveTimeout: IDLE_SECONDS * 1000 });

app.get('/hello', (_request, reply) => {
  reply.type('text/plain').send(HELLO);
});
app.get('/json', (_request, reply) => {
  reply.send(article());
});
app.get('/users/:id/posts/:post', (request, reply) => {
  reply.type('text/plain').send(postOfUser(request.params.id, request.params.post));
});
app.get('/stream', (_request, reply) => {
  reply.type('application/octet-stream').send(Readable.from(chunks()));
});

// Two scopes, as one wants the body whole and the other as a stream.
app.register(async scope => {
  scope.addContentTypeParser('application/octet-stream', { parseAs: 'buffer' }, (_request, body, done) =>
    done(null, body),
  );
  scope.post('/echo', (request, reply) => {
    reply.type('application/octet-stream').send(request.body);
  });
});
app.register(async scope => {
  scope.addContentTypeParser('application/octet-stream', (_request, payload, done) => done(null, payload));
  scope.post('/upload', async (request, reply) => {
    let bytes = 0;
    for await (const chunk of request.body) bytes += chunk.length;
    return reply.type('text/plain').send(String(bytes));
  });
});

await app.listen({ port, host });
