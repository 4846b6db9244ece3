// node:http alone: the baseline of every ratio.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { article, chunks, HELLO, postOfUser } from '../lib/answers.mjs';
import { host, IDLE_SECONDS, port } from '../lib/control-channel.mjs';

function answer(res, type, body) {
  res.writeHead(200, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(body) });
  res.end(body);
}

function echo(req, res) {
  const received = [];
  req.on('data', chunk => received.push(chunk));
  req.on('end', () => answer(res, 'application/octet-stream', Buffer.concat(received)));
}

function upload(req, res) {
  let bytes = 0;
  req.on('data', chunk => {
    bytes += chunk.length;
  });
  req.on('end', () => answer(res, 'text/plain', String(bytes)));
}

async function stream(res) {
  res.writeHead(200, { 'Content-Type': 'application/octet-stream' });
  for (const chunk of chunks()) {
    if (!res.write(chunk)) await once(res, 'drain');
  }
  res.end();
}

const server = createServer((req, res) => {
  const { method, url } = req;
  if (method === 'GET') {
    if (url === '/hello') return answer(res, 'text/plain', HELLO);
    if (url === '/json') return answer(res, 'application/json', JSON.stringify(article()));
    if (url === '/stream') return void stream(res);
    const [, users, id, posts, post, more] = url.split('/');
    if (users === 'users' && posts === 'posts' && post && more === undefined) {
      return answer(res, 'text/plain', postOfUser(id, post));
    }
  } else if (method === 'POST') {
    if (url === '/echo') return echo(req, res);
    if (url === '/upload') return upload(req, res);
  }
  res.writeHead(404).end();
});
server.keepAliveTimeout = IDLE_SECONDS * 1000;
server.listen(port, host);
