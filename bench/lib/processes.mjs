// Starting and ending the servers and load generators. Nothing outlives the harness: every child is the leader of a
// process group, and whichever way the harness ends, the groups are killed.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { constants } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { within } from './deadline.mjs';
import { onCore } from './pinning.mjs';
import { cpuMicroseconds } from './resources.mjs';

/** @typedef {import('../contestants.mjs').Contestant} Contestant */

const repository = fileURLToPath(new URL('../../', import.meta.url));

/** @type {Set<import('node:child_process').ChildProcess>} */
const running = new Set();

process.on('exit', () => {
  for (const child of running) kill(child);
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => process.exit(128 + constants.signals[signal]));
}

/**
 * Runs a program to its end and returns what it printed.
 *
 * @param {string} file
 * @param {string[]} args
 * @param {number} seconds the longest it may take
 */
export async function run(file, args, seconds) {
  const child = launch(file, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let complaints = '';
  child.stdout.on('data', text => {
    output += text;
  });
  child.stderr.on('data', text => {
    complaints += text;
  });
  try {
    const [code] = await within(seconds, file, once(child, 'close'));
    if (code !== 0) throw new Error(`${file} failed: ${lastLine(complaints) || `exit code ${code}`}`);
    return output;
  } finally {
    kill(child);
  }
}

/**
 * A server that accepts connections.
 *
 * @typedef {object} Server
 * @property {Contestant} contestant
 * @property {number} pid
 * @property {number} port
 * @property {number} startedAt by `performance.now()`
 * @property {() => void} assertAlive throws what the server said last when it has ended
 * @property {(question: string) => Promise<any>} ask over the channel to the process, for programs that answer there
 * @property {() => Promise<void>} collectGarbage where the server's language has a garbage collector to ask
 * @property {() => Promise<void>} stop
 */

/**
 * Starts a server, and waits until it accepts connections.
 *
 * @param {Contestant} contestant
 * @param {number | undefined} core
 * @returns {Promise<Server>} rejects with what the server complained of
 */
export async function startServer(contestant, core) {
  const server = await spawnServer(contestant, core);
  try {
    await within(10, `${contestant.title}'s start`, accepting(server));
    await within(10, `${contestant.title}'s coming to rest`, atRest(server));
    return server;
  } catch (error) {
    await server.stop();
    throw error;
  }
}

/**
 * Starts a server and does not wait for it.
 *
 * @param {Contestant} contestant
 * @param {number | undefined} core
 * @returns {Promise<Server>}
 */
export async function spawnServer(contestant, core) {
  const program = fileURLToPath(
    new URL(`../servers/${contestant.program ?? `${contestant.name}.mjs`}`, import.meta.url),
  );
  const runtime = contestant.runtime?.() ?? process.execPath;
  const runtimeOptions = contestant.runtime ? [] : ['--expose-gc'];
  const port = await freePort();
  const startedAt = performance.now();
  const child = launch(...onCore(core, runtime, [...runtimeOptions, program]), {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    env: { ...process.env, NODE_ENV: 'production', ...contestant.env, PORT: String(port) },
  });

  let complaints = '';
  child.stderr.on('data', text => {
    complaints = (complaints + text).slice(-4096);
  });
  let over = false;
  const ended = new Promise(resolve => {
    // Not 'exit': what the server complained of has been read by now. 'error': it could not even be started.
    for (const event of ['close', 'error']) child.once(event, resolve);
  }).then(() => {
    over = true;
  });

  return {
    contestant,
    pid: /** @type {number} */ (child.pid),
    port,
    startedAt,
    assertAlive() {
      if (!over) return;
      throw new Error(`the server ended: ${reasonIn(complaints) ?? child.signalCode ?? child.exitCode}`);
    },
    async ask(question) {
      const answered = once(child, 'message');
      child.send(question);
      const [answer] = await within(10, `${contestant.title}'s answer to ${question}`, answered);
      return answer;
    },
    async collectGarbage() {
      await this.ask('collect-garbage');
    },
    async stop() {
      kill(child);
      await within(5, `${contestant.title}'s end`, ended);
    },
  };
}

function launch(file, args, options) {
  const child = spawn(file, args, { ...options, detached: true });
  running.add(child);
  const forget = () => running.delete(child);
  child.once('error', forget);
  child.once('exit', forget);
  return child;
}

function kill(child) {
  if (!running.has(child)) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

async function freePort() {
  const holder = createServer().listen(0, '127.0.0.1');
  await once(holder, 'listening');
  const { port } = holder.address();
  holder.close();
  await once(holder, 'close');
  return port;
}

async function accepting(server) {
  for (;;) {
    server.assertAlive();
    const socket = connect(server.port, '127.0.0.1');
    try {
      await once(socket, 'connect');
      return;
    } catch {
      await sleep(10);
    } finally {
      socket.destroy();
    }
  }
}

// A server may go on compiling or warming workers after it accepts; what it does then is not the first round's.
async function atRest(server) {
  for (let before = -Infinity, now = 0; now - before > 1000; ) {
    before = now;
    await sleep(100);
    server.assertAlive();
    now = cpuMicroseconds(server.pid);
  }
}

// Node prints the source line, the stack and its version around the one line that tells what is wrong. Reasons are
// published with the results, and where a machine keeps the repository is nobody's business.
function reasonIn(complaints) {
  const reason = /^\w*error\b.*$/im.exec(complaints)?.[0] ?? lastLine(complaints);
  return reason?.replaceAll(repository, '');
}

const lastLine = text => text.trim().split('\n').at(-1) || undefined;
