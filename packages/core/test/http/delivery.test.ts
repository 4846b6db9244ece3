// However the network cuts a request, the application sees the same and the client gets the same (RFC 9112 2.2).
import { describe, expect, test } from 'vitest';
import { type AppName, appNames, kinds, type Request, server } from './requests.ts';
import { answersIn, type Client, cut, outcome, type Server } from './wire.ts';

const NEXT = 'GET /next HTTP/1.1\r\nHost: a.example\r\n\r\n';

async function delivered(octets: string, reads: Buffer[]): Promise<[Server, Client]> {
  expect(Buffer.concat(reads).toString('latin1')).toBe(octets);
  const made = server();
  const client = made.connect().send(...reads);
  await made.quiet();
  return [made, client];
}

async function deliver(octets: string, reads: Buffer[]): Promise<object> {
  return outcome(...(await delivered(octets, reads)));
}

const bytes = (octets: string): Buffer[] => cut(octets, ...Array(octets.length).keys());

function expectAnswered(request: Request, app: AppName, made: Server, client: Client): void {
  const { method, path, host, content } = request;
  const read = app === 'instant' && path !== '*' ? null : content;
  expect(made.seen[0]).toMatchObject({ method, path, host, content: read });
  const answers = answersIn(client.octets, [method]).filter(({ code }) => code >= 200);
  expect(answers[0]?.code).toBe(200);
  const continues = client.received.startsWith('HTTP/1.1 100 Continue\r\n\r\n');
  expect(continues).toBe(request.expects === true && app !== 'instant');
}

describe.each(appNames)('requests to an application that answers %s', app => {
  const requests = kinds.map(kind => kind(app));

  describe.each(requests)('$name', request => {
    const { octets, last } = request;

    test('alone: whole, byte by byte and cut at every place', async () => {
      const [made, client] = await delivered(octets, [Buffer.from(octets, 'latin1')]);
      expectAnswered(request, app, made, client);
      expect(client.ending).toBe(last ? 'half-closed' : 'open');
      expect(made.seen).toHaveLength(1);
      const whole = outcome(made, client);
      expect(await deliver(octets, bytes(octets))).toEqual(whole);
      for (let place = 1; place < octets.length; place += 1) {
        expect(await deliver(octets, cut(octets, place)), `cut at ${place}`).toEqual(whole);
      }
    });

    test('glued to the next one: whole, byte by byte and cut at every place', async () => {
      const glued = octets + NEXT;
      const [made, client] = await delivered(glued, [Buffer.from(glued, 'latin1')]);
      expectAnswered(request, app, made, client);
      // RFC 9112 9.6: nothing behind the last request is looked at.
      expect(made.seen.slice(1)).toMatchObject(last ? [] : [{ method: 'GET', path: '/next', content: '' }]);
      const whole = outcome(made, client);
      expect(await deliver(glued, bytes(glued))).toEqual(whole);
      for (let place = 1; place < glued.length; place += 1) {
        expect(await deliver(glued, cut(glued, place)), `cut at ${place}`).toEqual(whole);
      }
    });
  });
});

test('all fields reach the application in their order, blanks around values stripped and nothing else', async () => {
  const [made] = await delivered('', []);
  const client = made.connect().trickle((kinds[1] as (typeof kinds)[0])('direct').octets);
  await made.quiet();
  expect(client.statuses).toEqual([200]);
  expect(made.seen[0]?.fields).toEqual([
    ['Host', 'a.example'],
    ['Empty', ''],
    ['Blank', ''],
    ['X', '1'],
    ['x', '2'],
    ['Latin', '\xe9\xff'],
    ['__proto__', 'p'],
  ]);
  expect(made.exchanges[0]?.head.field('x')).toBe('1, 2');
});
