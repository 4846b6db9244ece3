// The life of a server as those around it see it: promises, health, what a stop allows and says, clocks that jump.

import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { type Preface, start } from '../../src/index.ts';
import { socketPath } from '../loop/recorder.ts';
import { nextTurn, within } from '../loop/watched.ts';
import { Client } from './client.ts';
import { gate, says, server, serving } from './serving.ts';

/** Whether a promise has settled by now. */
async function settled(promise: Promise<unknown>): Promise<boolean> {
  let is = false;
  void promise.then(() => {
    is = true;
  });
  await nextTurn();
  return is;
}

describe('promises', () => {
  test('whenListening: where it listens, and not before', async () => {
    const made = server();
    const { whenListening } = made.server;
    expect(await settled(whenListening)).toBe(false);
    const addresses = await made.server.listen();
    expect(await within(whenListening, 'it resolves')).toEqual(addresses);
    expect(made.server.addresses).toEqual(addresses);
  });

  test('whenListening: with run, when connections are taken', async () => {
    const made = server();
    made.server.mount('/', says('hello'));
    const over = made.server.run({ print: () => {} });
    const [address] = await within(made.server.whenListening, 'it resolves');
    if (address === undefined) throw new Error('no address');
    expect((await (await Client.connect(address)).get('/')).text).toBe('hello');
    await made.server.stop({ graceMs: 0 });
    await within(over, 'run resolves');
  });

  test('whenListening: not after a failure, but when it succeeds later', async () => {
    const first = await serving(it => it.mount('/', says('first')));
    const second = server(first.address as { host: string; port: number });
    await expect(second.server.listen()).rejects.toMatchObject({ code: 'FAPWS_LISTEN_BUSY' });
    expect(await settled(second.server.whenListening)).toBe(false);
    await first.server.stop();
    await second.server.listen();
    expect(await within(second.server.whenListening, 'it resolves')).toHaveLength(1);
  });

  test('whenStopping and whenStopped: in this order, the second with the report', async () => {
    const made = await serving(it => it.mount('/never', () => new Promise(() => {})));
    const order: string[] = [];
    void made.server.whenStopping.then(() => order.push('stopping'));
    void made.server.whenStopped.then(({ cut }) => order.push(`stopped ${cut}`));
    const client = await made.client();
    client.request('GET', '/never');
    await client.peer.sent('');
    await nextTurn();
    await nextTurn();
    expect(order).toEqual([]);
    const stopping = made.server.stop({ graceMs: 20 });
    await within(made.server.whenStopping, 'it begins');
    expect(order).toEqual(['stopping']);
    expect(await stopping).toEqual({ cut: 1 });
    expect(await within(made.server.whenStopped, 'it ends')).toEqual({ cut: 1 });
    expect(order).toEqual(['stopping', 'stopped 1']);
  });

  test('a stop before listening is none', async () => {
    const made = server();
    await made.server.stop();
    expect(await settled(made.server.whenStopping)).toBe(false);
    expect(await settled(made.server.whenStopped)).toBe(false);
  });

  test('nobody has to look at them', async () => {
    const rejections: unknown[] = [];
    const note = (error: unknown): void => void rejections.push(error);
    process.on('unhandledRejection', note);
    onTestFinished(() => void process.off('unhandledRejection', note));
    const first = await serving(it => it.mount('/', says('first')));
    const second = server(first.address as { host: string; port: number });
    await second.server.listen().catch(() => {});
    await second.server.stop();
    await first.server.stop();
    await sleep(10);
    expect(rejections).toEqual([]);
  });
});

