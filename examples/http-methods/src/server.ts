// Methods: those that routes name, those that the server answers itself, and one that it has to be told of.

import { type Application, type RouteEnviron, start } from '@fapws/core';
import { showEnviron } from './show-environ.ts';
import { trace } from './trace.ts';

const server = start('127.0.0.1', Number(process.env['PORT'] ?? 8080));

// Those that reach callbacks; any other is answered 501. TRACE is not among them unless it is asked for.
server.base({ methods: ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE'] });

// Around everything, also around paths that nothing is under.
server.use(showEnviron);
server.use(trace);

/** What has been put under a name. More than a demonstration would have a bound on how many there may be. */
const notes = new Map<string, string>();
const LONGEST = 1000;
const plain: [string, string][] = [['Content-Type', 'text/plain; charset=utf-8']];

type Note = Application<RouteEnviron<'/notes/:name'>>;

const put: Note = async (environ, startResponse) => {
  const { name } = environ['wsgiorg.routing_args'][1];
  const content = await environ['wsgi.input'].read(LONGEST + 1);
  if (content.length > LONGEST) {
    startResponse('413 Content Too Large', plain);
    return `A note has ${LONGEST} octets at most.\n`;
  }
  startResponse(notes.has(name) ? '204 No Content' : '201 Created', []);
  notes.set(name, new TextDecoder().decode(content));
  return null;
};

const get: Note = (environ, startResponse) => {
  const note = notes.get(environ['wsgiorg.routing_args'][1].name);
  startResponse(note === undefined ? '404 Not Found' : '200 OK', plain);
  return `${note ?? 'There is no such note.'}\n`;
};

const remove: Note = (environ, startResponse) => {
  const was = notes.delete(environ['wsgiorg.routing_args'][1].name);
  startResponse(was ? '204 No Content' : '404 Not Found', []);
};

// HEAD comes with GET. OPTIONS and 405 are answered by the server, from the methods that are here.
server
  .route('PUT', '/notes/:name', put)
  .route('GET', '/notes/:name', get)
  .route('DELETE', '/notes/:name', remove);

await server.run();
