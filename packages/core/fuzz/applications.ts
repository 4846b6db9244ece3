// The applications that requests ask for (`?app=NAME` in the target) and what each of them must answer. One per way in which
// a callback can give its answer, read its content, or fail to do either.

import { Buffer } from 'node:buffer';
import type { Application } from '../src/index.ts';
import { hintKinds } from './hints.ts';
import { begin, digest, digestOf, failed, headers, type Kind, later, type Traces, utf8 } from './kind.ts';
import type { ReadRequest } from './reference.ts';

const piece = 'x'.repeat(8192);
/** More of them than a transport takes at once. */
const PIECES = 12;

/** A result whose `close` is counted. */
function closing(traces: Traces, pieces: Iterable<string>): Iterable<string> & { close(): void } {
  traces.unclosed += 1;
  return {
    [Symbol.iterator]: () => pieces[Symbol.iterator](),
    close: () => {
      traces.unclosed -= 1;
    },
  };
}

export const kinds: Readonly<Record<string, Kind>> = {
  ...hintKinds,
  text: {
    application: (environ, start) => {
      begin(environ, start);
      return [`text ${environ.REQUEST_URI}`];
    },
    expected: ({ target }) => ({ status: 200, content: `text ${target}` }),
  },
  string: {
    application: (environ, start) => {
      begin(environ, start);
      return `strîng ${environ.REQUEST_METHOD}`;
    },
    expected: ({ method }) => ({ status: 200, content: utf8(`strîng ${method}`) }),
  },
  nothing: {
    application: (environ, start) => {
      begin(environ, start);
    },
    expected: () => ({ status: 200, content: '' }),
  },
  array: {
    application: (environ, start) => {
      begin(environ, start);
      return ['a', null, Buffer.from('b\xff', 'latin1'), '', 'ć'] as unknown as string[];
    },
    expected: () => ({ status: 200, content: `ab\xff${utf8('ć')}` }),
  },
  promise: {
    application: async (environ, start) => {
      await null;
      begin(environ, start);
      return ['promised'];
    },
    expected: () => ({ status: 200, content: 'promised' }),
  },
  late: {
    application: async (environ, start) => {
      await later();
      await later();
      begin(environ, start);
      return ['late'];
    },
    expected: () => ({ status: 200, content: 'late' }),
  },
  generator: {
    application: function* (environ, start) {
      begin(environ, start);
      yield '';
      yield 'one';
      yield null as unknown as string;
      yield environ.REQUEST_URI;
      yield Buffer.alloc(1000, 0x79);
    },
    expected: ({ target }) => ({ status: 200, content: `one${target}${'y'.repeat(1000)}` }),
  },
  closing: {
    application: (environ, start, traces) => {
      begin(environ, start);
      return closing(traces, ['to be ', 'closed']);
    },
    expected: () => ({ status: 200, content: 'to be closed' }),
  },
  asyncgen: {
    application: async function* (environ, start, traces) {
      traces.unclosed += 1;
      try {
        begin(environ, start);
        await later();
        yield 'first';
        await later();
        yield 'second';
      } finally {
        traces.unclosed -= 1;
      }
    },
    expected: () => ({ status: 200, content: 'firstsecond' }),
  },
  write: {
    application: async (environ, start) => {
      const write = begin(environ, start);
      await write('w1');
      await write(Buffer.from('w2'));
      return ['rest'];
    },
    expected: () => ({ status: 200, content: 'w1w2rest' }),
  },
  length: {
    application: function* (environ, start) {
      start('200 OK', [...headers(environ), ['Content-Length', '8']]);
      yield 'leng';
      yield 'thy!';
    },
    expected: () => ({ status: 200, content: 'lengthy!' }),
  },
  short: {
    application: function* (environ, start) {
      start('200 OK', [...headers(environ), ['Content-Length', '100']]);
      yield 'too';
      yield ' short';
    },
    expected: ({ method }) => ({ status: 200, content: 'too short', cut: method !== 'HEAD' }),
  },
  long: {
    application: function* (environ, start) {
      start('200 OK', [...headers(environ), ['Content-Length', '5']]);
      yield 'abc';
      yield 'defgh';
    },
    expected: () => ({ status: 200, content: 'abcde' }),
  },
  nocontent: {
    application: (environ, start) => {
      begin(environ, start, '204 No Content');
      return ['nobody sees this'];
    },
    expected: () => ({ status: 204, content: '' }),
  },
  reset: {
    application: (environ, start) => {
      begin(environ, start, '205 Reset Content');
      return ['nobody sees this'];
    },
    expected: () => ({ status: 205, content: '' }),
  },
  unchanged: {
    application: (environ, start) => {
      start('304 Not Modified', [...headers(environ), ['Content-Length', '10']]);
    },
    expected: () => ({ status: 304, content: '' }),
  },
  throws: {
    application: () => {
      throw new Error('thrown on purpose');
    },
    expected: () => failed,
  },
  rejects: {
    application: async (environ, start) => {
      begin(environ, start);
      await later();
      throw new Error('thrown on purpose');
    },
    expected: () => failed,
  },
  unstarted: { application: () => ['never started'], expected: () => failed },
  throwsfirst: {
    application: function* (environ, start) {
      begin(environ, start);
      yield 'never sent';
      throw new Error('thrown on purpose');
    },
    expected: () => failed,
  },
  throwslate: {
    application: function* (environ, start) {
      begin(environ, start);
      yield 'sent';
      yield ' too';
      throw new Error('thrown on purpose');
    },
    expected: ({ method }) => ({ status: 200, content: 'sent too', cut: method !== 'HEAD' }),
  },
  read: {
    application: async (environ, start) => {
      const content = await environ['wsgi.input'].read();
      begin(environ, start);
      return [digest(content)];
    },
    expected: request => ({ status: 200, content: digestOf(request) }),
    needs: Number.POSITIVE_INFINITY,
  },
  readlate: {
    application: async (environ, start) => {
      await later();
      await later();
      const content = await environ['wsgi.input'].read();
      begin(environ, start);
      return [digest(content)];
    },
    expected: request => ({ status: 200, content: digestOf(request) }),
    needs: Number.POSITIVE_INFINITY,
  },
  pieces: {
    application: async (environ, start) => {
      const pieces: Uint8Array[] = [];
      for await (const read of environ['wsgi.input']) {
        pieces.push(read);
        if (pieces.length % 3 === 0) await later();
      }
      begin(environ, start);
      return [digest(Buffer.concat(pieces))];
    },
    expected: request => ({ status: 200, content: digestOf(request) }),
    needs: Number.POSITIVE_INFINITY,
  },
  lines: {
    application: async (environ, start) => {
      const lines: Uint8Array[] = [];
      for (let line = await environ['wsgi.input'].readline(); line.length > 0; ) {
        lines.push(line);
        line = await environ['wsgi.input'].readline(1 + (lines.length % 20));
      }
      begin(environ, start);
      return [digest(Buffer.concat(lines))];
    },
    expected: request => ({ status: 200, content: digestOf(request) }),
    needs: Number.POSITIVE_INFINITY,
  },
  some: {
    application: async (environ, start) => {
      const read = await environ['wsgi.input'].read(3);
      begin(environ, start);
      return [Buffer.from(read).toString('hex')];
    },
    expected: ({ content }) => ({
      status: 200,
      content: Buffer.from(content.slice(0, 3), 'latin1').toString('hex'),
    }),
    needs: 3,
  },
  echo: {
    application: async function* (environ, start) {
      begin(environ, start);
      yield 'begin ';
      for await (const read of environ['wsgi.input']) yield read;
    },
    expected: ({ content }) => ({ status: 200, content: `begin ${content}` }),
    needs: Number.POSITIVE_INFINITY,
    streams: true,
  },
  fields: {
    application: (environ, start) => {
      begin(environ, start);
      return [JSON.stringify(environ['fapws.headers'])];
    },
    expected: ({ fields }) => ({ status: 200, content: utf8(JSON.stringify(fields)) }),
  },
  environ: {
    application: (environ, start) => {
      begin(environ, start);
      return [String(Object.keys(environ).length > 10)];
    },
    expected: () => ({ status: 200, content: 'true' }),
  },
  big: {
    application: function* (environ, start, traces) {
      traces.unclosed += 1;
      try {
        begin(environ, start);
        for (let sent = 0; sent < PIECES; sent += 1) yield piece;
      } finally {
        traces.unclosed -= 1;
      }
    },
    expected: () => ({ status: 200, content: piece.repeat(PIECES) }),
  },
  whole: {
    application: (environ, start) => {
      begin(environ, start);
      return piece.repeat(PIECES);
    },
    expected: () => ({ status: 200, content: piece.repeat(PIECES) }),
  },
  file: {
    application: (environ, start, traces) => {
      begin(environ, start);
      return environ['wsgi.file_wrapper'](closing(traces, ['of ', 'a ', 'file']));
    },
    expected: () => ({ status: 200, content: 'of a file' }),
  },
  waits: {
    application: async (environ, start, traces) => {
      await traces.wait(environ['fapws.signal']);
      begin(environ, start);
      return ['waited'];
    },
    expected: () => ({ status: 200, content: 'waited' }),
  },
};

const DEFAULT = 'text';

const nameIn = (target: string): string => {
  const name = /[?&]app=([a-z]+)/.exec(target)?.[1];
  return name !== undefined && Object.hasOwn(kinds, name) ? name : DEFAULT;
};
export const kindOf = (request: ReadRequest): Kind => kinds[nameIn(request.target)] as Kind;

/** One application that does what each request asks for. @param called told of every call */
export function application(
  traces: Traces,
  called: (method: string, target: string, client: string) => void,
): Application {
  return (environ, startResponse) => {
    called(environ.REQUEST_METHOD, environ.REQUEST_URI, environ.REMOTE_ADDR);
    const kind = kinds[nameIn(environ.REQUEST_URI)] as Kind;
    const result = kind.application(environ, startResponse, traces);
    if (!(result instanceof Promise)) return result;
    traces.running += 1;
    return result.finally(() => {
      traces.running -= 1;
    });
  };
}
