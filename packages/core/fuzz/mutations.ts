// Ways to break a request: at the level of its structure, where smuggling lives, and at the level of octets, where
// everything else does.

import { fieldLine, type Message, shuffle } from './grammar.ts';
import type { Random } from './random.ts';

type Mutation = (random: Random, message: Message) => void;

const lengths = [
  '0',
  '1',
  '5',
  '05',
  '+5',
  '-1',
  '5, 5',
  '5,6',
  '0x5',
  '5.0',
  '5e0',
  ' 5',
  '',
  'a',
  '5 5',
  '"5"',
  '5\xa0',
  '99999999999999999999',
  '16777217',
  '9007199254740993',
];
const codings = [
  'chunked',
  'Chunked',
  'gzip, chunked',
  'chunked, gzip',
  'identity',
  'chunked, chunked',
  '',
  'xchunked',
  'chunkedx',
  '"chunked"',
  'chunked;a=b',
  ' chunked',
  'chunked\t',
  ', chunked',
  'chunked,',
  '\x0bchunked',
  'c hunked',
];
const lineEnds = ['\n', '\r', '\r\r\n', '\n\r', '', '\r\n\r\n', ' \r\n', '\r\n ', '\0\r\n', '\t\r\n'];
const colons = [' : ', '\t: ', '', ';', ':\r\n ', ': \0', ':\x01', ' :', ':\xa0'];
const sizes = [
  '',
  '+1',
  '-1',
  '0x1',
  ' 1',
  '1 ',
  '1_0',
  'g',
  'ffffffffffffffff',
  '10000000000000000',
  '1\t',
  '000000000000000000001',
  '00',
  '1;',
];
const versions = [
  'HTTP/1.2',
  'HTTP/2.0',
  'HTTP/0.9',
  'http/1.1',
  'HTTP/1.10',
  'HTTP/1.',
  'HTTP/11',
  'HTTP/1.1 ',
  '',
  'HTTP/x.y',
  'RTSP/1.0',
  'HTTP/1,1',
  'HTTP /1.1',
];
const methods = [
  'BREW',
  'get',
  'GETS',
  'GE',
  '',
  'G(T',
  'PRI',
  'PLAY',
  'M-',
  'CONNECT',
  'OPTIONS',
  'X'.repeat(300),
];
const hosts = [
  '',
  ' ',
  'a b',
  'a,b',
  'a/b',
  'u@a',
  'a:x',
  'a:99999',
  '[::1',
  '::1',
  '[::1]x',
  '%zz',
  '\xe9',
  'a:80:80',
  '[v1.a]',
  'a%00',
  '[fe80::1%25e]',
  'a:000080',
  ':80',
];
const targets = [
  '*',
  'x',
  '',
  '/\0',
  '/\x7f',
  '/ x',
  '/#a',
  '/"',
  '/<',
  '/\\',
  '/%',
  '/%zz',
  '/%00',
  '/%0d%0a',
  '/%ff',
  '/../x',
  '/a/../b',
  '/%2e%2e/',
  'http://',
  'http:///x',
  'http://u@a/',
  'https://a/',
  'ftp://a/',
  'a:80',
  '?x',
  '/[x]',
  '/{x}|^`',
  '/?%zz',
  'http://a#x',
  `/${'l'.repeat(8200)}`,
];

const aField = (random: Random, message: Message): number => random.below(Math.max(1, message.fields.length));
const named = (message: Message, name: string): Message['fields'] =>
  message.fields.filter(field => field.name.toLowerCase() === name);

function insert(random: Random, message: Message, name: string, value: string): void {
  message.fields.splice(random.below(message.fields.length + 1), 0, fieldLine(name, value));
}

