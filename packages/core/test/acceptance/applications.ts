// The routes of Fapws3's own test server, as callbacks of today, for the acceptance list T1 to T32.

import { createReadStream, openSync, statSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import type {
  Application,
  Chunk,
  Environ,
  Headers,
  Middleware,
  Server,
  StartResponse,
} from '../../src/index.ts';
import { parseQuery } from '../../src/index.ts';

const html: Headers = [['Content-Type', 'text/html']];

/** The file behind /long, /elong and /staticform. */
export interface LongFile {
  readonly path: string;
  readonly size: number;
}

const env: Application = (environ, startResponse) => {
  startResponse('200 OK', html);
  return Object.entries(environ).map(([key, value]) => `${key}:${JSON.stringify(value) ?? String(value)};\n`);
};

const hello: Application = (_, startResponse) => {
  startResponse('200 OK', html);
  return ['Hello', ' world!!'];
};

function* iterhello(_: Environ, startResponse: StartResponse): Generator<string> {
  startResponse('200 OK', html);
  yield 'Hello';
  yield ' ';
  yield 'world!!';
}

/** A tuple is an array that nobody may change. */
const tuplehello: Application = (_, startResponse) => {
  startResponse('200 OK', html);
  return Object.freeze(['Hello', ' world!!']);
};

class HelloClass {
  readonly name = 'class';
  __call__(_: Environ, startResponse: StartResponse): string[] {
    startResponse('200 OK', html);
    return [`Hello from ${this.name} !!!`];
  }
}

/** What `@fapws/log` will do properly. */
const log: Middleware = application => (environ, startResponse) => {
  environ['wsgi.errors'].write(`${environ.REQUEST_METHOD} ${environ.REQUEST_URI}\n`);
  return application(environ, startResponse);
};

/** What `@fapws/gzip` will do properly: whole contents only. */
const gzip: Middleware = application => async (environ, startResponse) => {
  const result = await application(environ, startResponse);
  if (!environ.HTTP_ACCEPT_ENCODING?.includes('gzip') || startResponse.response === undefined) return result;
  const pieces: Buffer[] = [];
  for await (const piece of result as AsyncIterable<Chunk>) pieces.push(Buffer.from(piece as string));
  const zipped = gzipSync(Buffer.concat(pieces));
  startResponse.response.setHeader('Content-Encoding', 'gzip');
  startResponse.response.setHeader('Content-Length', String(zipped.length));
  return [zipped];
};

const staticfile =
  (file: LongFile): Application =>
  (environ, startResponse) => {
    const tag = `"${statSync(file.path).mtimeMs}"`;
    if (environ.HTTP_IF_NONE_MATCH === tag) {
      startResponse('304 Not Modified', [['ETag', tag]]);
      return [];
    }
    startResponse('200 OK', [...html, ['ETag', tag]]);
    return environ['wsgi.file_wrapper'](createReadStream(file.path));
  };

/** A POST without a length is what Fapws3 refused in its core; HTTP/1.1 allows it, so a callback that wants one says so. */
const requiresLength: Middleware = application => (environ, startResponse) => {
  if (environ.CONTENT_LENGTH === undefined) {
    startResponse('411 Length Required', html);
    return ['Length Required'];
  }
  return application(environ, startResponse);
};

const testpost: Application = async (environ, startResponse) => {
  const body = await environ['wsgi.input'].text();
  startResponse('200 OK', html);
  if (environ.CONTENT_TYPE?.startsWith('multipart/form-data')) return [body];
  environ['fapws.params'] = parseQuery(body);
  return [`OK. params are:${JSON.stringify(environ['fapws.params'])}`];
};

const badscript: Application = (_, startResponse) => {
  startResponse('200 OK', html);
  // @ts-expect-error: that there is no such name is the point.
  return [notDefinedAnywhere];
};

const returnnone: Application = (_, startResponse) => {
  startResponse('200 OK', html);
};

const returnnull: Application = (_, startResponse) => {
  startResponse('200 OK', html);
  return null;
};

function* returniternull(_: Environ, startResponse: StartResponse): Generator<string | null> {
  startResponse('200 OK', html);
  yield 'start';
  yield null;
  yield 'tt';
}

/** Links all fifteen. Order does not matter any more: the longest prefix wins, by whole segments. */
export function link(server: Server, file: LongFile): void {
  server
    .base({ traceback: true })
    .mount('/env', env)
    .mount('/hello', hello)
    .mount('/iterhello', iterhello)
    .mount('/tuplehello', tuplehello)
    .mount('/helloclass', new HelloClass().__call__.bind(new HelloClass()))
    .mount(
      '/long',
      log((environ, startResponse) => {
        startResponse('200 OK', html);
        return environ['wsgi.file_wrapper'](createReadStream('', { fd: openSync(file.path, 'r') }));
      }),
    )
    .mount('/longzipped', gzip(log(staticfile(file))))
    .mount('/elong', (_, startResponse) => {
      startResponse('200 OK', html);
      return slices(file.size);
    })
    .mount('/staticform', staticfile(file))
    .mount('/testpost', requiresLength(testpost))
    .mount('/badscript', badscript)
    .mount('/returnnone', returnnone)
    .mount('/returnnull', returnnull)
    .mount('/returniternull', returniternull)
    .mount('/time', (_, startResponse) => {
      startResponse('200 OK', html);
      return [String(Date.now())];
    });
}

const SLICE = 32_768;

function slices(size: number): string[] {
  const all: string[] = [];
  for (let left = size; left > 0; left -= SLICE) all.push('x'.repeat(Math.min(left, SLICE)));
  return all;
}
