// Timers and deferred work of a server.

import { describe, expect, test } from 'vitest';
import { Watched } from '../loop/watched.ts';
import { says, server, serving } from './serving.ts';

/** Counts calls. */
class Calls extends Watched {
  count = 0;
  /** A task that counts its calls and answers what is given. */
  task(answer?: unknown): () => unknown {
    return () => {
      this.count += 1;
      this.changed();
      return typeof answer === 'function' ? (answer as () => unknown)() : answer;
    };
  }
  untilCalled(times: number): Promise<void> {
    return this.until(`called ${times} times`, () => this.count >= times);
  }
}

describe('addTimer', () => {
  test('calls while the server runs: not before, and not after', async () => {
    const made = server();
    const [early, late, witness] = [new Calls(), new Calls(), new Calls()];
    made.server.addTimer(0.01, early.task());
    const other = await serving(it => it.mount('/', says('')));
    other.server.addTimer(0.01, witness.task());
    await witness.untilCalled(5);
    expect(early.count).toBe(0);

    await made.server.listen();
    made.server.addTimer(0.01, late.task());
    await early.untilCalled(3);
    await late.untilCalled(3);
    await made.server.stop();
    const counts = [early.count, late.count];
    await witness.untilCalled(witness.count + 5);
    expect([early.count, late.count]).toEqual(counts);
  });

  test('stop and restart, before and after the server runs', async () => {
    const made = server();
    const [calls, stopped, witness] = [new Calls(), new Calls(), new Calls()];
    const timer = made.server.addTimer(0.01, calls.task());
    const early = made.server.addTimer(0.01, stopped.task());
    early.stop();
    timer.stop();
    timer.restart();
    made.server.addTimer(0.01, witness.task());
    await made.server.listen();
    await calls.untilCalled(3);
    await witness.untilCalled(3);
    expect(stopped.count).toBe(0);

    timer.stop();
    timer.stop();
    const before = calls.count;
    await witness.untilCalled(witness.count + 5);
    expect(calls.count).toBe(before);
    early.restart();
    timer.restart();
    await calls.untilCalled(before + 3);
    await stopped.untilCalled(3);
  });

  test('restarted before the server runs it waits for the server', async () => {
    const made = server();
    const [calls, witness] = [new Calls(), new Calls()];
    made.server.addTimer(0.01, calls.task()).restart();
    const other = await serving(it => it.mount('/', says('')));
    other.server.addTimer(0.01, witness.task());
    await witness.untilCalled(5);
    expect(calls.count).toBe(0);
    await made.server.listen();
    await calls.untilCalled(2);
  });

  test('restarted or added after the stop it stays silent, and does not keep the process alive', async () => {
    const made = await serving(it => it.mount('/', says('')));
    const [calls, witness] = [new Calls(), new Calls()];
    const timer = made.server.addTimer(0.01, calls.task());
    await calls.untilCalled(1);
    await made.server.stop();
    const before = calls.count;
    timer.restart();
    made.server.addTimer(0.01, calls.task());
    const other = await serving(it => it.mount('/', says('')));
    other.server.addTimer(0.01, witness.task());
    await witness.untilCalled(5);
    expect(calls.count).toBe(before);
  });

  test.each([
    ['false', () => false],
    ['a promise of false', async () => false],
  ])('a task that answers %s is not called again, until it is restarted', async (_, answer) => {
    const made = await serving(it => it.mount('/', says('')));
    const [calls, witness] = [new Calls(), new Calls()];
    const timer = made.server.addTimer(0.02, calls.task(answer));
    made.server.addTimer(0.02, witness.task());
    await witness.untilCalled(5);
    expect(calls.count).toBe(1);
    timer.restart();
    await witness.untilCalled(10);
    expect(calls.count).toBe(2);
    expect(made.log).toBe('');
  });

  test.each([
    ['undefined', undefined],
    ['null', null],
    ['0', 0],
    ['the empty string', ''],
    ['true', true],
  ])('a task that answers %s goes on', async (_, answer) => {
    const made = await serving(it => it.mount('/', says('')));
    const calls = new Calls();
    made.server.addTimer(0.005, calls.task(answer));
    await calls.untilCalled(3);
  });

  test.each([
    [
      'throws',
      () => {
        throw new Error('planned');
      },
    ],
    ['rejects', () => Promise.reject(new Error('planned'))],
  ])(
    'a task that %s is reported each time and called again; the server and other timers go on',
    async (_, fail) => {
      const made = await serving(it => it.mount('/', says('hello')));
      const [calls, witness] = [new Calls(), new Calls()];
      const timer = made.server.addTimer(0.01, calls.task(fail));
      made.server.addTimer(0.01, witness.task());
      await calls.untilCalled(3);
      await made.untilLogged('fapws: a timer: Error: planned');
      timer.stop();
      const reports = (): number => made.log.split('fapws: a timer: Error: planned').length - 1;
      await made.until('each failure is reported', () => reports() === calls.count);
      const before = calls.count;
      await witness.untilCalled(witness.count + 5);
      expect(calls.count).toBe(before);
      expect((await (await made.client()).get('/')).text).toBe('hello');
    },
  );

  test('more than ten timers', async () => {
    const made = await serving(it => it.mount('/', says('')));
    const all = Array.from({ length: 50 }, () => new Calls());
    for (const calls of all) made.server.addTimer(0.01, calls.task());
    await Promise.all(all.map(calls => calls.untilCalled(2)));
  });

  test.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY, 2_147_484, '1' as unknown as number])(
    'refuses a period of %j seconds',
    seconds => {
      const { server: made } = server();
      expect(() => made.addTimer(seconds, () => {})).toThrow(RangeError);
    },
  );

  test('refuses what is no function, at once', () => {
    const { server: made } = server();
    expect(() => made.addTimer(1, undefined as never)).toThrow(TypeError);
    expect(() => made.defer('later' as never)).toThrow(TypeError);
  });
});