describe('health', () => {
  const healthy = () => serving(it => it.route('GET', '/health', it.health).mount('/', says('hello')));

  test('is 200 with a word, for GET and HEAD, and never from a cache', async () => {
    const made = await healthy();
    const client = await made.client();
    const answer = await client.get('/health');
    expect([answer.code, answer.text, answer.header('Cache-Control')]).toEqual([200, 'ok\n', 'no-store']);
    client.request('HEAD', '/health');
    expect((await client.answer('HEAD')).code).toBe(200);
  });

  test('is 503 in the very call that stops', async () => {
    const made = await healthy();
    const client = await made.client();
    await client.get('/');
    void made.server.stop();
    expect((await made.server.call('/health')).statusCode).toBe(503);
    // A balancer that asks over a connection that is open still.
    const answer = await client.get('/health');
    expect([answer.code, answer.text, answer.header('Connection')]).toEqual([503, 'stopping\n', 'close']);
  });

  test('may stand alone, without its server', async () => {
    const { health } = start('127.0.0.1', 0);
    const made = await serving(it => it.mount('/', health));
    expect((await (await made.client()).get('/')).code).toBe(200);
  });
});

describe('stop', () => {
  test('gives connections that were just in use a second for one request more', async () => {
    const made = await serving(it => it.mount('/', says('hello')));
    const [used, fresh, late] = [await made.client(), await made.client(), await made.client()];
    await used.get('/');
    await late.get('/');
    const begun = performance.now();
    const stopping = made.server.stop();
    await nextTurn();
    for (const client of [used, fresh]) {
      const answer = await client.get('/');
      expect([answer.text, answer.header('Connection')]).toEqual(['hello', 'close']);
      client.peer.end();
    }
    expect(late.peer.ended).toBe(false);
    expect(await within(stopping, 'stop resolves')).toEqual({ cut: 0 });
    await late.peer.untilEnded();
    expect(performance.now() - begun).toBeGreaterThanOrEqual(995);
    expect(performance.now() - begun).toBeLessThan(3500);
  });

  test('closes those that were idle for longer at once', async () => {
    const made = await serving(it => it.mount('/', says('hello')));
    const [silent, answered] = [await made.client(), await made.client()];
    await answered.get('/');
    await sleep(1600);
    const begun = performance.now();
    expect(await within(made.server.stop(), 'stop resolves')).toEqual({ cut: 0 });
    expect(performance.now() - begun).toBeLessThan(900);
    await silent.peer.untilEnded();
    await answered.peer.untilEnded();
  });

  test('survives a log that is broken, and says the same', async () => {
    const made = await serving(it => it.mount('/never', () => new Promise(() => {})));
    const broken = start('127.0.0.1', 0).mount('/never', () => new Promise(() => {}));
    const fails = (): never => {
      throw new Error('disk full');
    };
    broken.base({ errors: { write: fails, writelines: fails, flush: fails } });
    onTestFinished(async () => {
      await broken.stop({ graceMs: 0 });
    });
    const over = broken.run({ print: () => {}, signals: false });
    const [address] = await broken.whenListening;
    const client = await Client.connect(address as never);
    client.request('GET', '/never');
    await client.peer.sent('');
    await nextTurn();
    await nextTurn();
    expect(await within(broken.stop({ graceMs: 0 }), 'stop resolves')).toEqual({ cut: 1 });
    await within(over, 'run resolves');
    await made.server.stop();
  });

  test('says nothing in the log when nothing was cut', async () => {
    const made = await serving(it => it.mount('/', says('hello')));
    await (await made.client()).get('/');
    await made.server.stop();
    expect(made.log).toBe('');
  });

  test('may be called by an application that is told of it', async () => {
    const called = gate();
    const made = await serving(it =>
      it.mount('/', environ => {
        environ['fapws.signal'].addEventListener('abort', () => void it.stop({ graceMs: 0 }));
        environ['fapws.stopping'].addEventListener('abort', () => void it.stop());
        called.open();
        return new Promise(() => {});
      }),
    );
    const client = await made.client();
    client.request('GET', '/');
    await called.opened;
    const stopping = made.server.stop({ graceMs: 20 });
    expect(await within(stopping, 'stop resolves')).toEqual({ cut: 1 });
  });
});

