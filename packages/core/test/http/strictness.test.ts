// What two servers could read differently is refused, not interpreted; one test per rule of RFC 9112 and RFC 9110.
import { describe, expect, test } from 'vitest';
import { Lingering } from '../../src/http/states.ts';
import {
  chunks,
  fields,
  framing,
  hosts,
  lineEnds,
  type Malformed,
  malformed,
  requestLines,
  targets,
} from './malformed.ts';
import { appNames, server } from './requests.ts';
import { answersIn, cut, echoServer, header, hello, outcome, Server } from './wire.ts';

/** Sent behind every malformed request: no application may ever see it. */
const SMUGGLED = 'GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n';

async function refused({ octets, status, called }: Malformed, reads: Buffer[]): Promise<object> {
  const made = echoServer();
  const client = made.connect().send(...reads);
  await made.quiet();
  const answers = answersIn(client.octets, [/^HEAD/.test(octets) ? 'HEAD' : 'GET']);
  expect(answers.map(({ code }) => code)).toEqual([status]);
  expect(client.ending).toBe('half-closed');
  expect(client.connection.state).toBe(Lingering);
  expect(made.seen.map(({ content }) => content)).toEqual(called ? ['FAPWS_CONTENT_MALFORMED'] : []);
  return outcome(made, client);
}

describe.each([
  ['line ends', lineEnds],
  ['the request line', requestLines],
  ['the target', targets],
  ['Host', hosts],
  ['field lines', fields],
  ['framing', framing],
  ['chunks', chunks],
])('%s: refused', (_, rules) => {
  test.each(rules)('$rule: $status', async rule => {
    const octets = rule.octets + SMUGGLED;
    const whole = await refused(rule, cut(octets));
    expect(await refused(rule, cut(octets, ...Array(octets.length).keys()))).toEqual(whole);
    for (let place = 1; place < octets.length; place += 1) {
      expect(await refused(rule, cut(octets, place)), `cut at ${place}`).toEqual(whole);
    }
  });
});

