import { execFileSync } from 'node:child_process';
import { optional } from '@fapws/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { commonLogTime, oncePerSecond, strftime } from '../src/time.ts';

const conversions = [...'aAbBcCdDeFgGhHIjklmMpPrRsSTuUVwWxXyYzZ%'];

test('a second is rendered once, whatever the order in which seconds come', () => {
  const rendered: number[] = [];
  const render = oncePerSecond(date => {
    rendered.push(date.getTime());
    return date.toISOString();
  });
  expect(render(1500)).toBe('1970-01-01T00:00:01.000Z');
  expect(render(1999)).toBe('1970-01-01T00:00:01.000Z');
  expect(render(2000)).toBe('1970-01-01T00:00:02.000Z');
  expect(render(1000)).toBe('1970-01-01T00:00:01.000Z');
  // The same slot, another second.
  expect(render(17_000)).toBe('1970-01-01T00:00:17.000Z');
  expect(render(1000)).toBe('1970-01-01T00:00:01.000Z');
  expect(rendered).toEqual([1000, 2000, 17_000, 1000]);
});

test('the zone of the process is used, in summer and in winter', () => {
  const before = process.env['TZ'];
  try {
    for (const [zone, winter, summer] of [
      ['Europe/Brussels', '+0100', '+0200'],
      ['America/St_Johns', '-0330', '-0230'],
      ['Asia/Kolkata', '+0530', '+0530'],
    ] as const) {
      process.env['TZ'] = zone;
      expect(commonLogTime(Date.UTC(2031, 0, 9, 12))).toContain(` ${winter}]`);
      expect(commonLogTime(Date.UTC(2031, 6, 9, 12))).toContain(` ${summer}]`);
    }
  } finally {
    if (before === undefined) delete process.env['TZ'];
    else process.env['TZ'] = before;
  }
});

function hasGnuDate(): boolean {
  try {
    return execFileSync('date', ['--version'], { encoding: 'utf8' }).includes('GNU');
  } catch {
    return false;
  }
}

describe.runIf(optional('GNU date', hasGnuDate(), 'apt-get install coreutils'))('strftime', () => {
  test('is that of the C library', () => {
    const format = conversions.map(letter => `%${letter}`).join('|');
    // From 1971 on, and every day of some weeks around the turns of years, where weeks are hard.
    const seconds = fc.sample(fc.integer({ min: 31_536_000, max: 4_000_000_000 }), 200);
    for (let year = 2015; year < 2030; year += 1) {
      for (let day = -4; day < 5; day += 1) seconds.push(Date.UTC(year, 0, 1 + day, 13, 4, 5) / 1000);
    }
    const input = seconds.map(second => `@${second}`).join('\n');
    const expected = execFileSync('date', ['-f', '-', `+${format}`], {
      input,
      encoding: 'utf8',
      env: { ...process.env, LC_ALL: 'C', TZ: 'UTC' },
    });
    const before = process.env['TZ'];
    process.env['TZ'] = 'UTC';
    try {
      const render = strftime(format);
      expect(seconds.map(second => render(new Date(second * 1000)))).toEqual(expected.trimEnd().split('\n'));
    } finally {
      if (before === undefined) delete process.env['TZ'];
      else process.env['TZ'] = before;
    }
  });
});