describe('clocks', () => {
  test('a wall clock that jumps ends no connection, and the Date follows', async () => {
    const real = Date.now.bind(Date);
    let shift = 0;
    const wall = vi.spyOn(Date, 'now').mockImplementation(() => real() + shift);
    onTestFinished(() => wall.mockRestore());
    const made = await serving(it => it.mount('/', says('hello')), { timeouts: { idle: 5, head: 5 } });
    const clients = [await made.client(), await made.client()] as const;
    await clients[0].get('/');
    clients[1].send('GET / HT');
    const day = 86_400_000;
    for (const jump of [day, -day]) {
      shift = jump;
      // Two turns of the wheel, so that everything that hung on it would have been seen to.
      await sleep(1100);
      const date = Date.parse((await clients[0].get('/')).header('Date') ?? '');
      expect(Math.abs(date - real() - jump)).toBeLessThan(3000);
    }
    clients[1].send('TP/1.1\r\nHost: a\r\n\r\n');
    expect((await clients[1].answer()).text).toBe('hello');
  });
});

describe('a callback that keeps the process busy', () => {
  test('costs nobody a timeout whose octets have arrived meanwhile', async () => {
    const asked = gate();
    const made = await serving(
      it =>
        it.mount('/', says('hello')).route('POST', '/', async (environ, startResponse) => {
          asked.open();
          return says(await environ['wsgi.input'].text())(environ, startResponse);
        }),
      { timeouts: { content: 0.6, head: 0.6, idle: 0.6 } },
    );
    const [sending, asking, again] = [await made.client(), await made.client(), await made.client()];
    await again.get('/');
    sending.request('POST', '/', { 'Content-Length': '3' });
    asking.send('GET / HTTP/1.1\r\n');
    await asked.opened;
    sending.send('abc');
    asking.send('Host: a\r\n\r\n');
    again.request('GET', '/');
    const until = performance.now() + 1500;
    while (performance.now() < until);
    expect((await sending.answer()).text).toBe('abc');
    expect((await asking.answer()).text).toBe('hello');
    expect((await again.answer()).text).toBe('hello');
  });
});

describe('a preface', () => {
  /** Expects one of everybody, and finds none. */
  const strict: Preface = {
    expectedFrom: () => true,
    read() {
      throw new Error('none');
    },
  };

  test('is for sockets: server.call has none', async () => {
    const made = start({ path: socketPath(), preface: strict }).mount('/', says('hello'));
    expect((await made.call('/')).text()).toBe('hello');
  });

  test('says whom the server is asked for', async () => {
    const seen: unknown[] = [];
    const preface: Preface = {
      expectedFrom: () => true,
      read: octets =>
        octets.length < 3
          ? null
          : {
              length: 3,
              remote: { address: '2001:db8::1', port: 1234 },
              local: { address: '2001:db8::2', port: 443 },
              scheme: 'https',
              details: { from: 'a test' },
            },
    };
    const made = await serving(
      it =>
        it.mount('/', (environ, startResponse) => {
          seen.push([
            environ.REMOTE_ADDR,
            environ.REMOTE_PORT,
            environ.SERVER_NAME,
            environ.SERVER_PORT,
            environ['wsgi.url_scheme'],
            environ['fapws.preface'],
            Object.keys(environ).includes('fapws.preface'),
          ]);
          return says('hello')(environ, startResponse);
        }),
      { preface },
    );
    const client = await made.client();
    client.send('ab');
    client.send('cGET / HTTP/1.1\r\nHost: a\r\n\r\n');
    expect((await client.answer()).text).toBe('hello');
    expect((await client.get('/')).text).toBe('hello');
    expect(seen).toEqual(
      Array(2).fill(['2001:db8::1', '1234', '2001:db8::2', '443', 'https', { from: 'a test' }, true]),
    );
  });

  test.each([
    ['null', null],
    ['a function', () => true],
    ['half of one', { read: () => null }],
    ['the other half', { expectedFrom: () => true }],
  ])('that is %s is a mistake at once', (_, preface) => {
    expect(() => start('127.0.0.1', 0, { preface: preface as unknown as Preface })).toThrow(
      /preface: an object with the methods expectedFrom and read/,
    );
    expect(() => start({ path: '/tmp/x', preface: preface as unknown as Preface })).toThrow(TypeError);
  });
});