describe('refusals', () => {
  const octets = 'GET / HTTP/1.1\r\n\r\n';

  test('S6.6.1, S8.6, 9.6: have Date, Server, Content-Type, Content-Length and Connection: close', () => {
    const client = new Server().connect().send(octets);
    const [answer] = answersIn(client.octets);
    expect(answer?.line).toBe('HTTP/1.1 400 Bad Request');
    expect(Object.fromEntries(answer?.headers ?? [])).toEqual({
      'Content-Type': 'text/plain',
      Date: 'Thu, 01 Jan 2026 00:00:00 GMT',
      Server: 'fapws',
      'Content-Length': String(answer?.content.length),
      Connection: 'close',
    });
    expect(answer?.content).toMatch(/^The Host field .*\n$/);
  });

  test.each([
    ['Host is missing', 'HEAD / HTTP/1.1\r\n\r\n'],
    ['a field is malformed', 'HEAD / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n'],
    ['the target is malformed', '\r\nHEAD /\x01 HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['the version is unknown', 'HEAD / HTTP/4.0\r\nHost: a\r\n\r\n'],
    [
      'its content is too large',
      'HEAD / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n',
    ],
  ])('S9.3.2: a refused HEAD has no content, when %s', (_, head) => {
    const clients = [new Server().connect().send(head), new Server().connect().trickle(head)];
    for (const client of clients) {
      const [answer] = answersIn(client.octets, ['HEAD']);
      expect(answer?.code).toBeGreaterThanOrEqual(400);
      expect(Number(header(answer as NonNullable<typeof answer>, 'Content-Length'))).toBeGreaterThan(0);
    }
  });

  test('S9.3.2: a HEAD that comes too slowly is refused without content', () => {
    const made = new Server();
    const client = made.connect().send('HEAD / HTTP/1.1\r\nHost');
    made.advance(11_000);
    expect(answersIn(client.octets, ['HEAD'])).toMatchObject([{ code: 408 }]);
  });

  test.each(appNames)('9.3.2: wait for the answers to earlier requests (%s)', async app => {
    const good = `GET /?app=${app} HTTP/1.1\r\nHost: a\r\n\r\n`;
    for (const bad of malformed) {
      const made = server();
      const client = made.connect().send(good + good + bad.octets + SMUGGLED);
      await made.quiet();
      expect(client.statuses, bad.rule).toEqual([200, 200, bad.status]);
      expect(made.seen.map(({ path }) => path)).not.toContain('/smuggled');
      expect(client.ending).toBe('half-closed');
    }
  });

  test('2.2: nothing that follows is looked at, in later reads neither', async () => {
    const made = new Server();
    const client = made.connect().send(octets);
    const { received } = client;
    client.send(SMUGGLED, ...cut(SMUGGLED, 5, 20), SMUGGLED);
    await made.quiet();
    expect(made.seen).toEqual([]);
    expect(client.received).toBe(received);
  });

  test('a refusal leaves other connections alone', async () => {
    const made = new Server({ app: hello });
    const good = made.connect().send('GET / HTTP/1.1\r\nHo');
    made.connect().send('GET / HTTP/1.1\r\nX Y\r\n\r\n');
    good.send('st: a\r\n\r\n');
    expect(good.statuses).toEqual([200]);
    expect(good.ending).toBe('open');
  });
});

describe('what looks odd and is in order', () => {
  const accepted: Record<string, string> = {
    '2.2 empty lines before the request line': `${'\r\n'.repeat(6)}GET / HTTP/1.1\r\nHost: a\r\n\r\n`,
    '3.2.1 browsers send some octets unencoded':
      "GET /a|b^c`d[e]{f}'(g)*+,;=:@!$&~?|^`[]{}/? HTTP/1.1\r\nHost: a\r\n\r\n",
    '3.2.1 a path that begins with two slashes': 'GET //b/x HTTP/1.1\r\nHost: a\r\n\r\n',
    '3.2.1 a URL within a query': 'GET /?u=http://b/ HTTP/1.1\r\nHost: a\r\n\r\n',
    '3.2 HTTP/1.0 without Host': 'GET / HTTP/1.0\r\n\r\n',
    '5.1 a tab around a value': 'GET / HTTP/1.1\r\nHost:\ta\t\r\n\r\n',
    '6.3 blanks around a length': 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \t 0  \r\n\r\n',
    '6.3 zeros before a length':
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 00000000000000000000000000000000\r\n\r\n',
    'S10.1.1 an expectation that nobody knows': 'GET / HTTP/1.1\r\nHost: a\r\nExpect: tea\r\n\r\n',
    ...Object.fromEntries(
      [
        'a.',
        'A.Example',
        'a:',
        'a:80',
        'a:65535',
        'xn--e1afmkfd',
        'a_b',
        "a!$&'()*+;=~",
        '%41',
        '127.0.0.1:8080',
        '999.1.1.1',
        '[::]',
        '[::1]:80',
        '[1:2:3:4:5:6:7:8]',
        '[1::8]:',
        '[::ffff:192.0.2.1]',
        '[ABCD::]',
      ].map(value => [`S7.2 Host: ${value}`, `GET / HTTP/1.1\r\nHost: ${value}\r\n\r\n`]),
    ),
  };

  test.each(Object.entries(accepted))('%s', async (_, octets) => {
    const made = echoServer();
    const client = made.connect().send(octets);
    await made.quiet();
    expect(client.statuses).toEqual([200]);
  });

  test('9.2 CONNECT reaches the application, and nothing behind it is read as a request', async () => {
    const made = new Server();
    const client = made.connect().send(`CONNECT b:80 HTTP/1.1\r\nHost: b:80\r\n\r\n${SMUGGLED}`);
    await made.quiet();
    expect(made.seen).toMatchObject([{ method: 'CONNECT', host: 'b:80', path: '' }]);
    expect(client.received).toContain('Connection: close\r\n');
    expect(client.ending).toBe('half-closed');
  });

  test.each([
    'GET',
    'GET /',
    'GET /\r\n',
    'GET / HTTP/1.1\r\nHost: a\r\n\r',
    'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n',
  ])('2.2 half a request is not answered: %j', async octets => {
    const made = new Server();
    const client = made.connect().send(octets);
    await made.quiet();
    expect(made.seen).toEqual([]);
    expect(client.received).toBe('');
    expect(client.ending).toBe('open');
  });
});
