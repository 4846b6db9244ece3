// A generator as callback: each piece is sent when it is made, and the next one is made when there is room for it.

import type { Application } from '@fapws/core';

export const generator: Application = function* (_environ, startResponse) {
  startResponse('200 OK', [['Content-Type', 'text/plain; charset=utf-8']]);
  yield 'Twenty Fibonacci numbers, each a piece of its own:\n';
  let [current, next] = [0, 1];
  for (let place = 1; place <= 20; place += 1) {
    yield `${place}: ${current}\n`;
    [current, next] = [next, current + next];
  }
};
