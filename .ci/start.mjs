// The README's first command, as a visitor runs it: `npx -y pnpm@12 start` on a free port must say where it listens,
// answer there, name a port that is taken, and end cleanly when it is told to.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const patience = 75_000;

function startCommand(port) {
  const child = spawn('npx', ['-y', 'pnpm@12', 'start'], {
    env: { ...process.env, PORT: String(port) },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const state = { child, output: '', ended: once(child, 'exit') };
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', text => {
      state.output += text;
      process.stdout.write(text);
    });
  }
  return state;
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

const port = await freePort();
const started = startCommand(port);
let second;
try {
  const deadline = Date.now() + patience;
  let answer;
  while (answer === undefined) {
    if (started.child.exitCode !== null) throw new Error(`it ended with ${started.child.exitCode}`);
    if (Date.now() > deadline) throw new Error(`no answer within ${patience / 1000} s`);
    await sleep(200);
    answer = await fetch(`http://127.0.0.1:${port}/`, { signal: AbortSignal.timeout(2000) }).catch(
      () => undefined,
    );
  }
  if (answer.status !== 200) throw new Error(`the first page answers ${answer.status}`);
  if (!started.output.includes(String(port))) throw new Error('it does not say where it listens');

  second = startCommand(port);
  const [code] = await Promise.race([second.ended, sleep(patience, [], { ref: false })]);
  if (code === 0 || code === undefined) throw new Error(`a taken port ended it with ${code}`);
  if (!second.output.includes(String(port)))
    throw new Error('the error does not name the port that is taken');

  // As the terminal does: the whole group gets it.
  process.kill(-started.child.pid, 'SIGINT');
  await Promise.race([
    started.ended,
    sleep(10_000, undefined, { ref: false }).then(() => {
      throw new Error('it did not end within 10 s of SIGINT');
    }),
  ]);
  const still = await fetch(`http://127.0.0.1:${port}/`, { signal: AbortSignal.timeout(2000) }).catch(
    () => undefined,
  );
  if (still !== undefined) throw new Error('the server outlived the command');
  console.log('pnpm start: answered, named a taken port, and stopped');
} catch (error) {
  console.error(`pnpm start: ${error.message}`);
  process.exitCode = 1;
} finally {
  for (const state of [started, second]) {
    if (state === undefined) continue;
    try {
      process.kill(-state.child.pid, 'SIGKILL');
    } catch {
      // It has ended already, as it should.
    }
  }
}
