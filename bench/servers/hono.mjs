import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { article, chunks, HELLO, postOfUser } from '../lib/answers.mjs';
import { host, IDLE_SECONDS, port } from '../lib/control-channel.mjs';

const app = new Hono();

app.get('/hello', c => c.text(HELLO));
app.get('/json', c => c.json(article()));
app.get('/users/:id/posts/:post', c => c.text(postOfUser(c.req.param('id'), c.req.param('post'))));
app.get('/stream', c => {
  c.header('Content-Type', 'application/octet-stream');
  return c.body(ReadableStream.from(chunks()));
});
app.post('/echo', async c => {
  c.header('Content-Type', 'application/octet-stream');
  return c.body(await c.req.arrayBuffer());
});
app.post('/upload', async c => {
  let bytes = 0;
  for await (const chunk of c.req.raw.body) bytes += chunk.length;
  return c.text(String(bytes));
});

const server = serve({ fetch: app.fetch, hostname: host, port });
server.keepAliveTimeout = IDLE_SECONDS * 1000;
