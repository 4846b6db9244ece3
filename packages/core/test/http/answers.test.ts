// How answers are framed: by version, method, status, and by what the application says and sends.
import { describe, expect, test } from 'vitest';
import type { ContractError } from '../../src/http/errors.ts';
import type { Chunk, Exchange } from '../../src/http/exchange.ts';
import { type Answer, type App, answersIn, type Client, header, hello, respond, Server } from './wire.ts';

const HOST = 'Host: a\r\n';
const versions = { '1.1': 'HTTP/1.1', '1.0': 'HTTP/1.0', '1.0 keep-alive': 'HTTP/1.0' };
type Version = keyof typeof versions;
const allVersions = Object.keys(versions) as Version[];

function request(method: string, version: Version): string {
  const connection = version === '1.0 keep-alive' ? 'Connection: keep-alive\r\n' : '';
  return `${method} / ${versions[version]}\r\n${HOST}${connection}\r\n`;
}

/** The one answer to one request, and what has become of its connection. */
function ask(app: App, method = 'GET', version: Version = '1.1'): { answer: Answer; client: Client } {
  const client = new Server({ app }).connect().send(request(method, version));
  const answers = answersIn(client.octets, [method]);
  expect(answers).toHaveLength(1);
  return { answer: answers[0] as Answer, client };
}

function pieces(...chunks: Chunk[]): App {
  return exchange => {
    exchange.setHead('200 OK', []);
    for (const chunk of chunks) exchange.send(chunk);
    exchange.finish();
  };
}

/** Runs what breaks the contract, and answers the code of its error. */
function codeOf(run: () => void): string {
  try {
    run();
  } catch (error) {
    return (error as ContractError).code;
  }
  return 'none';
}

describe('an answer in one piece', () => {
  test.each(allVersions)('6.2 has a Content-Length to HTTP/%s', version => {
    const { answer, client } = ask(hello, 'GET', version);
    expect(answer).toMatchObject({ code: 200, content: 'hello', chunked: false });
    expect(header(answer, 'Content-Length')).toBe('5');
    expect(header(answer, 'Connection')).toBe(
      { '1.1': undefined, '1.0': 'close', '1.0 keep-alive': 'keep-alive' }[version],
    );
    expect(client.ending).toBe(version === '1.0' ? 'half-closed' : 'open');
  });

  test.each([
    ['nothing', '', ''],
    ['text', 'abc', 'abc'],
    ['text that is not ASCII, as UTF-8', 'ä€🐝', 'ä€🐝'],
    ['text of one octet a character, as UTF-8 all the same', '\xe9\xff', '\xe9\xff'],
    ['bytes', new Uint8Array([0, 1, 0xff]), Buffer.from([0, 1, 0xff])],
    ['a part of a buffer', Buffer.from('xabcx').subarray(1, 4), 'abc'],
    ['a lone surrogate', 'a\ud800b', 'a\ufffdb'],
    ['a lot', 'x'.repeat(1_000_000), 'x'.repeat(1_000_000)],
  ])('S8.6 counts octets, not characters: %s', (_, content, expected) => {
    const { answer } = ask(exchange => respond(exchange, content));
    expect(answer.content).toBe(Buffer.from(expected as string).toString('latin1'));
    expect(header(answer, 'Content-Length')).toBe(String(Buffer.byteLength(expected as string)));
  });

  test('an empty answer is finished without content', () => {
    const { answer } = ask(exchange => {
      exchange.setHead('200 OK', []);
      exchange.finish();
    });
    expect(header(answer, 'Content-Length')).toBe('0');
  });

  test('every short length is rendered as it is', () => {
    for (const length of [0, 1, 9, 10, 4095, 4096, 4097, 65_536]) {
      expect(header(ask(exchange => respond(exchange, 'x'.repeat(length))).answer, 'Content-Length')).toBe(
        String(length),
      );
    }
  });
});

