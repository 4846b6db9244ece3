// A client that leaves, at every stage of its request and in every manner: its callback is told, what the callback opened is
// closed, nothing is left behind, and the server serves on.

import { createReadStream, existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Server } from '../../src/index.ts';
import { RequestError } from '../../src/index.ts';
import { folder, socketPath } from '../loop/recorder.ts';
import { Watched } from '../loop/watched.ts';
import type { Client } from '../server/client.ts';
import { says, serving } from '../server/serving.ts';

const post = 'POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n';
const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;

/** What callbacks noticed. */
class Notes extends Watched {
  readonly all: string[] = [];
  add(note: string): void {
    this.all.push(note);
    this.changed();
  }
  untilNoted(note: string): Promise<void> {
    return this.until(`noted: ${note}`, () => this.all.includes(note));
  }
}

/** Stages: what the client sends, what is to be seen before it leaves, what is to be noted afterwards. */
const stages: [string, { send: string; seen?: string; noted: string[]; answered?: boolean }][] = [
  ['before it said anything', { send: '', noted: [] }],
  ['within the request line', { send: 'GET /hel', noted: [] }],
  ['within the header fields', { send: 'GET /hello HTTP/1.1\r\nHos', noted: [] }],
  ['before its content', { send: post, seen: 'upload called', noted: ['upload: FAPWS_CLIENT_GONE'] }],
  [
    'within its content',
    { send: `${post}some octets`, seen: 'upload read', noted: ['upload: FAPWS_CLIENT_GONE'] },
  ],
  ['while its callback works', { send: get('/wait'), seen: 'wait called', noted: ['wait aborted'] }],
  [
    'while a generator is sent to it',
    { send: get('/generator'), seen: 'generator full', noted: ['generator closed'] },
  ],
  [
    'while an asynchronous generator is sent to it',
    { send: get('/async'), seen: 'async full', noted: ['async closed'] },
  ],
  [
    'while an asynchronous generator waits',
    { send: get('/ticks'), seen: 'tick', noted: ['ticks aborted', 'ticks closed'] },
  ],
  ['while a file is sent to it', { send: get('/file'), seen: 'file open', noted: ['file closed'] }],
  ['while write makes it wait', { send: get('/write'), seen: 'write waits', noted: ['write goes on'] }],
  ['between two requests', { send: get('/hello'), noted: [], answered: true }],
  ['within the second request', { send: `${get('/hello')}GET /hel`, noted: [], answered: true }],
];

const manners: [string, (client: Client) => void][] = [
  ['closes', client => client.peer.socket.destroy()],
  ['resets', client => client.peer.reset()],
];

const full = 'x'.repeat(65_536);

function link(server: Server, notes: Notes, file: string): void {
  server
    .mount('/hello', says('hello'))
    .mount('/upload', async environ => {
      notes.add('upload called');
      try {
        for await (const piece of environ['wsgi.input'])
          notes.add(piece.length > 0 ? 'upload read' : 'nothing');
        notes.add('upload: complete');
      } catch (error) {
        notes.add(`upload: ${error instanceof RequestError ? error.code : String(error)}`);
        throw error;
      }
    })
    .mount('/wait', async (environ, startResponse) => {
      notes.add('wait called');
      await new Promise<void>(resolve => {
        environ['fapws.signal'].addEventListener('abort', () => resolve());
      });
      notes.add('wait aborted');
      startResponse('200 OK', [['Content-Type', 'text/plain']]);
      return ['to nobody'];
    })
    .mount('/generator', function* (_environ, startResponse) {
      startResponse('200 OK', [['Content-Type', 'text/plain']]);
      try {
        for (let octets = 0; ; octets += full.length) {
          if (octets === full.length) notes.add('generator full');
          yield full;
        }
      } finally {
        notes.add('generator closed');
      }
    })
    .mount('/async', async function* (_environ, startResponse) {
      startResponse('200 OK', [['Content-Type', 'text/plain']]);
      try {
        for (let octets = 0; ; octets += full.length) {
          if (octets === full.length) notes.add('async full');
          yield full;
        }
      } finally {
        notes.add('async closed');
      }
    })
    .mount('/ticks', async function* (environ, startResponse) {
      startResponse('200 OK', [['Content-Type', 'text/plain']]);
      try {
        yield 'tick';
        notes.add('tick');
        const signal = environ['fapws.signal'];
        await new Promise<void>(resolve => {
          signal.addEventListener('abort', () => resolve());
        });
        notes.add('ticks aborted');
        yield 'tock';
      } finally {
        notes.add('ticks closed');
      }
    })
    .mount('/file', (environ, startResponse) => {
      startResponse('200 OK', [['Content-Type', 'text/plain']]);
      const stream = createReadStream(file);
      stream.on('open', () => notes.add('file open'));
      stream.on('close', () => notes.add('file closed'));
      return environ['wsgi.file_wrapper'](stream);
    })
    .mount('/write', async (_environ, startResponse) => {
      const write = startResponse('200 OK', [['Content-Type', 'text/plain']]);
      for (let waiting = write(full); ; waiting = write(full)) {
        if (waiting === undefined) continue;
        // The kernel takes some megabytes before it makes anybody wait for long.
        const long = setTimeout(() => notes.add('write waits'), 100);
        await waiting;
        if (notes.all.includes('write waits')) break;
        clearTimeout(long);
      }
      notes.add('write goes on');
    });
}

/** Open handles and requests of this process, without those of the test runner's own that come and go. */
function resources(): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) {
    if (/^(TCP|Pipe|FSReq|FileHandle)/.test(kind)) counts[kind] = (counts[kind] ?? 0) + 1;
  }
  const descriptors = '/proc/self/fd';
  return existsSync(descriptors) ? { ...counts, descriptors: readdirSync(descriptors).length } : counts;
}

const places: [string, () => { path?: string; host?: string; port?: number }][] = [
  ['TCP', () => ({ host: '127.0.0.1', port: 0 })],
  ['a unix socket', () => ({ path: socketPath() })],
];

describe.each(places)('over %s', (place, where) => {
  describe.each(manners)('a client that %s', (manner, leave) => {
    // Only TCP knows a reset.
    test.runIf(manner !== 'resets' || place === 'TCP').each(stages)(
      '%s',
      { timeout: 15_000 },
      async (_, { send, seen, noted, answered = false }) => {
        const file = join(folder(), 'file');
        writeFileSync(file, Buffer.alloc(32 * 1024 * 1024));
        const notes = new Notes();
        const made = await serving(server => link(server, notes, file), where());
        const witness = await made.client();
        await witness.get('/hello');
        const before = resources();

        const client = await made.client();
        // What is sent to it must pile up, except for what it waits for.
        if (!answered) client.peer.socket.pause();
        client.send(send);
        if (answered) await client.answer();
        if (seen !== undefined) await notes.untilNoted(seen);
        else await witness.get('/hello');
        leave(client);
        for (const note of noted) await notes.untilNoted(note);
        await client.peer.untilClosed();

        // The server works, and has forgotten the connection.
        let after = resources();
        for (let round = 0; round < 200 && JSON.stringify(after) !== JSON.stringify(before); round += 1) {
          expect((await witness.get('/hello')).text).toBe('hello');
          after = resources();
        }
        expect(after).toEqual(before);
        // A client that leaves is no error of anybody's.
        expect(made.log).toBe('');
        witness.peer.socket.destroy();
        expect(await made.server.stop({ graceMs: 4000 })).toEqual({ cut: 0 });
      },
    );
  });
});
