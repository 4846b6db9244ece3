// The data of a session as JSON: what goes in comes out, and what two requests did to it can be told apart.

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { movedText, newRevision, recordOf, textOf } from '../src/record.ts';
import { adopt, areSame, dataOf, merge, valuesOf } from '../src/values.ts';

const json = fc.jsonValue({ maxDepth: 3 });
const data = fc.dictionary(
  fc.oneof(fc.constantFrom('a', 'b', 'c', '__proto__', 'constructor', '"\\'), fc.string()),
  json,
  {
    noNullPrototype: false,
  },
);

describe('records', () => {
  test('what is stored comes back', () => {
    fc.assert(
      fc.property(data, fc.nat(), fc.nat(), (given, created, used) => {
        const record = { revision: newRevision(), created, used, values: valuesOf(given) };
        expect(recordOf(textOf(record))).toEqual(record);
        expect(JSON.stringify(dataOf(record.values))).toBe(JSON.stringify(given));
      }),
    );
  });

  test('what something else has written is no session', () => {
    for (const text of [
      undefined,
      null,
      7,
      '',
      '{',
      'null',
      '[]',
      '{}',
      '{"format":2}',
      '{"format":1,"data":{}}',
    ]) {
      expect(recordOf(text)).toBeNull();
    }
    expect(recordOf('{"format":1,"revision":"","created":1,"used":1,"data":null}')).toBeNull();
    fc.assert(fc.property(fc.json(), text => recordOf(text) === null));
    expect(recordOf(movedText)).toBe('moved');
  });
});

describe('merge', () => {
  test('is what the other did where this one did nothing, and the other way round', () => {
    fc.assert(
      fc.property(data, data, (base, mine) => {
        const [one, other] = [valuesOf(base), valuesOf(mine)];
        expect(areSame(merge(one, other, one).merged, other)).toBe(true);
        expect(areSame(merge(one, one, other).merged, other)).toBe(true);
        expect([merge(one, other, one).clashes, merge(one, one, other).clashes]).toEqual([[], []]);
      }),
    );
  });

  test('is the same from both sides, and clashes are exactly what both changed in different ways', () => {
    fc.assert(
      fc.property(data, data, data, (...all) => {
        const [base, mine, theirs] = all.map(valuesOf) as [
          ReadonlyMap<string, string>,
          ReadonlyMap<string, string>,
          ReadonlyMap<string, string>,
        ];
        const one = merge(base, mine, theirs);
        const other = merge(base, theirs, mine);
        const names = new Set([...base.keys(), ...mine.keys(), ...theirs.keys()]);
        const clashing = [...names].filter(name => {
          const [before, here, there] = [base.get(name), mine.get(name), theirs.get(name)];
          return before !== here && before !== there && here !== there;
        });
        expect(one.clashes.sort()).toEqual(clashing.sort());
        expect(other.clashes.sort()).toEqual(clashing.sort());
        if (clashing.length === 0) expect(areSame(one.merged, other.merged)).toBe(true);
      }),
    );
  });
});

describe('adopt', () => {
  test('keeps the objects that are as they should be, and what was changed meanwhile', () => {
    const inner = { deep: [1] };
    const held: Record<string, unknown> = { inner, gone: 1, mine: 'changed' };
    const seen = valuesOf({ inner: { deep: [1] }, gone: 1, mine: 'before' });
    adopt(held, valuesOf({ inner: { deep: [1] }, fresh: true, mine: 'theirs' }), seen);
    expect(held).toEqual({ inner: { deep: [1] }, fresh: true, mine: 'changed' });
    expect(held['inner']).toBe(inner);
  });
});
