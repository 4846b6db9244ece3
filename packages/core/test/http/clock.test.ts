// The clock behind all deadlines: it only goes forward, and callbacks that stop the loop do not cost clients their time.
import { afterEach, describe, expect, test, vi } from 'vitest';
import { Clock } from '../../src/http/clock.ts';
import { TimerWheel } from '../../src/http/timer-wheel.ts';
import { EXPECT, expectAfter, GET, over, pending } from './timing.ts';
import { readContent, respond, Server } from './wire.ts';

describe('the clock', () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  test('deadlines hang on one that only goes forward: a step of the wall clock moves none', () => {
    let monotonic = 1000;
    let wall = Date.UTC(2026, 0, 1);
    vi.spyOn(performance, 'now').mockImplementation(() => monotonic);
    vi.spyOn(Date, 'now').mockImplementation(() => wall);
    const clock = new Clock('');
    const wheel = new TimerWheel(500, clock.now);
    const expired = vi.fn();
    const timed = { deadline: 0, wheelPrevious: null, wheelNext: null, wheelTick: -1, expire: expired };
    wheel.set(timed, clock.now + 10_000);
    for (const step of [0, 86_400_000, -2 * 86_400_000, 0]) {
      wall += step;
      for (let turn = 0; turn < 4; turn += 1) {
        monotonic += 500;
        wall += 500;
        clock.synchronise();
        wheel.turn(clock.now);
      }
      expect(clock.dateLine).toBe(`Date: ${new Date(wall).toUTCString()}\r\n`);
      expect(expired).not.toHaveBeenCalled();
    }
    monotonic += 2000;
    clock.synchronise();
    wheel.turn(clock.now);
    expect(expired).toHaveBeenCalledTimes(1);
  });

  test('a fake one moves both', () => {
    let now = Date.UTC(2026, 0, 1);
    const clock = new Clock('Server: x\r\n', () => now);
    expect(clock.now).toBe(now);
    now += 5000;
    clock.update();
    expect(clock.dateAndServerLines).toBe('Date: Thu, 01 Jan 2026 00:00:05 GMT\r\nServer: x\r\n');
  });
});

describe('a callback that keeps the loop from turning', () => {
  const HOUR = 3_600_000;

  test('and then asks for content gives the client its whole time', async () => {
    const server = new Server({ app: exchange => void exchange.body });
    const client = server.connect().send(EXPECT);
    server.now += HOUR;
    readContent(server.exchange, pending);
    await expectAfter(20, server, over(client));
    expect(client.statuses).toEqual([100, 408]);
  });

  test('and then sends more than the client takes at once, likewise', async () => {
    const server = new Server({ app: pending });
    const client = server.connect();
    client.takes = false;
    client.send(GET);
    server.now += HOUR;
    respond(server.exchange, 'x'.repeat(200_000));
    await expectAfter(30, server, over(client));
  });
});