describe('an answer in pieces', () => {
  const app = pieces('abc', '', new Uint8Array(0), new Uint8Array([0x64]), 'é', '\xe9', 'x'.repeat(300), '€');
  const content = Buffer.from(`abcdéé${'x'.repeat(300)}€`).toString('latin1');

  test('7.1 is chunked to HTTP/1.1; empty pieces make no chunks', () => {
    const { answer, client } = ask(app);
    expect(answer).toMatchObject({ content, chunked: true });
    expect(header(answer, 'Transfer-Encoding')).toBe('chunked');
    expect(client.received.endsWith(`\r\n12c\r\n${'x'.repeat(300)}\r\n3\r\n\xe2\x82\xac\r\n0\r\n\r\n`)).toBe(
      true,
    );
    expect(client.ending).toBe('open');
  });

  test.each(['1.0', '1.0 keep-alive'] as const)('6.1, 9.3 ends with the connection to HTTP/%s', version => {
    const { answer, client } = ask(app, 'GET', version);
    expect(answer).toMatchObject({ content, chunked: false });
    expect(header(answer, 'Content-Length')).toBeUndefined();
    expect(header(answer, 'Connection')).toBe('close');
    expect(client.ending).toBe('half-closed');
  });

  test.each(allVersions)('S8.6 with a length of its own it has that to HTTP/%s', version => {
    const { answer, client } = ask(
      exchange => {
        exchange.setHead('200 OK', [['content-length', '5']]);
        exchange.send('abc');
        exchange.send(Buffer.from('de'));
        exchange.finish();
      },
      'GET',
      version,
    );
    expect(answer).toMatchObject({ content: 'abcde', chunked: false });
    expect(header(answer, 'Content-Length')).toBe('5');
    expect(client.ending).toBe(version === '1.0' ? 'half-closed' : 'open');
  });

  test('the head waits for the first piece that is not empty', () => {
    let exchange: Exchange | undefined;
    const server = new Server({
      app: given => {
        exchange = given;
      },
    });
    const client = server.connect().send(request('GET', '1.1'));
    exchange?.setHead('200 OK', [['X', '1']]);
    exchange?.send('');
    expect(client.received).toBe('');
    exchange?.setHead('201 Created', [['X', '2']]);
    exchange?.send('a');
    exchange?.finish();
    expect(answersIn(client.octets)).toMatchObject([{ line: 'HTTP/1.1 201 Created', content: 'a' }]);
  });

  test('answers before one that breaks off still reach the client', () => {
    const server = new Server();
    const client = server.connect();
    client.takes = false;
    server.app = exchange => {
      exchange.setHead('200 OK', []);
      exchange.send('x'.repeat(1000));
      if (server.exchanges.length === 1) exchange.finish();
      else exchange.cut();
    };
    client.send(request('GET', '1.1').repeat(2));
    expect(client.ending).toBe('half-closed');
    client.take();
    expect(client.octets.toString('latin1').match(/x{1000}/g)).toHaveLength(2);
    expect(client.received.match(/\r\n0\r\n\r\n/g)).toHaveLength(1);
  });

  test('an answer that nobody finishes is broken off so that its client can tell', () => {
    const cases: [Version, [string, string][], string][] = [
      ['1.1', [], 'half-closed'],
      ['1.0', [['Content-Length', '9']], 'half-closed'],
      // Only a reset tells a break from the end of the content.
      ['1.0', [], 'reset'],
    ];
    for (const [version, headers, ending] of cases) {
      const server = new Server({ app: () => {} });
      const client = server.connect().send(request('GET', version));
      server.exchange.setHead('200 OK', headers);
      server.exchange.send('abc');
      server.exchange.cut();
      expect(client.received).toContain('abc');
      expect(client.received.endsWith('0\r\n\r\n')).toBe(false);
      expect(client.ending).toBe(ending);
      client.finish();
      server.advance(6000);
      expect(server.protocol.connections.size).toBe(0);
    }
  });
});

describe('answers without content', () => {
  const rows: [string, string, string][] = [
    ['HEAD', '200 OK', 'HEAD'],
    ['HEAD, not found', '404 Not Found', 'HEAD'],
    ['204', '204 No Content', 'GET'],
    ['205', '205 Reset Content', 'GET'],
    ['304', '304 Not Modified', 'GET'],
    ['HEAD and 304', '304 Not Modified', 'HEAD'],
  ];
  const ways: Record<string, (exchange: Exchange) => void> = {
    'in one piece': exchange => exchange.respond('12345'),
    'in pieces': exchange => {
      exchange.send('12');
      exchange.send(Buffer.from('345'));
      exchange.finish();
    },
    'of none': exchange => exchange.finish(),
  };

  describe.each(rows)('S6.4.1 %s', (_, status, method) => {
    test.each(Object.keys(ways))(
      '%s: nothing but the head is sent, and the next request is answered',
      way => {
        for (const version of allVersions) {
          for (const headers of [[], [['Content-Length', '5']]] as [string, string][][]) {
            const app: App = exchange => {
              if (exchange.head.query === 'next') hello(exchange);
              else {
                exchange.setHead(status, headers);
                (ways[way] as (exchange: Exchange) => void)(exchange);
              }
            };
            const client = new Server({ app }).connect();
            client.send(request(method, version), request('GET', version).replace('/', '/?next'));
            const answers = answersIn(client.octets, [method]);
            expect(answers[0]).toMatchObject({ code: Number(status.slice(0, 3)), content: '' });
            if (version === '1.0') expect(client.ending).toBe('half-closed');
            else expect(answers[1]).toMatchObject({ code: 200, content: 'hello' });
          }
        }
      },
    );
  });

  test('S9.3.2 HEAD has the fields of GET', () => {
    for (const app of [hello, pieces('a', 'b'), pieces('a')]) {
      for (const version of ['1.1', '1.0 keep-alive'] as const) {
        const names = (answer: Answer): string[] =>
          answer.headers.map(([name]) => name).filter(name => name !== 'Connection');
        expect(names(ask(app, 'HEAD', version).answer)).toEqual(names(ask(app, 'GET', version).answer));
      }
    }
  });

  test.each([
    ['204 No Content', undefined],
    ['205 Reset Content', '0'],
    ['304 Not Modified', '5'],
  ])('S8.6, 6.1 the framing fields of %s', (status, length) => {
    const { answer } = ask(exchange => respond(exchange, '', status, [['Content-Length', '5']]));
    expect(header(answer, 'Content-Length')).toBe(length);
    expect(header(answer, 'Transfer-Encoding')).toBeUndefined();
    const { answer: plain } = ask(exchange => respond(exchange, 'abc', status));
    expect(header(plain, 'Content-Length')).toBe(length === '5' ? undefined : length);
    expect(header(plain, 'Transfer-Encoding')).toBeUndefined();
  });
});

