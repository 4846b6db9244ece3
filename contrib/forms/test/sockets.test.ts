// Uploads over real connections: clients that leave, that are slow, that send too much; and what an upload takes of memory.

import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { readdirSync, readlinkSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Application, type Outcome, type Server, type ServerOptions, start } from '@fapws/core';
import { expect, test, vi } from 'vitest';
import { type ReadFormOptions, readForm } from '../src/index.ts';
import { held } from './memory.ts';
import { boundary, file, multipart, multipartType, silent, temporaryFolder } from './posting.ts';

vi.setConfig({ testTimeout: 20_000 });

const folder = temporaryFolder();
const directory = folder.path;

interface Running extends AsyncDisposable {
  readonly server: Server;
  readonly port: number;
  /** How the requests ended, in their order. */
  readonly outcomes: Outcome[];
  /** What readForm failed with, in the same order. */
  readonly failures: unknown[];
}

async function run(
  options: ReadFormOptions = { directory },
  serverOptions: ServerOptions = {},
): Promise<Running> {
  const server = start('127.0.0.1', 0, serverOptions);
  server.base({ errors: silent });
  const outcomes: Outcome[] = [];
  const failures: unknown[] = [];
  const application: Application = async (environ, startResponse) => {
    environ['fapws.after'](outcome => outcomes.push(outcome));
    try {
      const form = await readForm(environ, options);
      startResponse('200 OK', [['Content-Type', 'text/plain']]);
      return form.files.map(({ size }) => size).join(' ');
    } catch (error) {
      failures.push(error);
      throw error;
    }
  };
  server.mount('/', application);
  await server.listen();
  return {
    server,
    port: Number(new URL(server.url).port),
    outcomes,
    failures,
    [Symbol.asyncDispose]: async () => void (await server.stop({ graceMs: 0 })),
  };
}

const head = (length: number | null, more = ''): string =>
  `POST / HTTP/1.1\r\nHost: x\r\nContent-Type: ${multipartType}\r\n${more}` +
  `${length === null ? 'Transfer-Encoding: chunked' : `Content-Length: ${length}`}\r\n\r\n`;

async function dial(port: number): Promise<Socket & { received(): string }> {
  const socket = connect({ port, host: '127.0.0.1' });
  let received = '';
  socket.setEncoding('latin1').on('data', chunk => {
    received += chunk;
  });
  socket.on('error', () => {});
  await once(socket, 'connect');
  return Object.assign(socket, { received: () => received });
}

const beginning = Buffer.concat([
  multipart([file('a', 'whole.txt', 'whole')], ''),
  Buffer.from(
    `--${boundary}\r\nContent-Disposition: form-data; name="b"; filename="half"\r\n\r\n${'x'.repeat(100_000)}`,
  ),
]);

/** Descriptors of this process that lead into the folder. */
function openFiles(): string[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc/self/fd').flatMap(descriptor => {
    try {
      const target = readlinkSync(`/proc/self/fd/${descriptor}`);
      return target.startsWith(directory) ? [target] : [];
    } catch {
      // Closed since it was listed.
      return [];
    }
  });
}

const nothingLeft = (): Promise<void> =>
  expect.poll(() => [folder.left(), openFiles()], { timeout: 5000 }).toEqual([[], []]);

test.each<[string, (socket: Socket) => void]>([
  ['without a word', socket => void socket.destroy()],
  ['with a reset', socket => void socket.resetAndDestroy()],
  ['after it shut its side', socket => void socket.end()],
])(
  'a client that leaves %s in the middle of an upload leaves no file and no descriptor',
  async (_, leave) => {
    await using running = await run();
    const socket = await dial(running.port);
    socket.write(head(1_000_000));
    socket.write(beginning);
    await expect.poll(() => folder.left().length).toBe(2);
    leave(socket);
    await nothingLeft();
    await expect.poll(() => running.failures.length).toBe(1);
    expect(running.failures[0]).toMatchObject({ code: 'FAPWS_CLIENT_GONE' });
    socket.destroy();
  },
);

test('a client that leaves while a stream of the callback’s does not take more: the stream is destroyed', async () => {
  const stalled = new Writable({ highWaterMark: 1, write: () => {} });
  await using running = await run({
    directory,
    onFile: ({ field }) => (field === 'b' ? stalled : undefined),
  });
  const content = multipart([file('a', 'x', 'y'), file('b', 'x', 'y')]);
  const socket = await dial(running.port);
  socket.write(head(content.length));
  socket.write(content);
  await expect.poll(() => stalled.writableLength).toBeGreaterThan(0);
  socket.resetAndDestroy();
  await expect.poll(() => stalled.destroyed).toBe(true);
  await nothingLeft();
  await expect.poll(() => running.failures.length).toBe(1);
});

test('a stream that stalls is let go by the handler timeout: nobody reads the socket meanwhile', async () => {
  const stalled = new Writable({ highWaterMark: 1, write: () => {} });
  const onFile = ({ field }: { field: string }): Writable | undefined =>
    field === 'b' ? stalled : undefined;
  await using running = await run({ directory, onFile }, { timeouts: { handler: 1 } });
  const socket = await dial(running.port);
  socket.write(head(1_000_000));
  socket.write(beginning);
  await expect.poll(() => stalled.destroyed, { timeout: 10_000 }).toBe(true);
  expect(stalled.errored).toMatchObject({ code: 'FAPWS_HANDLER_TIMEOUT' });
  await nothingLeft();
  socket.destroy();
});

