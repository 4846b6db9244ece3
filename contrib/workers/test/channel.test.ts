// The channel between a primary and a worker, of which each end has to bear whatever comes.

import { once } from 'node:events';
import { createServer, Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { Channel } from '../src/channel.ts';
import { reportOf } from '../src/messages.ts';

/** Two connected sockets. */
async function pair(): Promise<[Socket, Socket]> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const far = new Socket().connect(server.address() as { port: number });
  const [near] = (await once(server, 'connection')) as [Socket];
  server.close();
  onTestFinished(() => {
    near.destroy();
    far.destroy();
  });
  return [near, far];
}

async function heardOf(...pieces: string[]): Promise<unknown[]> {
  const [near, far] = await pair();
  const heard: unknown[] = [];
  const closed = new Promise<void>(resolve => {
    new Channel(near, message => heard.push(message), resolve);
  });
  for (const piece of pieces) await new Promise(resolve => far.write(piece, resolve));
  far.end();
  await closed;
  return heard;
}

test('messages arrive one by one, however they are cut', async () => {
  const text = '{"ready":[]}\n{"stopping":true}\n{"failed":"ö"}\n';
  const expected = [{ ready: [] }, { stopping: true }, { failed: 'ö' }];
  expect(await heardOf(text)).toEqual(expected);
  expect(await heardOf(...text)).toEqual(expected);
});

test('lines that are no messages are passed over, and so are those without an end', async () => {
  const long = 'x'.repeat(100_000);
  expect(
    await heardOf('garbage\n', '\n', '{"half":', '\n{"stopping":true}\n', long, long, '\n{"failed":""}\n'),
  ).toEqual([{ stopping: true }, { failed: '' }]);
});

test('a reader that takes nothing does not fill the memory of the writer', async () => {
  const [near, far] = await pair();
  far.pause();
  const channel = new Channel(near, () => {});
  for (let message = 0; message < 100_000; message += 1) channel.send({ failed: 'x'.repeat(100) });
  expect(near.writableLength).toBeLessThan(200_000);
});

test.each([
  [null, {}],
  [5, {}],
  [[], {}],
  [{ ready: 'yes' }, {}],
  [
    { ready: [{ host: '::1', port: 1 }, { path: '/s' }, { fd: 3 }, { host: 5, port: 1 }, null] },
    { ready: [{ host: '::1', port: 1 }, { path: '/s' }, { fd: 3 }] },
  ],
  [
    { vitals: { rss: 1, lag: 2, busy: 0.5, requests: 0 } },
    { vitals: { rss: 1, lag: 2, busy: 0.5, requests: 0 } },
  ],
  [{ vitals: { rss: 1, lag: 2, busy: 0.5 } }, {}],
  [{ vitals: { rss: '1', lag: 2, busy: 0.5, requests: 0 } }, {}],
  [{ vitals: { rss: null, lag: 2, busy: 0.5, requests: 0 } }, {}],
  [{ stopping: 'maybe' }, {}],
  [{ failed: { toString: 1 } }, {}],
])('what a worker says is looked at before it is believed: %j', (message, report) => {
  expect(reportOf(message)).toEqual(report);
});
