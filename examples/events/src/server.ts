// Publish and subscribe over HTTP: channels, and who may do what to them.

import { readFileSync } from 'node:fs';
import { type Application, start } from '@fapws/core';
import { Channel } from './channel.ts';
import { longPolling, serverSentEvents } from './follow.ts';
import { publish } from './publish.ts';

const server = start('127.0.0.1', Number(process.env['PORT'] ?? 8080));

// A list of ours: if clients could make channels, they could make any number of them.
for (const name of ['lobby', 'kitchen']) {
  const channel = new Channel();
  server
    .route('POST', `/${name}`, publish(channel))
    .route('GET', `/${name}/events`, serverSentEvents(channel))
    .route('GET', `/${name}/poll`, longPolling(channel));
}

const file = (name: string, type: string): Application => {
  const content = readFileSync(new URL(`../public/${name}`, import.meta.url));
  return (_environ, startResponse) => {
    startResponse('200 OK', [
      ['Content-Type', type],
      ['Cache-Control', 'no-cache'],
      [
        'Content-Security-Policy',
        "default-src 'self'; img-src data:; base-uri 'none'; frame-ancestors 'none'",
      ],
      ['X-Content-Type-Options', 'nosniff'],
    ]);
    return content;
  };
};
server
  .route('GET', '/', file('page.html', 'text/html; charset=utf-8'))
  .route('GET', '/page.css', file('page.css', 'text/css; charset=utf-8'))
  .route('GET', '/page.js', file('page.js', 'text/javascript; charset=utf-8'));

await server.run();
