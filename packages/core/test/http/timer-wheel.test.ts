// The wheel on its own: never early, at most two ticks late, whatever is set, moved and removed while it turns.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Timed, TimerWheel } from '../../src/http/timer-wheel.ts';

const TICK = 500;
const START = 1_000_000_123;

class Timer implements Timed {
  deadline = Number.POSITIVE_INFINITY;
  wheelPrevious: Timed | null = null;
  wheelNext: Timed | null = null;
  wheelTick = -1;
  /** When it expired. */
  readonly expired: number[] = [];
  onExpire: () => void = () => {};
  readonly #clock: { now: number };

  constructor(clock: { now: number }) {
    this.#clock = clock;
  }

  expire(): void {
    this.expired.push(this.#clock.now);
    this.onExpire();
  }
}

/** A wheel with a clock that turns it as a server does. */
function wheelAndClock(): { wheel: TimerWheel; clock: { now: number }; advance(milliseconds: number): void } {
  const clock = { now: START };
  const wheel = new TimerWheel(TICK, clock.now);
  const advance = (milliseconds: number): void => {
    const end = clock.now + milliseconds;
    while (clock.now < end) {
      clock.now = Math.min(end, (Math.floor(clock.now / TICK) + 1) * TICK);
      wheel.turn(clock.now);
    }
  };
  return { wheel, clock, advance };
}

describe('a deadline', () => {
  test.each([0, 1, 499, 500, 501, 5000, 75_000, 127_500, 128_000, 128_500, 300_000, 3_600_000])(
    'in %i ms is met: not early, and at most a tick late',
    delay => {
      const { wheel, clock, advance } = wheelAndClock();
      const timer = new Timer(clock);
      wheel.set(timer, START + delay);
      advance(delay + 2 * TICK);
      expect(timer.expired).toHaveLength(1);
      expect(timer.expired[0]).toBeGreaterThanOrEqual(START + delay);
      expect(timer.expired[0]).toBeLessThanOrEqual(START + delay + TICK);
      expect(timer.wheelTick).toBe(-1);
      advance(600_000);
      expect(timer.expired).toHaveLength(1);
    },
  );

  test('put off is met later, without a move in between', () => {
    const { wheel, clock, advance } = wheelAndClock();
    const timer = new Timer(clock);
    wheel.set(timer, START + 10_000);
    const { wheelTick } = timer;
    for (let round = 1; round <= 9; round += 1) {
      advance(1000);
      wheel.set(timer, clock.now + 10_000);
      expect(timer.wheelTick).toBe(wheelTick);
    }
    advance(9_999);
    expect(timer.expired).toEqual([]);
    advance(1000);
    expect(timer.expired).toHaveLength(1);
  });

  test('brought forward is met earlier', () => {
    const { wheel, clock, advance } = wheelAndClock();
    const timer = new Timer(clock);
    wheel.set(timer, START + 100_000);
    wheel.set(timer, START + 2000);
    advance(2500);
    expect(timer.expired).toHaveLength(1);
  });

  test('of never is never met, and leaves the wheel when it is looked at', () => {
    const { wheel, clock, advance } = wheelAndClock();
    const timer = new Timer(clock);
    wheel.set(timer, Number.POSITIVE_INFINITY);
    expect(timer.wheelTick).toBe(-1);
    wheel.set(timer, START + 1000);
    timer.deadline = Number.POSITIVE_INFINITY;
    advance(300_000);
    expect(timer.expired).toEqual([]);
    expect(timer.wheelTick).toBe(-1);
    wheel.set(timer, clock.now + 1000);
    advance(1500);
    expect(timer.expired).toHaveLength(1);
  });

  test('of what was removed is not met', () => {
    const { wheel, clock, advance } = wheelAndClock();
    const timers = [new Timer(clock), new Timer(clock), new Timer(clock)];
    for (const timer of timers) wheel.set(timer, START + 1000);
    wheel.remove(timers[1] as Timer);
    wheel.remove(timers[1] as Timer);
    advance(300_000);
    expect(timers.map(({ expired }) => expired.length)).toEqual([1, 0, 1]);
  });
});

describe('an expiry', () => {
  test('may remove others that are due in the same turn: they do not expire', () => {
    for (const order of [
      [0, 1, 2],
      [2, 1, 0],
      [1, 2, 0],
    ]) {
      const { wheel, clock, advance } = wheelAndClock();
      const timers = [new Timer(clock), new Timer(clock), new Timer(clock)];
      for (const timer of timers) {
        timer.onExpire = () => {
          for (const other of timers) if (other !== timer) wheel.remove(other);
        };
      }
      for (const at of order) wheel.set(timers[at] as Timer, START + 1000);
      advance(300_000);
      expect(timers.map(({ expired }) => expired.length).toSorted()).toEqual([0, 0, 1]);
    }
  });

  test('may put others off that are due in the same turn: they expire later', () => {
    const { wheel, clock, advance } = wheelAndClock();
    const first = new Timer(clock);
    const second = new Timer(clock);
    first.onExpire = () => wheel.set(second, clock.now + 5000);
    second.onExpire = () => wheel.set(first, clock.now + 5000);
    wheel.set(first, START + 1000);
    wheel.set(second, START + 1000);
    advance(2000);
    expect(first.expired.length + second.expired.length).toBe(1);
    advance(5000);
    expect(first.expired.length + second.expired.length).toBe(2);
  });

  test('may set its own next deadline', () => {
    const { wheel, clock, advance } = wheelAndClock();
    const timer = new Timer(clock);
    timer.onExpire = () => wheel.set(timer, clock.now + 10_000);
    timer.onExpire();
    advance(100_000);
    expect(timer.expired.length).toBeGreaterThanOrEqual(9);
    expect(timer.expired.length).toBeLessThanOrEqual(10);
  });
});

describe('a stall', () => {
  test.each([1000, 127_000, 128_000, 129_000, 3_600_000])('of %i ms: all that is due expires once', stall => {
    const { wheel, clock } = wheelAndClock();
    const timers = Array.from({ length: 600 }, () => new Timer(clock));
    for (const [at, timer] of timers.entries()) wheel.set(timer, START + at * TICK);
    const deadlines = timers.map(({ deadline }) => deadline);
    clock.now += stall;
    wheel.turn(clock.now);
    for (const [at, { expired }] of timers.entries()) {
      const deadline = deadlines[at] as number;
      if (deadline > clock.now) expect(expired).toHaveLength(0);
      // What has become due since the last full tick may wait for the next one.
      else if (deadline <= clock.now - TICK) expect(expired).toHaveLength(1);
    }
    // The others keep their deadlines.
    for (let turn = 0; turn < 700; turn += 1) {
      clock.now += TICK;
      wheel.turn(clock.now);
    }
    expect(timers.every(({ expired }) => expired.length === 1)).toBe(true);
  });

  test('a clock that is set back delays deadlines and loses none', () => {
    const { wheel, clock, advance } = wheelAndClock();
    const timer = new Timer(clock);
    wheel.set(timer, START + 10_000);
    clock.now -= 60_000;
    wheel.turn(clock.now);
    const later = new Timer(clock);
    wheel.set(later, clock.now + 5000);
    advance(71_000);
    expect(timer.expired).toHaveLength(1);
    expect(later.expired).toHaveLength(1);
  });
});

test('any row of settings, removals and turns: each deadline is met in time, none twice', () => {
  const action = fc.oneof(
    fc.record({ kind: fc.constant('set'), timer: fc.nat(9), delay: fc.nat(200_000) }),
    fc.record({ kind: fc.constant('remove'), timer: fc.nat(9), delay: fc.constant(0) }),
    fc.record({ kind: fc.constant('advance'), timer: fc.constant(0), delay: fc.nat(20_000) }),
  );
  fc.assert(
    fc.property(fc.array(action, { maxLength: 60 }), actions => {
      const { wheel, clock, advance } = wheelAndClock();
      const timers = Array.from({ length: 10 }, () => new Timer(clock));
      /** What each timer waits for. */
      const wanted: (number | null)[] = timers.map(() => null);
      for (const [at, timer] of timers.entries()) {
        timer.onExpire = () => {
          const deadline = wanted[at];
          expect(deadline).not.toBeNull();
          expect(clock.now).toBeGreaterThanOrEqual(deadline as number);
          expect(clock.now).toBeLessThanOrEqual((deadline as number) + 2 * TICK);
          wanted[at] = null;
        };
      }
      for (const { kind, timer, delay } of actions) {
        const chosen = timers[timer] as Timer;
        if (kind === 'set') {
          wheel.set(chosen, clock.now + delay);
          wanted[timer] = clock.now + delay;
        } else if (kind === 'remove') {
          wheel.remove(chosen);
          wanted[timer] = null;
        } else advance(delay);
      }
      advance(400_000);
      expect(wanted).toEqual(timers.map(() => null));
    }),
    { numRuns: 500 },
  );
});
