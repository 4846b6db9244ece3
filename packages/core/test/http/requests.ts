// Requests of every kind, for all tests that deliver them in different ways. The application's way of answering is part of
// the target: `?app=…` names one of `apps`.

import {
  type App,
  giveUp,
  hello,
  readContent,
  respond,
  type Seen,
  Server,
  type ServerOptions,
} from './wire.ts';

/** A request that is in order. */
export interface Request {
  name: string;
  octets: string;
  method: string;
  path: string;
  host: string;
  content: string;
  /** Whether the connection ends with the answer. */
  last: boolean;
  /** Whether the client waits for 100 Continue. */
  expects?: true;
}

const usual = { method: 'GET', path: '/', host: 'a.example', content: '', last: false };

/** Each takes the application's name, to be woven into the target. */
export const kinds: readonly ((app: string) => Request)[] = [
  app => ({ ...usual, name: 'GET', octets: `GET /?app=${app} HTTP/1.1\r\nHost: a.example\r\n\r\n` }),
  app => ({
    ...usual,
    name: 'GET with fields of all sorts',
    octets: `GET /?app=${app} HTTP/1.1\r\nHost:a.example\r\nEmpty:\r\nBlank:  \t \r\nX: 1 \t\r\nx:\t2\r\nLatin: \xe9\xff\r\n__proto__: p\r\n\r\n`,
  }),
  app => ({
    ...usual,
    name: 'HEAD',
    method: 'HEAD',
    path: '/head',
    octets: `HEAD /head?app=${app} HTTP/1.1\r\nHost: a.example\r\n\r\n`,
  }),
  app => ({
    ...usual,
    name: 'POST with Content-Length',
    method: 'POST',
    content: 'hello\r\n\r\nGET / HTTP/1.1\r\n',
    octets: `POST /?app=${app} HTTP/1.1\r\nHost: a.example\r\nContent-Length: 25\r\n\r\nhello\r\n\r\nGET / HTTP/1.1\r\n`,
  }),
  app => ({
    ...usual,
    name: 'POST with Content-Length: 0',
    method: 'POST',
    octets: `POST /?app=${app} HTTP/1.1\r\nHost: a.example\r\nContent-Length: 0\r\n\r\n`,
  }),
  app => ({
    ...usual,
    name: 'POST without a length',
    method: 'POST',
    octets: `POST /?app=${app} HTTP/1.1\r\nHost: a.example\r\n\r\n`,
  }),
  app => ({
    ...usual,
    name: 'GET with content',
    content: 'abc',
    octets: `GET /?app=${app} HTTP/1.1\r\nHost: a.example\r\ncontent-length: 003 \r\n\r\nabc`,
  }),
  app => ({
    ...usual,
    name: 'chunked content with extensions and trailers',
    method: 'PUT',
    content: '0\r\n\r\nabc0123456789',
    octets: `PUT /?app=${app} HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: Chunked\r\n\r\n8\r\n0\r\n\r\nabc\r\n0A;a=b;c="d \\" e";f\r\n0123456789\r\n000\r\nContent-MD5: x\r\nKeep-Alived: close\r\nServer-Timing:\r\n\r\n`,
  }),
  app => ({
    ...usual,
    name: 'chunked content without any',
    method: 'POST',
    octets: `POST /?app=${app} HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  }),
  app => ({
    ...usual,
    name: 'Expect: 100-continue',
    method: 'POST',
    content: 'abc',
    expects: true,
    // Who answers without the content can't know whether it comes.
    last: app === 'instant',
    octets: `POST /?app=${app} HTTP/1.1\r\nHost: a.example\r\nExpect: 100-Continue\r\nContent-Length: 3\r\n\r\nabc`,
  }),
  app => ({
    ...usual,
    name: 'absolute-form',
    path: '/x',
    host: 'B.example:81',
    octets: `GET http://B.example:81/x?app=${app} HTTP/1.1\r\nHost: b.example:81\r\n\r\n`,
  }),
  app => ({
    ...usual,
    name: 'absolute-form without a path',
    host: 'b.example',
    octets: `GET HTTP://b.example?app=${app} HTTP/1.1\r\nHost: b.example\r\n\r\n`,
  }),
  _ => ({
    ...usual,
    name: 'OPTIONS *',
    method: 'OPTIONS',
    path: '*',
    octets: 'OPTIONS * HTTP/1.1\r\nHost: a.example\r\n\r\n',
  }),
  app => ({
    ...usual,
    name: 'an upgrade that nobody wants',
    octets: `GET /?app=${app} HTTP/1.1\r\nHost: a.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`,
  }),
  app => ({
    ...usual,
    name: 'an upgrade with content that nobody wants',
    method: 'POST',
    content: 'abc',
    octets: `POST /?app=${app} HTTP/1.1\r\nHost: a.example\r\nConnection: upgrade\r\nUpgrade: h2c\r\nContent-Length: 3\r\n\r\nabc`,
  }),
  app => ({
    ...usual,
    name: 'empty lines before',
    octets: `\r\n\r\nGET /?app=${app} HTTP/1.1\r\nHost: a.example\r\n\r\n`,
  }),
  app => ({
    ...usual,
    name: 'HTTP/1.0 with keep-alive',
    octets: `GET /?app=${app} HTTP/1.0\r\nHost: a.example\r\nConnection: Keep-Alive\r\n\r\n`,
  }),
  app => ({
    ...usual,
    name: 'a connection that is not to be closed, whatever it looks like',
    octets: `GET /?app=${app} HTTP/1.1\r\nHost: a.example\r\nConnection: closed, x-close, "close", close\xa0\r\n\r\n`,
  }),
  app => ({
    ...usual,
    name: 'HTTP/1.0',
    host: '',
    last: true,
    octets: `GET /?app=${app} HTTP/1.0\r\n\r\n`,
  }),
  app => ({
    ...usual,
    name: 'HTTP/1.0 with content',
    method: 'POST',
    content: 'abc',
    last: true,
    octets: `POST /?app=${app} HTTP/1.0\r\nHost: a.example\r\nContent-Length: 3\r\n\r\nabc`,
  }),
  ...[
    'close',
    'Close',
    'keep-alive, CLOSE',
    ',, close\t,',
    'x\r\nConnection:\tclose \t\r\nConnection: keep-alive',
  ].map(spelling => (app: string) => ({
    ...usual,
    name: `Connection: ${JSON.stringify(spelling)}`,
    last: true,
    octets: `GET /?app=${app} HTTP/1.1\r\nHost: a.example\r\nConnection: ${spelling}\r\n\r\n`,
  })),
];

