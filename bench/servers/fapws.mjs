import { start } from '@fapws/core';
import { article, chunks, HELLO, postOfUser } from '../lib/answers.mjs';
import { host, port } from '../lib/control-channel.mjs';

const TEXT = [['Content-Type', 'text/plain']];
const JSON_TYPE = [['Content-Type', 'application/json']];
const BYTES = [['Content-Type', 'application/octet-stream']];

// All clients of a benchmark come from one address.
const server = start(host, port, { limits: { connectionsPerAddress: Number.POSITIVE_INFINITY } });

server.route('GET', '/hello', (_environ, startResponse) => {
  startResponse('200 OK', TEXT);
  return [HELLO];
});
server.route('GET', '/json', (_environ, startResponse) => {
  startResponse('200 OK', JSON_TYPE);
  return [JSON.stringify(article())];
});
server.route('GET', '/users/:id/posts/:post', (environ, startResponse) => {
  const { id, post } = environ['wsgiorg.routing_args'][1];
  startResponse('200 OK', TEXT);
  return [postOfUser(id, post)];
});
server.route('GET', '/stream', (_environ, startResponse) => {
  startResponse('200 OK', BYTES);
  return chunks();
});
server.route('POST', '/echo', async (environ, startResponse) => {
  const body = await environ['wsgi.input'].read();
  startResponse('200 OK', BYTES);
  return [body];
});
server.route('POST', '/upload', async (environ, startResponse) => {
  let bytes = 0;
  for await (const chunk of environ['wsgi.input']) bytes += chunk.length;
  startResponse('200 OK', TEXT);
  return [String(bytes)];
});

await server.listen();
