// A server in a process of its own. The parent steers it by messages: `release` lets the held requests answer, `disconnect`
// takes the channel away, which otherwise would keep the process alive.

import { type Address, type RunOptions, type ServerOptions, start } from '../../src/index.ts';

/** What the parent gives as the one argument, in JSON. */
export interface ChildTask {
  readonly start: Address & ServerOptions;
  readonly run?: RunOptions;
}

const task = JSON.parse(process.argv[2] as string) as ChildTask;
const held: (() => void)[] = [];
const server = start(task.start);

server.route('GET', '/hello', (_, startResponse) => {
  startResponse('200 OK', [['Content-Type', 'text/plain']]);
  return ['Hello World!!'];
});
server.route('GET', '/health', server.health);
server.route('GET', '/held', async (_, startResponse) => {
  await new Promise<void>(resolve => {
    held.push(resolve);
    process.send?.('held');
  });
  startResponse('200 OK', [['Content-Type', 'text/plain']]);
  return ['released'];
});

process.on('message', message => {
  if (message === 'release') for (const answer of held) answer();
  if (message === 'disconnect') process.disconnect();
});

try {
  await server.run({
    ...task.run,
    print: line => {
      process.send?.({ line, address: server.addresses[0] });
    },
  });
  process.send?.('over');
  if (process.connected) process.disconnect();
} catch (error) {
  const { name, code, message } = error as { name: string; code: string; message: string };
  process.send?.({ error: { name, code, message } });
  process.disconnect();
  process.exitCode = 3;
}
