// Runs on Bun, not on Node.
import { article, chunks, HELLO, postOfUser } from '../lib/answers.mjs';
import { host, IDLE_SECONDS, port } from '../lib/control-channel.mjs';

const answer = (type, body) => new Response(body, { headers: { 'Content-Type': type } });

Bun.serve({
  hostname: host,
  port,
  idleTimeout: IDLE_SECONDS,
  routes: {
    '/hello': { GET: () => answer('text/plain', HELLO) },
    '/json': { GET: () => Response.json(article()) },
    '/users/:id/posts/:post': {
      GET: request => answer('text/plain', postOfUser(request.params.id, request.params.post)),
    },
    '/stream': {
      GET: () =>
        answer('application/octet-stream', async function* () {
          yield* chunks();
        }),
    },
    '/echo': { POST: async request => answer('application/octet-stream', await request.arrayBuffer()) },
    '/upload': {
      POST: async request => {
        let bytes = 0;
        for await (const chunk of request.body) bytes += chunk.length;
        return answer('text/plain', String(bytes));
      },
    },
  },
  fetch: () => new Response(null, { status: 404 }),
});
