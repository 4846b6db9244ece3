// llhttp through the collector: which records a message makes, and that it can be put aside at any place.
import { describe, expect, test } from 'vitest';
import * as codes from '../../src/parser/codes.ts';
import { Parser } from '../../src/parser/parser.ts';

/** What a row of messages makes: kind and text of each record, records of the same kind in a row joined. */
interface Read {
  records: [kind: number, text: string][];
  /** Code and place of what stopped it. */
  stopped: [code: number, position: number];
}

const GET = 'GET /x?y HTTP/1.1\r\nHost: a\r\nEmpty:\r\nX: y \r\n\r\n';
const POST = 'POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello';
const CHUNKED =
  'PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3;a="b;c"\r\nabc\r\n0A\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n';
const messages = { GET, POST, CHUNKED };

/** Reads until a message ends or something else stops it. `between` is called where a read ends. */
function readMessage(parser: Parser, octets: string, cuts: number[], between: () => void = () => {}): Read {
  const records: [number, string][] = [];
  let at = 0;
  parser.reset();
  for (const cut of [...cuts, octets.length]) {
    const length = cut - at;
    parser.input.write(octets.slice(at, cut), 'latin1');
    let from = parser.inputAddress;
    const to = from + length;
    while (from < to) {
      const code = parser.execute(from, to);
      const ended = take(parser, records);
      if (code === codes.Ok) from = to;
      else {
        from = parser.position;
        if (ended || code !== codes.Paused)
          return { records, stopped: [code, at + from - parser.inputAddress] };
        parser.resume();
      }
    }
    at = cut;
    between();
  }
  return { records, stopped: [codes.Ok, at] };
}

/** @returns whether the message has ended */
function take(parser: Parser, records: [number, string][]): boolean {
  for (let record = 0; record < parser.count; record += 1) {
    const kind = parser.kind(record);
    if (kind === codes.MessageEnd) return true;
    if (kind === codes.HeadEnd) {
      records.push([kind, '']);
      continue;
    }
    const start = parser.start(record);
    const text = parser.text(start, start + parser.length(record));
    const last = records.at(-1);
    if (last?.[0] === kind) last[1] += text;
    else records.push([kind, text]);
  }
  return false;
}

describe('the table', () => {
  test('has target, names and values in turn, the end of the head, content', () => {
    const parser = new Parser();
    expect(readMessage(parser, GET, []).records).toEqual([
      [codes.Target, '/x?y'],
      [codes.FieldName, 'Host'],
      [codes.FieldValue, 'a'],
      [codes.FieldName, 'Empty'],
      [codes.FieldValue, ''],
      [codes.FieldName, 'X'],
      [codes.FieldValue, 'y '],
      [codes.HeadEnd, ''],
    ]);
    expect(readMessage(parser, POST, []).records.slice(3)).toEqual([
      [codes.HeadEnd, ''],
      [codes.Content, 'hello'],
    ]);
  });

  test('has no chunk sizes and no extensions, but trailers', () => {
    expect(readMessage(new Parser(), CHUNKED, []).records.slice(3)).toEqual([
      [codes.HeadEnd, ''],
      [codes.Content, 'abc0123456789'],
      [codes.FieldName, 'Trailer'],
      [codes.FieldValue, 'x'],
    ]);
  });

  test('ends with the message: what follows is not looked at', () => {
    const parser = new Parser();
    for (const message of Object.values(messages)) {
      const { stopped } = readMessage(parser, `${message}\0 not looked at`, []);
      expect(stopped).toEqual([codes.Paused, message.length]);
    }
  });

  test('the end of the head is found, or is not', () => {
    const parser = new Parser();
    readMessage(parser, POST, []);
    expect(parser.kind(parser.findHeadEnd(parser.count))).toBe(codes.HeadEnd);
    readMessage(parser, GET.slice(0, -2), []);
    expect(parser.findHeadEnd(parser.count)).toBe(parser.count);
  });
});

