// Making a server, listening, and what is said about it.

import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { type Address, ListenError, start, type TcpAddress } from '../../src/index.ts';
import { socketPath } from '../loop/recorder.ts';
import { nextTurn, within } from '../loop/watched.ts';
import { Client } from './client.ts';
import { gate, says, server, serving } from './serving.ts';

/** The error that a call throws. */
function thrown(call: () => unknown): ListenError {
  try {
    call();
  } catch (error) {
    expect(error).toBeInstanceOf(ListenError);
    return error as ListenError;
  }
  throw new Error('nothing was thrown');
}

describe('start', () => {
  test('takes host, port and options', async () => {
    const made = start('127.0.0.1', 0, { backlog: 10 }).mount('/', says('by host and port'));
    onTestFinished(async () => {
      await made.stop({ graceMs: 0 });
    });
    expect(made.addresses).toEqual([]);
    expect(made.url).toBe('');
    const addresses = await made.listen();
    expect(made.addresses).toEqual(addresses);
    const address = addresses[0] as TcpAddress;
    expect(made.url).toBe(`http://127.0.0.1:${address.port}`);
    expect((await (await Client.connect(address)).get('/')).text).toBe('by host and port');
  });

  test('takes one record', async () => {
    const made = start({ path: socketPath(), mode: 0o600, limits: { head: 1000 } }).mount(
      '/',
      says('by path'),
    );
    onTestFinished(async () => {
      await made.stop({ graceMs: 0 });
    });
    const client = await Client.connect((await made.listen())[0] as Address);
    expect((await client.get('/')).text).toBe('by path');
  });

  test.each([
    ['', 80],
    [undefined, 80],
    ['127.0.0.1', -1],
    ['127.0.0.1', 65_536],
    ['127.0.0.1', 1.5],
    ['127.0.0.1', '8080'],
    ['127.0.0.1', undefined],
    ['127.0.0.1', Number.NaN],
  ])('refuses host %j with port %j at once, and says what it wants', (host, port) => {
    const error = thrown(() => start({ host, port } as { host: string; port: number }));
    expect(error.code).toBe('FAPWS_LISTEN_ADDRESS');
    expect(error.message).toMatch(/Give (an address|a number)/);
  });

  test('refuses an empty path and a negative file descriptor', () => {
    expect(thrown(() => start({ path: '' })).code).toBe('FAPWS_LISTEN_ADDRESS');
    expect(thrown(() => start({ fd: -1 })).code).toBe('FAPWS_LISTEN_FD');
    expect(thrown(() => start({ fd: 1.5 })).code).toBe('FAPWS_LISTEN_FD');
  });

  test('refuses a list of no addresses, and reusePort where there is no port', () => {
    expect(thrown(() => start([])).code).toBe('FAPWS_LISTEN_ADDRESS');
    expect(() => start({ path: '/tmp/x.sock', reusePort: true })).toThrow(/shares a TCP port/);
    expect(() => start([{ fd: 3 }], { reusePort: true })).toThrow(RangeError);
    expect(() => start([{ fd: 3 }, { host: 'a', port: 1 }], { reusePort: true })).not.toThrow();
  });

  test('refuses bounds that are none', () => {
    const limits = (value: object) => () => start('127.0.0.1', 0, { limits: value });
    expect(limits({ heads: 1 })).toThrow(/no limit called heads.*There are: requestLine, field, head/);
    expect(limits({ head: 0 })).toThrow(RangeError);
    expect(limits({ head: '1' })).toThrow(RangeError);
    expect(limits({ head: undefined, content: Number.POSITIVE_INFINITY })).not.toThrow();
    expect(() => start('127.0.0.1', 0, { timeouts: { idle: -1 } })).toThrow(/timeout idle/);
  });

  test('refuses what is no application, and says where', () => {
    const { server: made } = server();
    expect(() => made.mount('/x', null as never)).toThrow(
      "mount('/x', …): the application must be a function, not null.",
    );
    expect(() => made.route('GET', '/y', {} as never)).toThrow(/route\('\/y', …\).*a function, not object/);
    expect(() => made.fallback('z' as never)).toThrow(/fallback\(…\)/);
  });
});