describe('defer', () => {
  test('runs functions once, in order, later', async () => {
    const made = await serving(it => it.mount('/', says('')));
    const calls = new Calls();
    const order: number[] = [];
    for (const number of [1, 2, 3]) {
      made.server.defer(() => {
        order.push(number);
        calls.task()();
      });
    }
    expect(order).toEqual([]);
    expect(made.server.deferQueueSize).toBe(3);
    await calls.untilCalled(3);
    expect(order).toEqual([1, 2, 3]);
    expect(made.server.deferQueueSize).toBe(0);
  });

  test('combined, a function that waits already is not queued again; when it has run it may be', async () => {
    const made = await serving(it => it.mount('/', says('')));
    const [commit, other] = [new Calls(), new Calls()];
    const task = commit.task();
    for (let round = 0; round < 10; round += 1) made.server.defer(task, { combine: true });
    made.server.defer(other.task(), { combine: true });
    expect(made.server.deferQueueSize).toBe(2);
    await other.untilCalled(1);
    expect(commit.count).toBe(1);
    made.server.defer(task, { combine: true });
    await commit.untilCalled(2);
  });

  test('not combined, it runs as often as it was deferred', async () => {
    const made = await serving(it => it.mount('/', says('')));
    const calls = new Calls();
    const task = calls.task();
    for (let round = 0; round < 5; round += 1) made.server.defer(task);
    made.server.defer(task, { combine: true });
    expect(made.server.deferQueueSize).toBe(5);
    await calls.untilCalled(5);
    expect(calls.count).toBe(5);
  });

  test('a function that fails is reported, and the queue goes on', async () => {
    const made = await serving(it => it.mount('/', says('hello')));
    const calls = new Calls();
    made.server.defer(() => {
      throw new Error('planned');
    });
    made.server.defer(async () => {
      throw new Error('planned too');
    });
    made.server.defer(calls.task());
    await calls.untilCalled(1);
    await made.untilLogged('fapws: a deferred function: Error: planned\n');
    await made.untilLogged('fapws: a deferred function: Error: planned too\n');
    expect((await (await made.client()).get('/')).text).toBe('hello');
  });

  test('a function may defer itself for ever without delaying requests', async () => {
    const made = await serving(it => it.mount('/', says('hello')));
    let going = true;
    const again = (): void => {
      if (going) made.server.defer(again);
    };
    again();
    const client = await made.client();
    for (let round = 0; round < 20; round += 1) expect((await client.get('/')).text).toBe('hello');
    going = false;
  });

  test('what is deferred by a callback runs after its answer is on its way', async () => {
    const order: string[] = [];
    const calls = new Calls();
    const made = await serving(it =>
      it.mount('/', (environ, startResponse) => {
        it.defer(() => {
          order.push('deferred');
          calls.task()();
        });
        order.push('called');
        return says('hello')(environ, startResponse);
      }),
    );
    const client = await made.client();
    expect((await client.get('/')).text).toBe('hello');
    await calls.untilCalled(1);
    expect(order).toEqual(['called', 'deferred']);
  });

  test('what waits when the server stops still runs', async () => {
    const made = await serving(it => it.mount('/', says('')));
    const calls = new Calls();
    for (let round = 0; round < 20; round += 1) made.server.defer(calls.task());
    await made.server.stop();
    await calls.untilCalled(20);
  });
});
