// The five steps of Fapws, with two callbacks: one returns its answer, one yields it.

import { type Application, start } from '@fapws/core';

// 1. An address. (PORT is for those whose 8080 is taken.)
const server = start('127.0.0.1', Number(process.env['PORT'] ?? 8080));

// 2. Callbacks. Nothing is sent before the first piece of content, so a generator may say how the answer begins, too.
const list: Application = (_environ, startResponse) => {
  startResponse('200 OK', [['Content-Type', 'text/plain']]);
  return ['Hello ', 'World!!\n'];
};

const generator: Application = function* (_environ, startResponse) {
  startResponse('200 OK', [['Content-Type', 'text/plain']]);
  yield 'Hello ';
  yield 'from a ';
  yield 'generator!!\n';
};

// 3. A path for each.
server.mount('/hello', list);
server.mount('/iterhello', generator);

// 4. Run. 5. Until Ctrl-C; on the event loop that LIBEV_FLAGS chooses, where there are several.
await server.run();