/** Ways to answer. All tell in `seen` what content they read. */
export const apps = {
  /** At once, without a look at the content. */
  instant: (exchange: Exchange) => hello(exchange),
  /** In the moment in which the content is complete. */
  direct: (exchange: Exchange, seen: Seen) => whenRead(exchange, seen, answer => answer()),
  /** In a microtask. */
  soon: (exchange: Exchange, seen: Seen) => whenRead(exchange, seen, answer => queueMicrotask(answer)),
  /** In a later turn of the loop. */
  late: (exchange: Exchange, seen: Seen) =>
    whenRead(exchange, seen, answer => setImmediate(() => setImmediate(answer))),
};

type Exchange = Parameters<App>[0];
export type AppName = keyof typeof apps;
export const appNames = Object.keys(apps) as AppName[];

function whenRead(exchange: Exchange, seen: Seen, later: (answer: () => void) => void): void {
  readContent(exchange, (content, error) => {
    seen.content = error === null ? content.toString('latin1') : error.code;
    if (error !== null) giveUp(exchange, error);
    else later(() => respond(exchange, `${seen.method} ${seen.path} ${content.length}`));
  });
}

/** A server that answers as the targets of its requests tell it. */
export function server(options: ServerOptions = {}): Server {
  const made: Server = new Server({
    ...options,
    app: exchange => {
      const name = /app=(\w+)/.exec(exchange.head.query)?.[1] ?? 'direct';
      apps[name as AppName](exchange, made.seen.at(-1) as Seen);
    },
  });
  return made;
}
