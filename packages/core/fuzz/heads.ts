// The other side: random statuses and header lists that an application may hand to startResponse, or to wsgi.early_hints. Each is
// refused with an error, or gives exactly one answer, which says just that and does not leak into the next one.

import { Server } from '../test/http/wire.ts';
import { readAnswer } from './answers.ts';
import { dispatching } from './dispatching.ts';
import { Violation } from './judge.ts';
import type { Random } from './random.ts';

const names = [
  'X-A',
  'Content-Type',
  'Content-Length',
  'Date',
  'Server',
  'Set-Cookie',
  'Connection',
  'Transfer-Encoding',
  'Upgrade',
  'Trailer',
  'Keep-Alive',
  'TE',
  'content-length',
  'DATE',
  'Location',
  '__proto__',
];
const values = [
  'a',
  '',
  ' ',
  '5',
  '0',
  '-1',
  '5, 5',
  '99999999999999999',
  'close',
  'chunked',
  'é',
  '\t',
  'a\r\nX-Injected: 1',
  'a\nX-Injected: 1',
  'a\rb',
  '\0',
  '\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
  'Ā',
  '\x7f',
  'Sun, 06 Nov 1994 08:49:37 GMT',
];
const statuses = [
  '200 OK',
  '200 ',
  '204 No Content',
  '304 Not Modified',
  '205 Reset Content',
  '404 Not Found',
  '999 x',
  '200',
  '99 x',
  '100 Continue',
  '101 Switching Protocols',
  '1000 x',
  '200 OK\r\nX-Injected: 1',
  '200 \n',
  '',
  'OK',
  ' 200 OK',
  '200 Ā',
  '200 é',
  '２00 OK',
  '304 x\ty',
];
const wrong: readonly unknown[] = [
  null,
  undefined,
  5,
  {},
  [],
  'a',
  ['a'],
  ['a', 'b', 'c'],
  ['a', 5],
  [Symbol('a'), 'a'],
];

interface Attempt {
  readonly status: unknown;
  readonly headers: unknown;
  readonly content: string;
}

function attempt(random: Random): Attempt {
  const status = random.oneIn(30)
    ? random.pick(wrong)
    : random.oneIn(2)
      ? '200 OK'
      : mangled(random, random.pick(statuses));
  const headers: unknown = random.oneIn(40)
    ? random.pick(wrong)
    : Array.from({ length: random.below(5) }, () =>
        random.oneIn(40)
          ? random.pick(wrong)
          : [mangled(random, random.pick(names)), mangled(random, random.pick(values))],
      );
  // Two dates are the application's own doing, and harmless.
  if (Array.isArray(headers) && headers.filter(header => /^date$/i.test(String(header?.[0]))).length > 1)
    return attempt(random);
  return {
    status,
    headers,
    content: random.pick(['', 'hello', 'a\r\n\r\nHTTP/1.1 200 OK\r\n\r\n', 'x'.repeat(5000)]),
  };
}

function mangled(random: Random, text: string): string {
  if (!random.oneIn(6)) return text;
  const at = random.below(text.length + 1);
  return (
    text.slice(0, at) +
    random.pick(['\r\n', '\n', '\r', '\0', ' ', ':', String.fromCharCode(random.below(0x300))]) +
    text.slice(at)
  );
}

const SENTINEL = 'the next answer';

/** @throws {Violation} */
async function tryHints(random: Random): Promise<void> {
  const { headers } = attempt(random);
  const version = random.pick(['1.1', '1.1', '1.0']);
  let refused: unknown = null;
  const dispatcher = dispatching({
    '': (environ, startResponse) => {
      try {
        environ['wsgi.early_hints'](headers as [string, string][]);
      } catch (error) {
        refused = error;
      }
      startResponse('200 OK', []);
      return SENTINEL;
    },
  });
  const server = new Server({ app: exchange => dispatcher.answer(exchange) });
  const client = server.connect().send(`GET / HTTP/${version}\r\nHost: a\r\nConnection: close\r\n\r\n`);
  await server.quiet();
  const { received } = client;
  const said = `${shown([headers, version])}: ${JSON.stringify(received.slice(0, 200))}`;
  if (refused !== null && (refused as Error).name !== 'ContractError') {
    throw new Violation(`${String(refused)} for hints ${said}`);
  }
  let at = 0;
  if (refused === null && version === '1.1') {
    const interim = readAnswer(received, 0, 'GET');
    at = interim.end;
    const given = (headers as [string, string][]).filter(([name]) => !/^content-length$/i.test(name));
    if (interim.code !== 103 || JSON.stringify(interim.fields) !== JSON.stringify(given)) {
      throw new Violation(`hints are not sent as given: ${said}`);
    }
  }
  const final = readAnswer(received, at, 'GET');
  if (final.code !== 200 || final.content !== SENTINEL || final.end !== received.length) {
    throw new Violation(`the answer is disturbed by hints ${said}`);
  }
}