describe('a Content-Length that is not true', () => {
  test.each([
    ['text', 'abcdef'],
    ['bytes', Buffer.from('abcdef')],
    ['text that is not ASCII', 'abcéé'],
  ])('too short, in one piece of %s: the surplus is not sent, the application is told', (_, content) => {
    let code = '';
    const { answer, client } = ask(exchange => {
      exchange.setHead('200 OK', [['Content-Length', '3']]);
      code = codeOf(() => exchange.respond(content));
    });
    expect(code).toBe('FAPWS_CONTENT_LENGTH');
    expect(answer.content).toBe('abc');
    client.send(request('GET', '1.1'));
    expect(answersIn(client.octets)).toHaveLength(2);
  });

  test('too short, in pieces: likewise, and nothing can be added', () => {
    const codes: string[] = [];
    const { answer } = ask(exchange => {
      exchange.setHead('200 OK', [['Content-Length', '3']]);
      exchange.send('ab');
      codes.push(codeOf(() => exchange.send('cdef')));
      codes.push(codeOf(() => exchange.send('x')));
      codes.push(codeOf(() => exchange.finish()));
    });
    expect(codes).toEqual(['FAPWS_CONTENT_LENGTH', 'FAPWS_ANSWERED', 'none']);
    expect(answer.content).toBe('abc');
  });

  test('too long, in one piece: nothing is sent, the application can still answer otherwise', () => {
    let code = '';
    const { answer } = ask(exchange => {
      exchange.setHead('200 OK', [['Content-Length', '7']]);
      code = codeOf(() => exchange.respond('abc'));
      respond(exchange, 'sorry', '500 Internal Server Error');
    });
    expect(code).toBe('FAPWS_CONTENT_LENGTH');
    expect(answer).toMatchObject({ code: 500, content: 'sorry' });
  });

  test('8 too long, in pieces: the connection is cut', () => {
    let code = '';
    const server = new Server({
      app: exchange => {
        exchange.setHead('200 OK', [['Content-Length', '7']]);
        exchange.send('abc');
        code = codeOf(() => exchange.finish());
      },
    });
    const client = server.connect().send(request('GET', '1.1').repeat(2));
    expect(code).toBe('FAPWS_CONTENT_LENGTH');
    expect(client.received).toMatch(/Content-Length: 7\r\n[\s\S]*\r\n\r\nabc$/);
    expect(client.ending).toBe('half-closed');
    expect(server.seen).toHaveLength(1);
  });

  test.each(['-1', '+1', '1.0', '', ' ', '1, 1', '0x1', '1'.repeat(16)])('%j is no length', length => {
    const client = new Server({
      app: exchange => {
        expect(codeOf(() => exchange.setHead('200 OK', [['Content-Length', length]]))).toBe(
          'FAPWS_CONTENT_LENGTH',
        );
        hello(exchange);
      },
    })
      .connect()
      .send(request('GET', '1.1'));
    expect(client.statuses).toEqual([200]);
  });
});