describe('a message that is cut', () => {
  test.each(Object.entries(messages))(
    '%s: anywhere, put aside and taken up again, after another',
    (_, message) => {
      const parser = new Parser();
      const whole = readMessage(parser, message, []);
      for (let place = 1; place < message.length; place += 1) {
        const other = new Parser();
        expect(readMessage(other, message, [place]), `cut at ${place}`).toEqual(whole);
        const putAside = (): void => {
          const saved = other.save();
          // Another connection's message is read meanwhile, and fails.
          other.reset();
          other.input.write('\0', 'latin1');
          other.execute(other.inputAddress, other.inputAddress + 1);
          other.restore(saved);
        };
        expect(readMessage(other, message, [place], putAside), `put aside at ${place}`).toEqual(whole);
      }
    },
  );

  test.each(Object.entries(messages))(
    '%s: into single octets, each in turn with those of another',
    (_, message) => {
      const parser = new Parser();
      const whole = readMessage(parser, message, []);
      const places = Array.from({ length: message.length - 1 }, (_, at) => at + 1);
      const rival = Buffer.from(CHUNKED.repeat(3));
      let rivalAt = 0;
      parser.reset();
      let rivalState = parser.save();
      const putAside = (): void => {
        const saved = parser.save();
        parser.restore(rivalState);
        rival.copy(parser.input, 0, rivalAt, rivalAt + 1);
        if (parser.execute(parser.inputAddress, parser.inputAddress + 1) === codes.Paused) parser.reset();
        rivalAt += 1;
        rivalState = parser.save();
        parser.restore(saved);
      };
      expect(readMessage(parser, message, places, putAside)).toEqual(whole);
    },
  );

  test('what is put aside is a few hundred octets, which nobody changes', () => {
    const parser = new Parser();
    readMessage(parser, GET.slice(0, 10), []);
    const saved = parser.save();
    const before = Buffer.from(saved);
    readMessage(parser, CHUNKED, []);
    expect(Buffer.from(saved)).toEqual(before);
    expect(saved.length).toBeLessThan(512);
    expect(saved.buffer.byteLength).toBe(saved.length);
  });
});

describe('a full table', () => {
  test('pauses in a flood of tiny chunks, and nothing is lost or told twice', () => {
    const parser = new Parser();
    const head = 'POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n';
    const count = Math.floor((parser.input.length - head.length - 5) / 6);
    const octets = Array.from(
      { length: count },
      (_, at) => `1\r\n${String.fromCharCode(97 + (at % 26))}\r\n`,
    );
    parser.input.write(`${head}${octets.join('')}0\r\n\r\n`, 'latin1');
    parser.reset();
    let from = parser.inputAddress;
    const to = from + head.length + count * 6 + 5;
    const records: [number, string][] = [];
    let pauses = 0;
    let most = 0;
    for (;;) {
      const code = parser.execute(from, to);
      most = Math.max(most, parser.count);
      const ended = take(parser, records);
      expect(code).toBe(codes.Paused);
      from = parser.position;
      if (ended) break;
      pauses += 1;
      parser.resume();
    }
    expect(from).toBe(to);
    expect(pauses).toBeGreaterThan(count / 1024 - 1);
    // The end of a message and that of a head are told even then.
    expect(most).toBeLessThanOrEqual(1026);
    expect(records.at(-1)).toEqual([codes.Content, octets.map(chunk => chunk[3]).join('')]);
  });

  test('pauses in a flood of fields, wherever that is cut', () => {
    const fields = Array.from({ length: 2000 }, (_, at) => `N${at}: v${at}\r\n`);
    const octets = `GET / HTTP/1.1\r\n${fields.join('')}\r\n`;
    const parser = new Parser();
    const whole = readMessage(parser, octets, []);
    expect(whole.records).toHaveLength(2 + 4000);
    expect(whole.records.at(-2)).toEqual([codes.FieldValue, 'v1999']);
    for (const place of [1, 100, 9000, octets.length - 1]) {
      expect(readMessage(parser, octets, [place])).toEqual(whole);
    }
  });

  test('may be put aside in the middle of it', () => {
    const parser = new Parser();
    const fields = 'N: v\r\n'.repeat(511);
    const octets = `GET / HTTP/1.1\r\n${fields}Last: one\r\nMore: two\r\n\r\n`;
    for (let place = octets.length - 40; place < octets.length; place += 1) {
      const read = readMessage(parser, octets, [place], () => parser.restore(parser.save()));
      expect(read.records.slice(-3)).toEqual([
        [codes.FieldName, 'More'],
        [codes.FieldValue, 'two'],
        [codes.HeadEnd, ''],
      ]);
    }
  });
});

