import { expect, onTestFinished, test } from 'vitest';
import type { Loop, LoopTimer } from '../../src/loop/types.ts';
import type { MakeLoop } from '../loop.suite.ts';
import { Peer } from './peer.ts';
import { listening } from './recorder.ts';
import { Watched } from './watched.ts';

/** Writes down when something was called. */
class Calls extends Watched {
  readonly times: number[] = [];
  readonly call = (): void => {
    this.times.push(performance.now());
    this.changed();
  };

  untilCalled(times: number): Promise<void> {
    return this.until(`called ${times} times`, () => this.times.length >= times);
  }
}

function timer(loop: Loop, milliseconds: number, task: () => void): LoopTimer {
  const added = loop.addTimer(milliseconds, task, false);
  onTestFinished(() => added.stop());
  return added;
}

export function timersAndTurns(make: MakeLoop): void {
  test('a timer calls again and again, never early', async () => {
    const calls = new Calls();
    const begun = performance.now();
    timer(make(Buffer.alloc(65_536)), 20, calls.call);
    await calls.untilCalled(5);
    // Clocks of loops tick in whole milliseconds.
    for (const [number, time] of calls.times.entries()) {
      expect(time - begun).toBeGreaterThanOrEqual((number + 1) * 20 - number - 2);
    }
  });

  test('a stopped timer is silent until it is restarted, and then begins a full period', async () => {
    const loop = make(Buffer.alloc(65_536));
    const [stopped, other] = [new Calls(), new Calls()];
    const added = timer(loop, 20, stopped.call);
    timer(loop, 20, other.call);
    await stopped.untilCalled(2);
    added.stop();
    added.stop();
    const before = stopped.times.length;
    await other.untilCalled(other.times.length + 5);
    expect(stopped.times.length).toBe(before);
    const restarted = performance.now();
    added.restart();
    await stopped.untilCalled(before + 2);
    expect((stopped.times[before] as number) - restarted).toBeGreaterThanOrEqual(18);
  });

  test('restarting a running timer puts its call off', async () => {
    const loop = make(Buffer.alloc(65_536));
    const [late, often] = [new Calls(), new Calls()];
    const added = timer(loop, 200, late.call);
    const ticker = timer(loop, 20, () => {
      added.restart();
      often.call();
    });
    await often.untilCalled(15);
    expect(late.times).toEqual([]);
    ticker.stop();
    await late.untilCalled(1);
  });

  test('a timer may stop itself', async () => {
    const loop = make(Buffer.alloc(65_536));
    const [own, other] = [new Calls(), new Calls()];
    const added = timer(loop, 10, () => {
      own.call();
      added.stop();
    });
    timer(loop, 10, other.call);
    await other.untilCalled(6);
    expect(own.times.length).toBe(1);
  });

  test('what a timer writes leaves by itself', async () => {
    const input = Buffer.alloc(65_536);
    const loop = make(input);
    const arrivals = await listening(loop, input);
    const peer = await Peer.connect(arrivals.address);
    const { transport } = await arrivals.connection();
    timer(loop, 10, () => transport.write('tick '));
    await peer.until('two ticks', () => peer.text.startsWith('tick tick '));
  });

  test('afterTurn runs after the read in which it was asked for, before the next one', async () => {
    const input = Buffer.alloc(1000);
    const loop = make(input);
    const order: string[] = [];
    const arrivals = await listening(loop, input, {
      data({ events }) {
        const number = events.length - 1;
        order.push(`read ${number}`);
        loop.afterTurn(() => order.push(`after ${number}`));
        order.push(`read ${number} ends`);
      },
    });
    const peer = await Peer.connect(arrivals.address);
    peer.send(Buffer.alloc(3000));
    const connection = await arrivals.connection();
    await connection.until('all is read', () => connection.octets >= 3000);
    await connection.until('all tasks have run', () => order.length >= 3 * connection.count('data'));
    // A loop may read several times in one turn; no task may run within a read, all run in order.
    const inside = order.findIndex((step, at) => /read \d+$/.test(step) && order[at + 1] !== `${step} ends`);
    expect(inside).toBe(-1);
    const reads = Array.from({ length: connection.count('data') }, (_, at) => at + 1);
    expect(order.filter(step => step.startsWith('after'))).toEqual(reads.map(number => `after ${number}`));
  });

  test('afterTurn runs before deferred work and before Node looks at new events', async () => {
    const loop = make(Buffer.alloc(65_536));
    const done = new Calls();
    const order: string[] = [];
    loop.defer(() => {
      order.push('deferred');
      done.call();
    });
    loop.afterTurn(() => order.push('after'));
    order.push('now');
    await done.untilCalled(1);
    expect(order).toEqual(['now', 'after', 'deferred']);
  });

  test('a task of afterTurn may ask for another one, and may write', async () => {
    const input = Buffer.alloc(65_536);
    const loop = make(input);
    const arrivals = await listening(loop, input, {
      data({ transport }) {
        transport.write('a');
        loop.afterTurn(() => {
          transport.write('b');
          loop.afterTurn(() => transport.write('c'));
        });
      },
    });
    const peer = await Peer.connect(arrivals.address);
    peer.send('x');
    await peer.untilText('abc');
  });

  test('deferred work runs in order, each after the events that wait', async () => {
    const loop = make(Buffer.alloc(65_536));
    const done = new Calls();
    const order: number[] = [];
    for (const number of [1, 2, 3]) {
      loop.defer(() => {
        order.push(number);
        if (number === 1) {
          loop.defer(() => {
            order.push(4);
            done.call();
          });
        }
      });
    }
    expect(order).toEqual([]);
    await done.untilCalled(1);
    expect(order).toEqual([1, 2, 3, 4]);
  });

  test('work that defers itself for ever delays no connection', async () => {
    const input = Buffer.alloc(65_536);
    const loop = make(input);
    const arrivals = await listening(loop, input, {
      data: ({ transport }, octets) => transport.write(octets.toString('latin1')),
    });
    let going = true;
    onTestFinished(() => {
      going = false;
    });
    const again = (): void => {
      if (going) loop.defer(again);
    };
    again();
    const peer = await Peer.connect(arrivals.address);
    peer.send('hello');
    await peer.untilText('hello');
  });
}
