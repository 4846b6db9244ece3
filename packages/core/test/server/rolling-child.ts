// One of the servers that follow each other in rolling.ts. Its argument is what `start` takes, in JSON. It says when it listens,
// and when it has stopped, how many requests it has answered.

import { type Address, start } from '../../src/index.ts';

/** What it says. */
export type Message = { readonly address: Address | undefined } | { readonly answered: number };

const say = (message: Message): void => {
  process.send?.(message);
};

const server = start(JSON.parse(process.argv[2] as string));
let answered = 0;
server.mount('/', (_, startResponse) => {
  answered += 1;
  startResponse('200 OK', [['Content-Type', 'text/plain']]);
  return ['Hello World!!'];
});
await server.listen();
process.on('SIGTERM', () => void server.stop());
say({ address: server.addresses[0] });
await server.whenStopped;
say({ answered });
process.disconnect();