describe('LIBEV_FLAGS', () => {
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  test.each([undefined, '', '0'])('%j: the loop that works here', flags => {
    vi.stubEnv('LIBEV_FLAGS', flags);
    expect(start('127.0.0.1', 0).loop).toBe('portable');
  });

  test.each([
    ['1', 'select'],
    ['2', 'poll'],
    ['4', 'epoll'],
    ['5', 'select or epoll'],
    ['8', 'kqueue'],
    ['16', 'devpoll'],
    ['32', 'port'],
    ['64', 'linuxaio'],
    ['128', 'io_uring'],
    ['256', 'a back end that does not exist'],
  ])('%s: a clear error, as only the portable loop is here', (flags, names) => {
    vi.stubEnv('LIBEV_FLAGS', flags);
    const error = thrown(() => start('127.0.0.1', 0));
    expect(error.code).toBe('FAPWS_LOOP_UNAVAILABLE');
    expect(error.message).toContain(
      `LIBEV_FLAGS=${flags} asks for ${names}, which this installation does not have.`,
    );
    expect(error.message).toContain('unset LIBEV_FLAGS');
  });

  test.each(['epoll', '4abc', '-1', '1.5', ' ', '1|4', '0x'])('%j: is no number', flags => {
    vi.stubEnv('LIBEV_FLAGS', flags);
    const error = thrown(() => start('127.0.0.1', 0));
    expect(error.code).toBe('FAPWS_LOOP_UNAVAILABLE');
    expect(error.message).toContain(`LIBEV_FLAGS=${JSON.stringify(flags)} is not a number.`);
  });
});

describe('listen', () => {
  test('a second time is refused, and harms the first one in nothing', async () => {
    const made = await serving(it => it.mount('/', says('hello')));
    await expect(made.server.listen()).rejects.toThrow(/listens already/);
    expect((await (await made.client()).get('/')).text).toBe('hello');
  });

  test('after a stop is refused', async () => {
    const made = await serving(it => it.mount('/', says('hello')));
    await made.server.stop();
    expect(made.server.addresses).toEqual([]);
    await expect(made.server.listen()).rejects.toThrow(/has been stopped. Make another one/);
  });

  test('after a failure may be tried again', async () => {
    const first = await serving(it => it.mount('/', says('first')));
    const second = server(first.address as { host: string; port: number });
    second.server.mount('/', says('second'));
    await expect(second.server.listen()).rejects.toMatchObject({ code: 'FAPWS_LISTEN_BUSY' });
    expect(second.server.addresses).toEqual([]);
    await first.server.stop();
    await second.server.listen();
    expect((await (await second.client()).get('/')).text).toBe('second');
  });
});

