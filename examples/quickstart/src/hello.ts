// The smallest callback, and one that reads a parameter of its route.

import type { Application, RouteEnviron } from '@fapws/core';

/** Says how the answer begins, and returns its content. */
export const hello: Application = (_environ, startResponse) => {
  startResponse('200 OK', [['Content-Type', 'text/plain; charset=utf-8']]);
  return 'Hello World!!\n';
};

/** For the route `/hello/:name`: the parameter is found in the environ, decoded, and typed from the pattern. */
export const greet: Application<RouteEnviron<'/hello/:name'>> = (environ, startResponse) => {
  const { name } = environ['wsgiorg.routing_args'][1];
  startResponse('200 OK', [
    ['Content-Type', 'text/plain; charset=utf-8'],
    // The name comes from the client: no browser may take the text for anything but text.
    ['X-Content-Type-Options', 'nosniff'],
  ]);
  return `Hello ${name}!!\n`;
};