const structural: readonly Mutation[] = [
  (random, message) => insert(random, message, 'Content-Length', random.pick(lengths)),
  (random, message) => insert(random, message, 'Transfer-Encoding', random.pick(codings)),
  (random, message) => insert(random, message, 'Host', random.pick([...hosts, 'a'])),
  (random, message) =>
    insert(
      random,
      message,
      'Connection',
      random.pick(['close', 'keep-alive', 'close\t', '\tclose ,', 'clo se', 'Upgrade, close']),
    ),
  (random, message) =>
    insert(random, message, 'Expect', random.pick(['100-continue', '100-continue, x', ''])),
  (random, message) => {
    for (const field of named(message, 'content-length')) field.value = random.pick(lengths);
  },
  (random, message) => {
    for (const field of named(message, 'transfer-encoding')) field.value = random.pick(codings);
  },
  (random, message) => {
    for (const field of named(message, 'host')) field.value = random.pick(hosts);
  },
  (random, message) => {
    message.fields.splice(aField(random, message), 1);
  },
  (random, message) => {
    const field = message.fields[aField(random, message)];
    if (field !== undefined) message.fields.splice(aField(random, message), 0, { ...field });
  },
  (random, message) => shuffle(random, message.fields),
  (random, message) => {
    const field = message.fields[aField(random, message)];
    if (field !== undefined) field.end = random.pick(lineEnds);
  },
  (random, message) => {
    const field = message.fields[aField(random, message)];
    if (field !== undefined) field.colon = random.pick(colons);
  },
  (random, message) => {
    const field = message.fields[aField(random, message)];
    if (field !== undefined)
      field.name = random.pick([
        '',
        ' X',
        'X Y',
        'X(',
        '\xe9',
        `${field.name} `,
        field.name.toUpperCase(),
        'X'.repeat(9000),
        'Content_Length',
      ]);
  },
  (random, message) => {
    const field = message.fields[aField(random, message)];
    if (field !== undefined)
      field.value = random.pick([
        '\x01',
        'a\0b',
        '\x7f',
        'v'.repeat(9000),
        '\t',
        '\xa0',
        'a\rb',
        'a\nb',
        'v'.repeat(8200),
      ]);
  },
  (random, message) => {
    for (let more = random.between(80, 130); more > 0; more -= 1) message.fields.push(fieldLine('M', 'v'));
  },
  (random, message) => {
    for (let more = 0; more < 4; more += 1)
      message.fields.push(fieldLine('Large', 'v'.repeat(random.between(3000, 5000))));
  },
  (random, message) => {
    message.version = random.pick(versions);
  },
  (random, message) => {
    message.method = random.pick(methods);
  },
  (random, message) => {
    message.target = random.pick(targets);
  },
  (random, message) => {
    message.lineEnd = random.pick(lineEnds);
  },
  (random, message) => {
    message.headEnd = random.pick(lineEnds);
  },
  (random, message) => {
    message.space = random.pick(['  ', '\t', '', ' \t', '\xa0']);
  },
  (random, message) => {
    message.secondSpace = random.pick(['  ', '\t', '', '\r\n']);
  },
  (random, message) => {
    message.before = random.pick([
      '\r',
      '\n',
      '\r\n\n',
      ' ',
      '\0',
      '\r\r\n',
      '\r\n'.repeat(5000),
      '\x16\x03\x01',
    ]);
  },
  (random, message) => {
    message.content = random.pick([
      message.content.slice(1),
      `${message.content}x`,
      `${message.content}\r\n`,
      '',
    ]);
  },
];

/** On the framing of chunks; without chunks there is nothing to do. */
const ofChunks: readonly Mutation[] = [
  (random, message) => {
    aChunk(random, message).size = random.pick(sizes);
  },
  (random, message) => {
    const chunk = aChunk(random, message);
    chunk.size = (chunk.data.length + random.pick([-1, 1, 2, 16])).toString(16);
  },
  (random, message) => {
    aChunk(random, message).sizeEnd = random.pick(lineEnds);
  },
  (random, message) => {
    aChunk(random, message).dataEnd = random.pick([...lineEnds, 'x', 'x\n', '\rx', 'xx']);
  },
  (random, message) => {
    aChunk(random, message).extensions = random.pick([
      ';',
      ' ;a',
      '; a',
      ';a =b',
      ';a="b',
      ';a=\n',
      ';a\0',
      ';a="\r\n"',
      '\t',
      `;${'e'.repeat(5000)}`,
      ';\xe9',
      ';a;;b',
    ]);
  },
  (random, message) => {
    for (const chunk of message.chunks ?? []) chunk.extensions = `;${'e'.repeat(random.between(1, 300))}`;
  },
  (random, message) => {
    message.trailers.push(
      random.pick([
        fieldLine('Content-Length', '5'),
        fieldLine('Transfer-Encoding', 'chunked'),
        fieldLine(
          random.pick(['Connection', 'Host', 'Expect', 'Upgrade', 'Authorization', 'cookie']),
          random.pick(['close', '']),
        ),
        fieldLine('X ', 'a'),
        fieldLine('', ''),
        fieldLine('X', '\x01'),
        { ...fieldLine('X', 'a'), end: '\n' },
        fieldLine('X', 't'.repeat(5000)),
        fieldLine('X', 'a', ''),
      ]),
    );
  },
  (random, message) => {
    message.end = random.pick(lineEnds);
  },
  (random, message) => {
    message.chunks?.splice(random.below(message.chunks.length), 1);
  },
];

function aChunk(random: Random, message: Message): NonNullable<Message['chunks']>[number] {
  return random.pick(message.chunks as NonNullable<Message['chunks']>);
}

export function mutate(random: Random, message: Message): void {
  const mutations =
    message.chunks !== null && message.chunks.length > 0 && random.oneIn(2) ? ofChunks : structural;
  random.pick(mutations)(random, message);
}

const dictionary = [
  '\r\n',
  '\r',
  '\n',
  '\0',
  ' ',
  ':',
  ';',
  '\t',
  '0\r\n\r\n',
  'HTTP/1.1',
  'Content-Length: 3\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Host: a\r\n',
  '\r\n\r\n',
  'GET / HTTP/1.1\r\n',
  '\xff',
  '%',
  '\x7f',
];

/** Changes octets without regard to what they mean. */
export function mutateOctets(random: Random, octets: string): string {
  const at = random.below(octets.length + 1);
  const length = random.length(50);
  switch (random.below(5)) {
    case 0:
      return octets.slice(0, at) + octets.slice(at + Math.max(1, length));
    case 1:
      return octets.slice(0, at) + random.pick(dictionary) + octets.slice(at);
    case 2:
      return octets.slice(0, at) + random.octets(1) + octets.slice(at + 1);
    case 3:
      return (
        octets.slice(0, at) +
        octets.slice(random.below(octets.length + 1)).slice(0, length) +
        octets.slice(at)
      );
    default:
      return octets.slice(0, at) + random.octets(length) + octets.slice(at);
  }
}
