// What is refused is refused however the network cuts it, one test per spelling of ../rules; and how a refusal looks.
import { describe, expect, test } from 'vitest';
import { Lingering } from '../../src/http/states.ts';
import { groups, malformed } from '../rules/all-malformed.ts';
import { SMUGGLED } from '../rules/asking.ts';
import type { Malformed } from '../rules/malformed.ts';
import { appNames, server } from './requests.ts';
import { answersIn, cut, echoServer, header, hello, outcome, Server } from './wire.ts';

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

describe.each(groups)('%s: refused', (_, rules) => {
  for (const rule of rules) {
    test(rule.title, async () => {
      const octets = rule.octets + SMUGGLED;
      const whole = await refused(rule, cut(octets));
      expect(await refused(rule, cut(octets, ...Array(octets.length).keys()))).toEqual(whole);
      for (let place = 1; place < octets.length; place += 1) {
        expect(await refused(rule, cut(octets, place)), `cut at ${place}`).toEqual(whole);
      }
    });
  }
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
      expect(client.statuses, bad.title).toEqual([200, 200, bad.status]);
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

describe('what is in order', () => {
  test('9.2 CONNECT reaches the application, and nothing behind it is read as a request', async () => {
    const made = new Server();
    const client = made.connect().send(`CONNECT b:80 HTTP/1.1\r\nHost: b:80\r\n\r\n${SMUGGLED}`);
    await made.quiet();
    expect(made.seen).toMatchObject([{ method: 'CONNECT', host: 'b:80', path: '' }]);
    expect(client.received).toContain('Connection: close\r\n');
    expect(client.ending).toBe('half-closed');
  });
});
