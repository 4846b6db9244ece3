// The numbers of requests that are in flight: unique, found again, and in order, for as many requests as there may be.

import { describe, expect, test } from 'vitest';
import type { Call } from '../src/call.ts';
import { InFlight } from '../src/in-flight.ts';

const aCall = (): Call => ({ id: 0 }) as Call;

describe('InFlight', () => {
  for (const [what, lastId] of [
    ['from the first number on', 0],
    ['beyond 31 bits', 0x7fff_fff0],
    ['beyond the last number', 0xffff_fff0],
  ] as const) {
    test(`does what a Map would do (${what})`, () => {
      const inFlight = new InFlight(lastId);
      const expected = new Map<number, Call>();
      let seed = 7;
      const random = (below: number): number => {
        seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
        return Math.floor((seed / 2_147_483_648) * below);
      };
      for (let step = 0; step < 6000; step += 1) {
        // Now more come than go, now more go; some stay for long.
        const most = step % 2000 < 1000 ? 300 : 5;
        if (expected.size < most && random(3) > 0) {
          const call = aCall();
          const id = inFlight.add(call);
          expect(id).toBeGreaterThan(0);
          expect(id).toBeLessThanOrEqual(0xffff_ffff);
          expect([call.id, expected.has(id)]).toEqual([id, false]);
          expected.set(id, call);
        } else if (expected.size > 0) {
          const ids = [...expected.keys()];
          const id = ids[random(Math.min(ids.length, 1 + random(ids.length)))] as number;
          expect(inFlight.get(id)).toBe(expected.get(id));
          expect([inFlight.delete(id), inFlight.delete(id), inFlight.get(id)]).toEqual([
            true,
            false,
            undefined,
          ]);
          expected.delete(id);
        }
        expect(inFlight.size).toBe(expected.size);
        if (step % 100 === 0) expect(inFlight.inOrder()).toEqual([...expected.values()]);
      }
      inFlight.clear();
      expect([inFlight.size, inFlight.inOrder()]).toEqual([0, []]);
    });
  }
});
