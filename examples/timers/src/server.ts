// Votes are counted in memory, and a timer commits them to a database every two seconds: one transaction for many requests.

import { type Application, type RouteEnviron, start } from '@fapws/core';
import { Ballot, fruits } from './ballot.ts';

const SECONDS = 2;

const server = start('127.0.0.1', Number(process.env['PORT'] ?? 8080));
const ballot = new Ballot(process.env['DATABASE'] ?? 'votes.db');

const vote: Application<RouteEnviron<'/votes/:fruit'>> = (environ, startResponse) => {
  const { fruit } = environ['wsgiorg.routing_args'][1];
  const counted = ballot.vote(fruit);
  startResponse(counted ? '202 Accepted' : '404 Not Found', [['Content-Type', 'text/plain']]);
  return counted ? `${fruit}: ${ballot.waiting} votes wait\n` : `Vote for one of ${fruits.join(', ')}.\n`;
};

const votes: Application = (_environ, startResponse) => {
  startResponse('200 OK', [['Content-Type', 'application/json']]);
  return `${JSON.stringify(ballot.committed())}\n`;
};

server.route('GET', '/votes', votes).route('POST', '/votes/:fruit', vote);

// When it fails, the server reports that and tries again: the votes still wait.
function commit(): void {
  const count = ballot.commit();
  if (count > 0) console.log(`committed ${count} votes`);
}
server.addTimer(SECONDS, commit);

await server.run();

// Timers stop with the server, so the last votes are still waiting.
commit();
ballot.close();