describe('memory', () => {
  test('never grows, whatever is read: the views on it stay valid', { timeout: 30_000 }, () => {
    const parser = new Parser();
    const { byteLength } = parser.memory.buffer;
    const big = `GET /${'x'.repeat(60_000)} HTTP/1.1\r\n\r\n`;
    const wide = `GET / HTTP/1.1\r\n${'a:\r\n'.repeat(16_000)}\r\n`;
    for (let round = 0; round < 300; round += 1) {
      for (const octets of [...Object.values(messages), big, wide, '\0']) readMessage(parser, octets, []);
    }
    expect(parser.memory.buffer.byteLength).toBe(byteLength);
    expect(parser.input.buffer).toBe(parser.memory.buffer);
    // A memory that has grown leaves its old buffer empty.
    expect(parser.input.length).toBe(65_536);
    expect(readMessage(parser, POST, []).records.at(-1)).toEqual([codes.Content, 'hello']);
  });

  test('the table stays where it is: two parsers do not share one', () => {
    const one = new Parser();
    const two = new Parser();
    readMessage(one, GET, []);
    const { count } = one;
    readMessage(two, POST, []);
    expect(one.count).toBe(count);
    expect(one.text(one.start(0), one.start(0) + one.length(0))).toBe('/x?y');
  });
});

describe('methods and errors', () => {
  /** Those that llhttp takes with another protocol only. */
  const ofRtsp =
    'DESCRIBE ANNOUNCE SETUP PLAY PAUSE TEARDOWN GET_PARAMETER SET_PARAMETER REDIRECT RECORD FLUSH'.split(
      ' ',
    );

  test.each(codes.methodNames)('%s is known by its number', method => {
    const parser = new Parser();
    const target = method === 'CONNECT' ? 'a:1' : '/';
    const version = ofRtsp.includes(method) ? 'RTSP/1.0' : 'HTTP/1.1';
    const octets =
      method === 'PRI' ? 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n' : `${method} ${target} ${version}\r\n\r\n`;
    const { stopped } = readMessage(parser, octets, []);
    expect(stopped[0]).toBe(method === 'PRI' ? codes.PausedForHttp2 : codes.Paused);
    if (method !== 'PRI') expect(codes.methodNames[parser.method]).toBe(method);
  });

  test.each<[string, number, number, RegExp]>([
    ['BREW / HTTP/1.1\r\n', codes.InvalidMethod, 1, /method/],
    ['PLAY / HTTP/1.1\r\n', codes.InvalidConstant, 11, /^Invalid method for HTTP\/x.x request$/],
    ['GET / HTTP/3.0\r\n', codes.InvalidVersion, 14, /^Invalid HTTP version$/],
    [
      'POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n',
      codes.InvalidContentLength,
      53,
      /^Content-Length overflow$/,
    ],
  ])('%j is told with code, place and reason', (octets, code, place, reason) => {
    const parser = new Parser();
    expect(readMessage(parser, octets, []).stopped).toEqual([code, place]);
    expect(parser.reason).toMatch(reason);
    // An error does not stay.
    expect(readMessage(parser, GET, []).stopped[0]).toBe(codes.Paused);
  });
});
