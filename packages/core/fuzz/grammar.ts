// Requests as structures: every part that a mutation may want to get at is a field of its own. What is made here is in order.

import { kinds } from './applications.ts';
import type { Random } from './random.ts';

export interface FieldLine {
  name: string;
  /** What stands between name and value. */
  colon: string;
  value: string;
  end: string;
}

export interface ChunkPart {
  size: string;
  extensions: string;
  sizeEnd: string;
  data: string;
  dataEnd: string;
}

export interface Message {
  before: string;
  method: string;
  space: string;
  target: string;
  secondSpace: string;
  version: string;
  lineEnd: string;
  fields: FieldLine[];
  headEnd: string;
  /** Content as it stands when it is not chunked. */
  content: string;
  /** The last one has no data. */
  chunks: ChunkPart[] | null;
  trailers: FieldLine[];
  end: string;
}

export function render(message: Message): string {
  const { before, method, space, target, secondSpace, version, lineEnd, fields, headEnd } = message;
  const head = `${before}${method}${space}${target}${secondSpace}${version}${lineEnd}${lines(fields)}${headEnd}`;
  if (message.chunks === null) return head + message.content;
  const chunks = message.chunks
    .map(({ size, extensions, sizeEnd, data, dataEnd }) => size + extensions + sizeEnd + data + dataEnd)
    .join('');
  return `${head}${chunks}${lines(message.trailers)}${message.end}`;
}

function lines(fields: readonly FieldLine[]): string {
  return fields.map(({ name, colon, value, end }) => name + colon + value + end).join('');
}

export const fieldLine = (name: string, value: string, colon: string = ': '): FieldLine => ({
  name,
  colon,
  value,
  end: '\r\n',
});

const TOKEN = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const PATH = `${LETTERS}0123456789-._~!$&'()*+,;=:@`;
const applicationNames = Object.keys(kinds);
const readers = ['read', 'readlate', 'pieces', 'lines', 'some', 'echo', 'hintsread'];

const hosts = [
  'a',
  'a.example',
  'A.example:80',
  '127.0.0.1:8080',
  '[::1]',
  '[2001:db8::1]:443',
  'a:',
  'x%41',
  "b!$&'()*+;=_~",
];

/** A request in order. `id` is found again in its answer. */
export function makeMessage(random: Random, id: number): Message {
  const withContent = random.oneIn(2);
  const method = withContent
    ? random.pick(['POST', 'POST', 'PUT', 'PATCH', 'QUERY', 'DELETE', 'GET', 'OPTIONS', 'HEAD'])
    : random.pick([
        'GET',
        'GET',
        'GET',
        'GET',
        'HEAD',
        'HEAD',
        'POST',
        'DELETE',
        'OPTIONS',
        'TRACE',
        'LINK',
        'M-SEARCH',
      ]);
  const name = withContent && random.oneIn(2) ? random.pick(readers) : random.pick(applicationNames);
  const host = random.pick(hosts);
  const message: Message = {
    before: random.oneIn(12) ? '\r\n'.repeat(random.between(1, 3)) : '',
    method,
    space: ' ',
    target: makeTarget(random, id, name, host),
    secondSpace: ' ',
    version: random.oneIn(10) ? 'HTTP/1.0' : 'HTTP/1.1',
    lineEnd: '\r\n',
    fields: [],
    headEnd: '\r\n',
    content: '',
    chunks: null,
    trailers: [],
    end: '',
  };
  addFields(random, message, host);
  if (withContent) addContent(random, message);
  if (random.oneIn(40)) [message.method, message.target] = ['OPTIONS', '*'];
  if (random.oneIn(200)) [message.method, message.target] = ['CONNECT', 'a.example:443'];
  return message;
}

function makeTarget(random: Random, id: number, name: string, host: string): string {
  const path = random.pick([
    '/',
    '/p',
    '/p/q/',
    '//p',
    '/%C3%A9%41',
    `/${random.text(random.length(200), PATH)}`,
  ]);
  const query = `id=${id}&app=${name}${random.oneIn(8) ? `&q=${random.text(random.length(7000), `${PATH}/?`)}` : ''}`;
  // What the path has of dots may have become a dot segment, and whether one may climb is the router's to say.
  const target = `${path.replace(/\/\.+/g, '/p')}?${query}`;
  // The same host, now and then in another spelling, or another one, which is refused.
  const authority = random.pick([host, host, host.toUpperCase().replace('X%41', 'x%41'), random.pick(hosts)]);
  return random.oneIn(12) ? `${random.pick(['http', 'HTTP'])}://${authority}${target}` : target;
}