describe('run', () => {
  test('prints one line with address and loop when it listens, and resolves after stop', async () => {
    const made = server();
    made.server.mount('/', says('hello'));
    const lines: string[] = [];
    let over = false;
    const listening = new Promise<void>(resolve => {
      void made.server
        .run({
          print(line) {
            lines.push(line);
            resolve();
          },
        })
        .then(() => {
          over = true;
        });
    });
    await within(listening, 'the start line is printed');
    const { port } = made.address as { port: number };
    expect(lines).toEqual([`fapws: listening on http://127.0.0.1:${port} (portable loop)`]);
    expect((await (await made.client()).get('/')).text).toBe('hello');
    expect(over).toBe(false);
    await made.server.stop();
    await new Promise(resolve => setImmediate(resolve));
    expect(over).toBe(true);
    expect(lines.length).toBe(1);
  });

  test('prints to the console unless told otherwise', async () => {
    const log = vi.spyOn(console, 'log').mockImplementation(() => {});
    onTestFinished(() => log.mockRestore());
    const made = server({ path: socketPath() });
    const over = made.server.run();
    await vi.waitFor(() => expect(log).toHaveBeenCalledTimes(1));
    expect(log.mock.calls[0]?.[0]).toMatch(/^fapws: listening on unix:\/.*\/socket \(portable loop\)$/);
    await made.server.stop();
    await within(over, 'run resolves');
  });

  test('fails as listen does, and leaves signals alone', async () => {
    const first = await serving(it => it.mount('/', says('first')));
    const second = server(first.address as { host: string; port: number });
    const before = process.listenerCount('SIGTERM');
    const print = vi.fn();
    await expect(second.server.run({ print })).rejects.toMatchObject({ code: 'FAPWS_LISTEN_BUSY' });
    expect(print).not.toHaveBeenCalled();
    expect(process.listenerCount('SIGTERM')).toBe(before);
  });

  test('can be stopped by a signal from the moment in which it says that it listens', async () => {
    const made = start('127.0.0.1', 0);
    await within(made.run({ print: () => void process.emit('SIGTERM') }), 'run resolves');
    await expect(made.whenStopped).resolves.toEqual({ cut: 0 });
  });

  test('takes signals while it runs, unless told not to, and gives them back', async () => {
    const counts = (): number[] => [process.listenerCount('SIGINT'), process.listenerCount('SIGTERM')];
    const before = counts() as [number, number];
    for (const signals of [true, false]) {
      const made = server();
      const listening = gate();
      const over = made.server.run({ signals, print: () => listening.open() });
      await within(listening.opened, 'it listens');
      await nextTurn();
      expect(counts()).toEqual(signals ? before.map(count => count + 1) : before);
      await made.server.stop();
      await within(over, 'run resolves');
      expect(counts()).toEqual(before);
    }
  });

  test('resolves when stop comes before it listens', async () => {
    const made = server();
    const lines: string[] = [];
    const over = made.server.run({ print: line => lines.push(line) });
    const stopped = made.server.stop();
    await within(Promise.all([over, stopped]), 'run and stop resolve');
    expect(made.server.addresses).toEqual([]);
  });
});

describe('mistakes when a server is made', () => {
  test.each([
    ['an option of start', () => start('127.0.0.1', 0, { limit: {} } as object)],
    ['an option beside an address', () => start({ host: '127.0.0.1', port: 0, limmits: {} } as never)],
    ['a limit', () => start('127.0.0.1', 0, { limits: { heads: 1 } as object })],
    ['a part of the base', () => start('127.0.0.1', 0).base({ errorPag: () => ({}) } as object)],
  ])('a misspelt name is an error that lists the right ones (%s)', (_, make) => {
    expect(make).toThrow(/^There is no .* called .*\. There are: /);
  });

  test('a misspelt part of a request to call is one too', async () => {
    const calling = start('127.0.0.1', 0).call({ path: '/' } as object);
    await expect(calling).rejects.toThrow(/There are: method, target,/);
  });

  test('a method that can never arrive is an error, in the base and in a route', () => {
    expect(() => start('127.0.0.1', 0).base({ methods: ['get'] })).toThrow(/"get" is not a method/);
    expect(() => start('127.0.0.1', 0).route('BREW', '/pot', says('tea'))).toThrow(/"BREW" is not a method/);
  });

  test('a route for a method makes it a method of the server', async () => {
    const made = start('127.0.0.1', 0).route('TRACE', '/trace', says('traced'));
    expect((await made.call({ method: 'TRACE', target: '/trace' })).text()).toBe('traced');
    expect((await made.call({ method: 'TRACE', target: '/' })).statusCode).toBe(404);
  });

  test('the base cannot be replaced under a running server', async () => {
    const made = await serving(it => it.mount('/', says('hello')));
    expect(() => made.server.base({ ident: 'late' })).toThrow(/comes before listen/);
  });

  test('several addresses are listened on, or none', async () => {
    const made = start([{ host: '127.0.0.1', port: 0 }, { path: socketPath() }]).mount(
      '/',
      says('everywhere'),
    );
    onTestFinished(async () => {
      await made.stop({ graceMs: 0 });
    });
    const addresses = await made.listen();
    expect(addresses).toHaveLength(2);
    for (const address of addresses) {
      expect((await (await Client.connect(address)).get('/')).text).toBe('everywhere');
    }
    const busy = start([{ path: socketPath() }, addresses[0] as Address]);
    await expect(busy.listen()).rejects.toMatchObject({ code: 'FAPWS_LISTEN_BUSY' });
    expect(busy.addresses).toEqual([]);
  });
});