test('a client that leaves when all has arrived and is not read yet', async () => {
  let go = (): void => {};
  const asked = new Promise<void>(resolve => {
    go = resolve;
  });
  let waits = false;
  const onFile = async (): Promise<undefined> => {
    waits = true;
    await asked;
    return undefined;
  };
  await using running = await run({ directory, onFile });
  const content = multipart([file('a', 'x', 'y')]);
  const socket = await dial(running.port);
  socket.write(head(content.length));
  socket.write(content);
  await expect.poll(() => waits).toBe(true);
  socket.resetAndDestroy();
  await expect.poll(() => running.outcomes.length).toBe(1);
  go();
  await expect.poll(() => running.failures.length).toBe(1);
  expect(running.failures[0]).toMatchObject({ code: 'FAPWS_CLIENT_GONE' });
  await nothingLeft();
});

test('a body that stops arriving: 408, and nothing is left', async () => {
  await using running = await run({ directory }, { timeouts: { content: 1 } });
  const socket = await dial(running.port);
  socket.write(head(1_000_000));
  socket.write(beginning);
  await expect.poll(() => socket.received(), { timeout: 10_000 }).toMatch(/^HTTP\/1\.1 408 /);
  expect(running.failures[0]).toMatchObject({ code: 'FAPWS_CONTENT_TIMEOUT' });
  await nothingLeft();
  socket.destroy();
});

test.each([true, false])('the content limit of the server: 413, announced: %s', async announced => {
  await using running = await run({ directory }, { limits: { content: 50_000 } });
  const socket = await dial(running.port);
  socket.write(head(announced ? 1_000_000 : null));
  socket.write(announced ? beginning : Buffer.concat([Buffer.from('186a0\r\n'), beginning]));
  await expect.poll(() => socket.received()).toMatch(/^HTTP\/1\.1 413 /);
  await nothingLeft();
  socket.destroy();
});

test('a form that is refused is answered, and a small rest of it does not cost the connection', async () => {
  await using running = await run({ directory, limits: { file: 10 } });
  const content = multipart([file('a', 'x', 'y'.repeat(20_000))]);
  const good = multipart([file('a', 'x', 'y')]);
  const socket = await dial(running.port);
  socket.write(head(content.length));
  socket.write(content);
  await expect.poll(() => socket.received()).toMatch(/^HTTP\/1\.1 413 /);
  socket.write(head(good.length));
  socket.write(good);
  await expect.poll(() => socket.received()).toMatch(/HTTP\/1\.1 200 [\s\S]*\r\n\r\n1$/);
  await nothingLeft();
  socket.destroy();
});

test('who waits for 100 Continue is not asked for a form that can’t be read', async () => {
  await using running = await run({ directory, limits: { text: 100 } });
  for (const type of ['text/plain', 'multipart/form-data', 'application/x-www-form-urlencoded']) {
    const socket = await dial(running.port);
    const lines = head(1000, 'Expect: 100-continue\r\n').replace(multipartType, type);
    socket.write(lines);
    await expect.poll(() => socket.received()).toMatch(/^HTTP\/1\.1 4\d\d /);
    socket.destroy();
  }
});

test('an answer before the form is read ends the reading', async () => {
  await using running = await run();
  let reading: Promise<unknown> | undefined;
  running.server.mount('/early', (environ, startResponse) => {
    reading = readForm(environ, { directory });
    reading.catch(() => {});
    startResponse('200 OK', []);
    return 'early';
  });
  const socket = await dial(running.port);
  socket.write(head(1_000_000).replace('POST /', 'POST /early'));
  socket.write(beginning);
  await expect.poll(() => socket.received()).toMatch(/early$/);
  socket.destroy();
  await expect(reading).rejects.toThrow();
  await nothingLeft();
});

test('an upload of 64 MiB holds less than 8 MiB of memory, to a slow stream or to a file', async () => {
  const size = 64 * 1024 * 1024;
  let octets = 0;
  const slow = new Writable({
    highWaterMark: 65_536,
    write(chunk: Buffer, _encoding, done) {
      octets += chunk.length;
      if (octets % (4 * 1024 * 1024) < chunk.length) void sleep(5).then(() => done());
      else done();
    },
  });
  const onFile = ({ field }: { field: string }): Writable | undefined => (field === 's' ? slow : undefined);
  const serverOptions = { limits: { content: Number.POSITIVE_INFINITY } };
  await using running = await run({ directory, onFile, limits: { file: size } }, serverOptions);
  const block = Buffer.alloc(65_536, 'x');
  const before = held();
  let most = 0;
  for (const field of ['s', 'f']) {
    const opening = `--${boundary}\r\nContent-Disposition: form-data; name="${field}"; filename="big"\r\n\r\n`;
    const closing = `\r\n--${boundary}--\r\n`;
    const socket = await dial(running.port);
    socket.write(head(opening.length + size + closing.length));
    socket.write(opening);
    for (let sent = 0; sent < size; sent += block.length) {
      if (!socket.write(block)) await once(socket, 'drain');
      if (sent % (4 * 1024 * 1024) === 0) most = Math.max(most, held());
    }
    socket.write(closing);
    await expect.poll(() => socket.received(), { timeout: 10_000 }).toMatch(new RegExp(`\r\n\r\n${size}$`));
    socket.destroy();
  }
  expect(octets).toBe(size);
  expect(most - before).toBeLessThan(8 * 1024 * 1024);
  await nothingLeft();
}, 60_000);
