// Lines on their way to files that are slow, full, or gone.

import {
  closeSync,
  constants,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { start } from '@fapws/core';
import { run } from '@fapws/testing';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Descriptor, type Written } from '../src/descriptor.ts';
import { log } from '../src/index.ts';
import { LineFile } from '../src/line-file.ts';
import { until } from './child.ts';
import { hello } from './lines.ts';

let folder = '';
let file = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fapws-log-'));
  file = join(folder, 'access.log');
});

afterEach(() => {
  vi.useRealTimers();
  rmSync(folder, { recursive: true, force: true });
});

/** A file in memory that answers when a test says so. */
class Fake {
  readonly name = 'the file';
  piece = 1_048_576;
  octets: Buffer[] = [];
  closed = false;
  waiting: (() => void) | null = null;
  /** What it does with octets: how many it takes, or an error. */
  answer: (octets: Buffer) => number | NodeJS.ErrnoException = octets => octets.length;
  /** Whether writes wait for `let`. */
  slow = false;

  get content(): string {
    return Buffer.concat(this.octets).toString('latin1');
  }

  write(octets: Buffer, done: Written): void {
    if (this.waiting !== null) throw new Error('two writes at once');
    if (this.closed) throw new Error('a write behind the end');
    const finish = (): void => {
      this.waiting = null;
      const answer = this.answer(octets);
      const taken = typeof answer === 'number' ? answer : 0;
      this.octets.push(octets.subarray(0, taken));
      done(typeof answer === 'number' ? null : answer, taken);
    };
    if (this.slow) this.waiting = finish;
    else queueMicrotask(finish);
  }

  writeSync(octets: Buffer): number {
    const answer = this.answer(octets);
    if (typeof answer !== 'number') throw answer;
    this.octets.push(octets.subarray(0, answer));
    return answer;
  }

  close(): void {
    if (this.waiting !== null) throw new Error('closed while it is written to');
    this.closed = true;
  }
}

const failure = (code: string): NodeJS.ErrnoException => Object.assign(new Error(`${code}: no`), { code });

interface Made {
  readonly fake: Fake;
  readonly lines: LineFile;
  readonly told: string[];
}

function make({ flushMs = 0, buffer = 300_000 } = {}): Made {
  const fake = new Fake();
  const told: string[] = [];
  const lines = new LineFile(fake as unknown as Descriptor, {
    flushMs,
    buffer,
    report: message => told.push(message),
  });
  return { fake, lines, told };
}

const line = `${'x'.repeat(999)}\n`;

/** Octets, one character each, without a line end but the last one. */
const lineOfOctets = (octets: Uint8Array): string =>
  `${Buffer.from(octets).toString('latin1').replaceAll('\n', '')}\n`;

describe('writing', () => {
  test('lines of one moment are written at once, in order', async () => {
    const { fake, lines } = make({ flushMs: 5 });
    const writes = vi.spyOn(fake, 'write');
    lines.write('one\n');
    lines.write('two \xe9\n');
    await until(() => fake.content !== '', 'a write');
    expect(fake.content).toBe('one\ntwo \xe9\n');
    expect(writes).toHaveBeenCalledTimes(1);
  });

  test('there is one write at a time, and what comes meanwhile follows', async () => {
    const { fake, lines } = make();
    fake.slow = true;
    lines.write('one\n');
    await until(() => fake.waiting !== null, 'a write');
    lines.write('two\n');
    lines.write('three\n');
    const flushed = lines.flush();
    fake.slow = false;
    fake.waiting?.();
    await flushed;
    expect(fake.content).toBe('one\ntwo\nthree\n');
  });

  test('many lines do not wait for the moment to be over', async () => {
    const { fake, lines } = make({ flushMs: 60_000 });
    for (let at = 0; at < 280; at += 1) lines.write(line);
    await until(() => fake.content !== '', 'a write');
    expect(fake.content.length).toBeGreaterThanOrEqual(262_144);
    await lines.close();
    expect(fake.content).toBe(line.repeat(280));
  });

  test('what is taken in parts arrives whole, with any parts, bounds and lines', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ max: 0xff, maxLength: 80 }).map(lineOfOctets)),
        fc.infiniteStream(fc.integer({ min: 1, max: 50 })),
        fc.integer({ min: 1, max: 100 }),
        async (texts, parts, piece) => {
          const { fake, lines } = make();
          fake.piece = piece;
          fake.answer = octets => Math.min(octets.length, parts.next().value as number);
          for (const text of texts) lines.write(text);
          await lines.close();
          expect(fake.content).toBe(texts.join(''));
          expect(lines.lost).toBe(0);
        },
      ),
      { numRuns: 50 },
    );
  });

  test('pieces for pipes are whole lines, and a longer line alone', async () => {
    const { fake, lines } = make();
    fake.piece = 10;
    const pieces: string[] = [];
    fake.answer = octets => {
      pieces.push(octets.toString());
      return octets.length;
    };
    for (const text of ['1234\n', '1234\n', '12\n', '123456789012345\n', '1\n', '2\n']) lines.write(text);
    await lines.flush();
    expect(pieces).toEqual(['1234\n1234\n', '12\n', '123456789012345\n', '1\n2\n']);
  });
});