describe('Date, Server and Connection', () => {
  test('S6.6.1 Date is the second of the answer, right after idling too', () => {
    const server = new Server();
    const client = server.connect();
    const dates: (string | undefined)[] = [];
    for (const pause of [0, 999, 1, 61_000]) {
      server.now += pause;
      client.send(request('GET', '1.1'));
      dates.push(header(answersIn(client.octets).at(-1) as Answer, 'Date'));
    }
    expect(dates).toEqual([
      'Thu, 01 Jan 2026 00:00:00 GMT',
      'Thu, 01 Jan 2026 00:00:00 GMT',
      'Thu, 01 Jan 2026 00:00:01 GMT',
      'Thu, 01 Jan 2026 00:01:02 GMT',
    ]);
  });

  test('S6.6.1 refusals after idling have the present Date', () => {
    const server = new Server();
    const client = server.connect();
    server.now += 9000;
    client.send('GET\t\r\n');
    expect(client.received).toContain('Date: Thu, 01 Jan 2026 00:00:09 GMT\r\n');
  });

  test("the application's own Date and Server take the place of the server's", () => {
    const { answer } = ask(exchange =>
      respond(exchange, '', '200 OK', [
        ['date', 'Thu, 01 Jan 1970 00:00:00 GMT'],
        ['SERVER', 'mine'],
      ]),
    );
    expect(header(answer, 'Date')).toBe('Thu, 01 Jan 1970 00:00:00 GMT');
    expect(header(answer, 'Server')).toBe('mine');
  });

  test('S10.2.4 no ident, no Server', () => {
    const client = new Server({ ident: '' }).connect().send(request('GET', '1.1'), 'x');
    expect(answersIn(client.octets).map(answer => header(answer, 'Server'))).toEqual([undefined, undefined]);
  });

  test('9.6 Connection: close is said in the last answer, and only there', () => {
    const server = new Server();
    const client = server.connect();
    client.send(
      request('GET', '1.1'),
      `GET / HTTP/1.1\r\n${HOST}Connection: x, close\r\n\r\n`,
      request('GET', '1.1'),
    );
    expect(answersIn(client.octets).map(answer => header(answer, 'Connection'))).toEqual([
      undefined,
      'close',
    ]);
    expect(client.ending).toBe('half-closed');
  });

  test('9.3 close beats keep-alive, for HTTP/1.0 too', () => {
    const client = new Server().connect();
    client.send(`GET / HTTP/1.0\r\nConnection: close, keep-alive\r\n\r\n`);
    expect(header(answersIn(client.octets)[0] as Answer, 'Connection')).toBe('close');
  });

  test('9.5 an answer during shutdown is the last one', () => {
    const server = new Server({ app: () => {} });
    const client = server.connect().send(request('GET', '1.1'));
    server.protocol.stopping = true;
    hello(server.exchange);
    expect(header(answersIn(client.octets)[0] as Answer, 'Connection')).toBe('close');
    expect(client.ending).toBe('half-closed');
  });
});

describe('S10.1.1 Expect: 100-continue', () => {
  const head = `POST / HTTP/1.1\r\n${HOST}Expect: 100-continue\r\nContent-Length: 3\r\n\r\n`;
  const reader = { contentArrived: (): void => {} };
  const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n';

  test('100 is sent once, when the application wants content, and not before', () => {
    const server = new Server({ app: () => {} });
    const client = server.connect().send(head);
    expect(client.received).toBe('');
    expect(server.exchange.body.take(reader)).toBeNull();
    expect(client.received).toBe(CONTINUE);
    client.send('a');
    server.exchange.body.take(reader);
    server.exchange.body.take(reader);
    client.send('bc');
    hello(server.exchange);
    expect(client.received.split('100 Continue')).toHaveLength(2);
    expect(answersIn(client.octets).map(({ code }) => code)).toEqual([100, 200]);
    expect(client.ending).toBe('open');
  });

  test('not when the content has come already', () => {
    const server = new Server({ app: () => {} });
    const client = server.connect().send(`${head}abc`);
    expect(Buffer.from(server.exchange.body.take(reader) as Uint8Array).toString()).toBe('abc');
    hello(server.exchange);
    expect(client.statuses).toEqual([200]);
    expect(client.ending).toBe('open');
  });

  test('not after the answer has begun, not to HTTP/1.0, not unasked', () => {
    for (const octets of [head, head.replace('1.1', '1.0'), head.replace('100-continue', 'x')]) {
      const server = new Server({ app: () => {} });
      const client = server.connect().send(octets);
      if (octets === head) {
        server.exchange.setHead('200 OK', []);
        server.exchange.send('x');
      }
      server.exchange.body.take(reader);
      expect(client.received).not.toContain('100 Continue');
    }
  });

  test('9.3 a final answer without 100 ends the connection: what comes next is not known', () => {
    const server = new Server();
    const client = server.connect().send(head);
    expect(header(answersIn(client.octets)[0] as Answer, 'Connection')).toBe('close');
    expect(client.ending).toBe('half-closed');
  });
});
