import { once } from 'node:events';
import polka from 'polka';
import { article, chunks, HELLO, postOfUser } from '../lib/answers.mjs';
import { host, IDLE_SECONDS, port } from '../lib/control-channel.mjs';

// Polka hands out Node's own response and has no way of answering of its own.
function answer(res, type, body) {
  res.writeHead(200, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(body) });
  res.end(body);
}

const app = polka()
  .get('/hello', (_req, res) => answer(res, 'text/plain', HELLO))
  .get('/json', (_req, res) => answer(res, 'application/json', JSON.stringify(article())))
  .get('/users/:id/posts/:post', (req, res) =>
    answer(res, 'text/plain', postOfUser(req.params.id, req.params.post)),
  )
  .get('/stream', async (_req, res) => {
    res.writeHead(200, { 'Content-Type': 'application/octet-stream' });
    for (const chunk of chunks()) {
      if (!res.write(chunk)) await once(res, 'drain');
    }
    res.end();
  })
  .post('/echo', (req, res) => {
    const received = [];
    req.on('data', chunk => received.push(chunk));
    req.on('end', () => answer(res, 'application/octet-stream', Buffer.concat(received)));
  })
  .post('/upload', (req, res) => {
    let bytes = 0;
    req.on('data', chunk => {
      bytes += chunk.length;
    });
    req.on('end', () => answer(res, 'text/plain', String(bytes)));
  });

app.listen(port, host);
app.server.keepAliveTimeout = IDLE_SECONDS * 1000;