describe('a disk that is full', () => {
  test('is told, lines wait, those beyond the bound are counted and told, and it goes on when there is room', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    const { fake, lines, told } = make();
    fake.answer = () => failure('ENOSPC');
    for (let at = 0; at < 400; at += 1) lines.write(line);
    await vi.advanceTimersByTimeAsync(1);
    expect(told).toEqual([
      'fapws log: 1 line was lost for the file: it takes them too slowly.',
      "fapws log: the file can't be written: ENOSPC: no. Lines wait, up to 300000 octets; more are lost.",
    ]);
    expect(lines.lost).toBe(100);
    // While it goes on, it is told now and then, not for each line.
    for (let second = 0; second < 60; second += 1) {
      await vi.advanceTimersByTimeAsync(1000);
      lines.write(line);
    }
    expect(lines.lost).toBe(160);
    expect(told.length).toBeLessThan(10);
    expect(told.at(-1)).toBe('fapws log: 10 lines were lost for the file: ENOSPC: no.');
    fake.answer = octets => octets.length;
    await vi.advanceTimersByTimeAsync(1001);
    expect(told.at(-1)).toMatch(/^fapws log: the file can be written again; \d lines were lost\.$/);
    expect(fake.content).toBe(line.repeat(300));
    lines.write('after\n');
    await vi.advanceTimersByTimeAsync(10);
    expect(fake.content.endsWith('\nafter\n')).toBe(true);
    expect(lines.lost).toBe(160);
  });

  test('in the middle of a line goes on in the middle of it', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { fake, lines } = make();
    const answers: (number | NodeJS.ErrnoException)[] = [3, failure('ENOSPC'), failure('ENOSPC')];
    fake.answer = octets => answers.shift() ?? octets.length;
    lines.write('one line\n');
    await vi.advanceTimersByTimeAsync(10);
    lines.write('two\n');
    await vi.advanceTimersByTimeAsync(5000);
    expect(fake.content).toBe('one line\ntwo\n');
  });

  test('in fact: /dev/full', async () => {
    const told: string[] = [];
    const access = log({ to: { file: '/dev/full' }, flushMs: 0, report: message => told.push(message) });
    const server = start('127.0.0.1', 0);
    server.use(access);
    server.mount('/', hello);
    for (let at = 0; at < 10; at += 1) expect((await server.call('/')).statusCode).toBe(200);
    await access.flush();
    expect(told[0]).toContain("fapws log: /dev/full can't be written: ENOSPC");
    await access.close();
    expect(access.lost).toBe(10);
    expect(told[1]).toContain('fapws log: 10 lines were lost for /dev/full: ENOSPC');
  });
});

describe('a disk that is slow', () => {
  test('holds up nothing, and memory has a bound', async () => {
    const { fake, lines, told } = make();
    fake.slow = true;
    for (let at = 0; at < 100_000; at += 1) lines.write(line);
    await until(() => fake.waiting !== null, 'a write');
    expect(lines.lost).toBe(100_000 - 300);
    expect(told[0]).toBe('fapws log: 1 line was lost for the file: it takes them too slowly.');
    expect(told.length).toBeLessThan(5);
  });

  test('does not hold up the end for longer than some seconds', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { fake, lines, told } = make();
    fake.slow = true;
    lines.write('one\n');
    await vi.advanceTimersByTimeAsync(10);
    lines.write('two\n');
    const closed = lines.close();
    await vi.advanceTimersByTimeAsync(5000);
    await closed;
    expect(told).toEqual(['fapws log: 1 line was lost for the file: it takes them too slowly.']);
    expect(fake.closed).toBe(false);
    // The write that was under way ends after all.
    fake.waiting?.();
    expect([fake.content, fake.closed]).toEqual(['one\n', true]);
  });

  test('in fact: a named pipe without a reader that reads', async () => {
    const pipe = join(folder, 'pipe');
    run('mkfifo', [pipe]);
    const reader = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
    const told: string[] = [];
    const descriptor = Descriptor.openSync(pipe, 0o600);
    const lines = new LineFile(descriptor, {
      flushMs: 0,
      buffer: 300_000,
      report: message => told.push(message),
    });
    for (let at = 0; at < 200; at += 1) lines.write(`${at}:${line}`);
    // The pipe is full, the loop goes on.
    await new Promise(resolve => setTimeout(resolve, 50));
    expect(lines.lost).toBe(0);
    // The reader comes back.
    const octets = Buffer.alloc(1_000_000);
    let read = 0;
    await until(() => {
      try {
        read += readSync(reader, octets, read, 65_536, null);
      } catch (error) {
        // The pipe is empty for the moment.
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      }
      return octets.toString('latin1', 0, read).includes('199:xxx');
    }, 'all lines');
    await lines.close();
    const numbers = [...octets.toString('latin1', 0, read).matchAll(/^(\d+):x{999}$/gm)].map(([, number]) =>
      Number(number),
    );
    expect(numbers).toEqual(Array.from({ length: 200 }, (_, at) => at));
    closeSync(reader);
  });

  test('a named pipe that nobody reads can’t be opened, and waits for nobody', () => {
    const pipe = join(folder, 'pipe');
    run('mkfifo', [pipe]);
    expect(() => log({ to: { file: pipe } })).toThrow('ENXIO');
  });
});