/** As JSON; a symbol by its name. */
function shown(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => (typeof part === 'symbol' ? String(part) : part));
}

/** @throws {Violation} */
export async function tryHead(random: Random): Promise<void> {
  if (random.oneIn(4)) return tryHints(random);
  const { status, headers, content } = attempt(random);
  const method = random.pick(['GET', 'GET', 'HEAD']);
  const version = random.pick(['1.1', '1.1', '1.0']);
  const streams = random.oneIn(2);
  let refused: unknown = null;
  const dispatcher = dispatching({
    '/next': (_, startResponse) => {
      startResponse('200 OK', []);
      return SENTINEL;
    },
    '/head': (_, startResponse) => {
      try {
        startResponse(status as string, headers as [string, string][]);
      } catch (error) {
        refused = error;
        throw error;
      }
      return streams ? [content].values() : [content];
    },
  });
  const server = new Server({ app: exchange => dispatcher.answer(exchange) });
  const keep = version === '1.0' ? 'Connection: keep-alive\r\n' : '';
  const client = server
    .connect()
    .send(
      `${method} /head HTTP/${version}\r\nHost: a\r\n${keep}\r\nGET /next HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`,
    );
  await server.quiet();
  const said = shown([status, headers, content.slice(0, 20), method, version, streams]);
  const { received } = client;
  const first = readAnswer(received, 0, method);
  if (refused !== null) {
    if ((refused as Error).name !== 'ContractError') throw new Violation(`${String(refused)} for ${said}`);
    if (first.code !== 500) throw new Violation(`refused, and yet ${first.code}: ${said}`);
  } else judgeAccepted(first, said, { status, headers, content, method });
  if (!first.complete || first.fields.some(([name, value]) => name === 'Connection' && value === 'close')) {
    if (first.end !== received.length) throw new Violation(`more behind the last answer: ${said}`);
    return;
  }
  const second = readAnswer(received, first.end, 'GET');
  if (!second.complete || second.content !== SENTINEL || second.end !== received.length) {
    throw new Violation(`the next answer is disturbed by ${said}`);
  }
}

function judgeAccepted(
  answer: ReturnType<typeof readAnswer>,
  said: string,
  { status, headers, content, method }: Attempt & { method: string },
): void {
  const lengths = (headers as [string, string][]).filter(([name]) => name.toLowerCase() === 'content-length');
  const length = Number(lengths[0]?.[1] ?? content.length);
  const hasContent = !['204', '205', '304'].includes((status as string).slice(0, 3));
  // Less than was announced: a whole answer becomes 500, one that has begun is cut.
  if (hasContent && method !== 'HEAD' && length > content.length) {
    if (answer.code !== 500 && answer.complete) throw new Violation(`too short and yet whole: ${said}`);
    return;
  }
  if (`${answer.code} ${answer.reason}` !== status)
    throw new Violation(`${answer.code} ${answer.reason} for ${said}`);
  for (const [name, value] of headers as [string, string][]) {
    const code = (status as string).slice(0, 3);
    // 205 has a length of the server's own.
    const dropped = /^content-length$/i.test(name) && (code === '204' || (code === '205' && value !== '0'));
    const there = answer.fields.some(field => field[0] === name && field[1] === value);
    if (there === dropped)
      throw new Violation(`${name} ${there ? 'is sent' : 'is not sent as given'}: ${said}`);
  }
  const added = ['date', 'server', 'content-length', 'transfer-encoding', 'connection'];
  for (const [name] of answer.fields) {
    const known = (headers as [string, string][]).some(header => header[0] === name);
    if (!known && !added.includes(name.toLowerCase()))
      throw new Violation(`${name} comes from nowhere: ${said}`);
  }
  const expected = hasContent && method !== 'HEAD' ? content.slice(0, length) : '';
  if (answer.content !== expected) throw new Violation(`other content than given: ${said}`);
}