function addFields(random: Random, message: Message, host: string): void {
  const { fields } = message;
  fields.push(
    fieldLine(random.pick(['Host', 'Host', 'host', 'HOST']), host, random.pick([': ', ':', ':  ', ':\t'])),
  );
  for (let more = random.length(20); more > 0; more -= 1) {
    const name = `${random.pick(LETTERS.split(''))}${random.text(random.length(30), TOKEN)}`;
    // One with a meaning must not come about by chance.
    fields.push(fieldLine(`X-${name}`, makeValue(random)));
  }
  if (random.oneIn(6)) {
    fields.push(
      fieldLine(
        'Connection',
        random.pick([
          'close',
          'Close',
          'keep-alive',
          'Keep-Alive',
          'x, keep-alive',
          'keep-alive, close',
          ' , x-close',
          'upgrade',
          'closed',
          '',
        ]),
      ),
    );
  }
  if (message.version === 'HTTP/1.0' && random.oneIn(2)) fields.push(fieldLine('Connection', 'keep-alive'));
  if (random.oneIn(20)) fields.push(fieldLine('Upgrade', random.pick(['websocket', 'h2c', 'TLS/1.0'])));
  if (random.oneIn(20))
    fields.push(fieldLine(random.pick(['Proxy', '__proto__', 'X_Y', 'Trailer', 'TE', 'Cookie']), 'a'));
  shuffle(random, fields);
}

function makeValue(random: Random): string {
  const visible = random.text(
    random.length(random.oneIn(30) ? 6000 : 100),
    `${TOKEN} \t"(),/:;<=>?@[\\]{}éÿ`,
  );
  return random.oneIn(20) ? '' : visible;
}

function addContent(random: Random, message: Message): void {
  const content = makeContent(random);
  if (random.oneIn(2)) {
    message.fields.splice(random.below(message.fields.length + 1), 0, contentLength(random, content.length));
    message.content = content;
  } else if (message.version === 'HTTP/1.1') {
    message.fields.splice(
      random.below(message.fields.length + 1),
      0,
      fieldLine(
        random.pick(['Transfer-Encoding', 'transfer-encoding']),
        random.pick(['chunked', 'Chunked', 'chunked ']),
      ),
    );
    addChunks(random, message, content);
  }
  if (random.oneIn(6))
    message.fields.push(fieldLine('Expect', random.pick(['100-continue', '100-Continue', 'x'])));
}

function contentLength(random: Random, length: number): FieldLine {
  const digits = random.oneIn(8) ? String(length).padStart(random.between(1, 15), '0') : String(length);
  return fieldLine(
    random.pick(['Content-Length', 'content-length', 'CONTENT-LENGTH']),
    random.oneIn(6) ? `${digits} ` : digits,
  );
}

function makeContent(random: Random): string {
  const length = random.oneIn(30) ? random.below(30_000) : random.length(500);
  switch (random.below(4)) {
    case 0:
      return random.octets(length);
    case 1:
      // What a server that lost its place would take for a request.
      return `0\r\n\r\nGET /smuggled?id=-1 HTTP/1.1\r\nHost: s\r\n\r\n${'s'.repeat(length)}`;
    case 2:
      return random.text(length, 'ab\r\n');
    default:
      return 'c'.repeat(length);
  }
}

const extensions = ['', '', '', ';a', ';a=b', ';a="b; c \\" d"', ';a;b=c;d', ';a="\xe9"'];

function addChunks(random: Random, message: Message, content: string): void {
  message.chunks = [];
  for (let at = 0; at < content.length; ) {
    // A chunk for each octet of much content takes long and tells little.
    const most = message.chunks.length > 50 ? content.length : random.pick([1, 8, 64, 4000]);
    const data = content.slice(at, at + random.between(1, most));
    at += data.length;
    message.chunks.push(chunk(random, data));
  }
  message.chunks.push({ ...chunk(random, ''), dataEnd: '' });
  for (let more = random.oneIn(5) ? random.between(1, 4) : 0; more > 0; more -= 1) {
    message.trailers.push(
      fieldLine(
        random.pick(['X-Sum', 'Connection', 'Host', 'Expect', 'X-Trailer', 'Upgrade', 'Authorization']),
        random.pick(['close', 'a', '', '100-continue']),
      ),
    );
  }
  message.end = '\r\n';
}

function chunk(random: Random, data: string): ChunkPart {
  const digits = data.length.toString(16);
  const size = random.oneIn(6) ? digits.toUpperCase().padStart(random.between(1, 6), '0') : digits;
  return {
    size,
    extensions: random.oneIn(6) ? `;${random.text(random.between(1, 40), TOKEN)}` : random.pick(extensions),
    sizeEnd: '\r\n',
    data,
    dataEnd: '\r\n',
  };
}

export function shuffle<T>(random: Random, items: T[]): void {
  for (let at = items.length - 1; at > 0; at -= 1) {
    const other = random.below(at + 1);
    [items[at], items[other]] = [items[other] as T, items[at] as T];
  }
}