describe('another file', () => {
  test('takes over when the write under way is done', async () => {
    const { fake, lines } = make();
    fake.slow = true;
    lines.write('one\n');
    await until(() => fake.waiting !== null, 'a write');
    lines.write('two\n');
    const next = new Fake();
    lines.replace(next as unknown as Descriptor);
    expect(fake.closed).toBe(false);
    fake.waiting?.();
    await lines.flush();
    expect([fake.content, fake.closed, next.content]).toEqual(['one\n', true, 'two\n']);
  });

  test('is tried at once where the old one failed', async () => {
    const { fake, lines } = make();
    fake.answer = () => failure('ENOSPC');
    lines.write('one\n');
    await lines.flush();
    const next = new Fake();
    lines.replace(next as unknown as Descriptor);
    await until(() => next.content !== '', 'a write');
    expect(next.content).toBe('one\n');
  });

  test('comes too late for a log that is closed, and is closed too', async () => {
    const { lines } = make();
    await lines.close();
    const next = new Fake();
    lines.replace(next as unknown as Descriptor);
    expect(next.closed).toBe(true);
  });
});

describe('the end', () => {
  test('what can’t be written at the end of the process is lost, and told', () => {
    const { fake, lines, told } = make();
    fake.answer = () => failure('EIO');
    lines.write('one\n');
    lines.write('two\n');
    lines.flushSync();
    expect(lines.lost).toBe(2);
    expect(told).toEqual(['fapws log: 2 lines were lost for the file: EIO: no.']);
  });

  test('lines behind close are counted', async () => {
    const { fake, lines } = make();
    await lines.close();
    lines.write('late\n');
    expect([lines.lost, fake.content]).toEqual([1, '']);
  });

  test('a report that throws breaks nothing', async () => {
    const fake = new Fake();
    fake.answer = () => failure('EIO');
    const report = (): never => {
      throw new Error('no');
    };
    const lines = new LineFile(fake as unknown as Descriptor, { flushMs: 0, buffer: 300_000, report });
    lines.write('one\n');
    await lines.flush();
    await lines.close();
    expect(lines.lost).toBe(1);
  });

  test('when a server begins to stop, lines are written as they come', async () => {
    const access = log({ to: { file }, format: '%U', flushMs: 60_000 });
    const server = start('127.0.0.1', 0);
    server.use(access);
    server.mount('/', hello);
    await server.listen();
    const response = await fetch(`${server.url}/before`);
    await response.text();
    expect(readFileSync(file, 'utf8')).toBe('');
    await server.stop();
    await until(() => readFileSync(file, 'utf8') === '/before\n', 'the line');
    await server.call('/after');
    await until(() => readFileSync(file, 'utf8') === '/before\n/after\n', 'the other line');
    await access.close();
  });

  test('close leaves no listener, and can be called twice', async () => {
    const count = (): number => process.listenerCount('exit') + process.listenerCount('SIGUSR2');
    const before = count();
    const one = log({ to: { file } });
    const other = log({ to: { file } });
    expect(count()).toBe(before + 2);
    await one.close();
    expect(count()).toBe(before + 2);
    await Promise.all([other.close(), other.close()]);
    expect(count()).toBe(before);
    expect(existsSync(file)).toBe(true);
  });

  test('reopen can be asked for without a signal, several times at once', async () => {
    const access = log({ to: { file }, format: '%U' });
    rmSync(file);
    await Promise.all([access.reopen(), access.reopen()]);
    const server = start('127.0.0.1', 0);
    server.mount('/', access(hello));
    await server.call('/new');
    await access.close();
    expect(readFileSync(file, 'utf8')).toBe('/new\n');
    const closed = log({ to: { file: join(folder, 'b.log') } });
    rmSync(folder, { recursive: true });
    await expect(closed.reopen()).rejects.toThrow('so the old file stays: ENOENT');
    await closed.close();
  });
});
