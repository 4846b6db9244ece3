// Whole processes: their ends, their signals, rotation, several of them at one file, readers of standard output.

import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { optional, run } from '@fapws/testing';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Child, until } from './child.ts';

// Processes are started here, maybe on a busy machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let folder = '';
let file = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fapws-log-'));
  // logrotate refuses folders that others may write to.
  chmodSync(folder, 0o755);
  file = join(folder, 'access.log');
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const numbered = (count: number, name = 'a'): string[] =>
  Array.from({ length: count }, (_, number) => `${name} /${number} end`);
const linesOf = (path: string): string[] => readFileSync(path, 'utf8').split('\n').slice(0, -1);

describe('nothing is lost at the end of a process', () => {
  test.each([
    ['process.exit', 'exit', 0],
    ['an error that nobody catches', 'throw', 1],
    ['nothing more to do', 'natural', 0],
    ['close', 'close', 0],
  ] as const)('by %s', async (_, end, code) => {
    await using child = new Child({ to: { file }, lines: 50, end, options: { flushMs: 60_000 } });
    expect(await child.exited(), child.errors).toBe(code);
    expect(linesOf(file)).toEqual(numbered(50));
  });

  test('by process.exit, when a write is under way', async () => {
    await using child = new Child({ to: { file }, lines: 500, end: 'exit', options: { flushMs: 0 } });
    expect(await child.exited(), child.errors).toBe(0);
    // What was under way may come behind what was written last.
    expect(linesOf(file).sort()).toEqual(numbered(500).sort());
  });

  test('to standard output', async () => {
    const out = join(folder, 'out');
    const fd = openSync(out, 'w');
    await using child = new Child({ to: 'stdout', lines: 50, end: 'exit' }, ['ignore', fd, 'pipe']);
    closeSync(fd);
    expect(await child.exited(), child.errors).toBe(0);
    expect(linesOf(out)).toEqual(numbered(50));
  });
});

describe('standard output as a pipe', () => {
  test('lines come whole and in order', async () => {
    await using child = new Child({ to: 'stdout', lines: 3000, end: 'exit' });
    let text = '';
    child.process.stdout?.setEncoding('utf8').on('data', data => {
      text += data;
    });
    expect(await child.exited(), child.errors).toBe(0);
    expect(text.split('\n').slice(0, -1)).toEqual(numbered(3000));
  });

  test('a reader that stops reading holds up nothing: lines beyond the bound are counted and told', async () => {
    const options = { format: `%U ${'x'.repeat(1000)}`, flushMs: 0, buffer: 262_144 };
    await using child = new Child({ to: 'stdout', lines: 600, end: 'exit', options });
    child.process.stdout?.pause();
    // It comes to its end, although nobody reads.
    expect(await new Promise(resolve => child.process.once('exit', resolve)), child.errors).toBe(0);
    child.process.stdout?.resume();
    await child.exited();
    expect(child.errors).toMatch(
      /fapws log: \d+ lines? (?:was|were) lost for standard output: it takes them too slowly\.\n/,
    );
    expect(child.errors).toMatch(/fapws log: \d+ lines were lost for standard output: .*EAGAIN.*\n/);
  });

  test('a reader that has left (EPIPE) ends nothing', async () => {
    await using child = new Child({
      to: 'stdout',
      lines: 20,
      end: 'natural',
      every: 20,
      options: { flushMs: 0 },
    });
    child.process.stdout?.destroy();
    expect(await child.exited(), child.errors).toBe(0);
    expect(child.errors).toContain("fapws log: standard output can't be written: EPIPE");
    expect(child.errors).toMatch(/fapws log: \d+ lines were lost for standard output: EPIPE/);
  });
});

describe('several processes and one file', () => {
  test('their lines stay whole', async () => {
    const names = ['one', 'two', 'three'];
    const options = { flushMs: 1 };
    const children = names.map(name => new Child({ to: { file }, lines: 2000, name, end: 'exit', options }));
    expect(await Promise.all(children.map(child => child.exited()))).toEqual([0, 0, 0]);
    const lines = linesOf(file);
    expect(lines).toHaveLength(6000);
    for (const name of names) {
      expect(lines.filter(line => line.startsWith(`${name} `)).sort()).toEqual(numbered(2000, name).sort());
    }
  });

  test('and one named pipe, where others write too', async () => {
    const pipe = join(folder, 'pipe');
    run('mkfifo', [pipe]);
    const reader = openSync(pipe, 'r+');
    const names = ['one', 'two'];
    const options = { flushMs: 1 };
    const children = names.map(
      name => new Child({ to: { file: pipe }, lines: 1000, name, end: 'exit', options }),
    );
    const expected = names.flatMap(name => numbered(1000, name)).sort();
    const octets = Buffer.byteLength(`${expected.join('\n')}\n`);
    // All of it fits into what a pipe holds.
    expect(octets).toBeLessThan(65_536);
    expect(await Promise.all(children.map(child => child.exited()))).toEqual([0, 0]);
    closeSync(reader);
    expect(children.map(({ errors }) => errors)).toEqual(['', '']);
  });
});

describe('rotation', () => {
  const serving = async (options: object = {}): Promise<Child> => {
    const child = new Child({ to: { file }, lines: 1, end: 'serve', options: { flushMs: 1, ...options } });
    await child.said('ready');
    await until(() => existsSync(file) && linesOf(file).length > 2, 'first lines');
    return child;
  };
  const has = (path: string): boolean => existsSync(path) && linesOf(path).length > 2;

  /** Ends it, and compares all lines of the folder with what it has logged. */
  const all = async (child: Child, unpacked: () => string[]): Promise<void> => {
    child.process.kill('SIGTERM');
    expect(await child.exited(), child.errors).toBe(0);
    const [, count, lost] = /lines (\d+) lost (\d+)/.exec(child.errors) ?? [];
    expect(lost).toBe('0');
    expect(unpacked().sort()).toEqual(numbered(Number(count)).sort());
  };
  const allFiles = (): string[] =>
    readdirSync(folder)
      .filter(name => name.startsWith('access.log'))
      .flatMap(name => linesOf(join(folder, name)));

  test.each(['SIGUSR2', 'SIGHUP'] as const)('%s opens the file again: no line is lost', async signal => {
    await using child = await serving(signal === 'SIGUSR2' ? {} : { reopenOn: signal });
    for (const round of [1, 2, 3]) {
      renameSync(file, `${file}.${round}`);
      child.process.kill(signal);
      await until(() => has(file), 'lines in the new file');
    }
    expect(statSync(file).mode & 0o777).toBe(0o640 & ~process.umask());
    await all(child, allFiles);
  });

  test('a file that can’t be opened again leaves the old one in use, and is told', async () => {
    const place = join(folder, 'place');
    mkdirSync(place);
    file = join(place, 'access.log');
    await using child = await serving();
    renameSync(place, join(folder, 'moved'));
    child.process.kill('SIGUSR2');
    await child.said("can't be opened again, so the old file stays: ENOENT");
    await all(child, () => linesOf(join(folder, 'moved/access.log')));
  });

  test('a file that is truncated begins at its start again', async () => {
    await using child = await serving();
    writeFileSync(file, '');
    await until(() => has(file), 'lines behind the truncation');
    expect(readFileSync(file).includes(0)).toBe(false);
    child.process.kill('SIGTERM');
    expect(await child.exited()).toBe(0);
  });

  // Debian has it where only root looks.
  const logrotate = existsSync('/usr/sbin/logrotate') ? '/usr/sbin/logrotate' : 'logrotate';

  describe.runIf(
    optional('logrotate', run(logrotate, ['--version']).code === 0, 'apt-get install logrotate'),
  )('by logrotate', () => {
    const rotate = (...lines: string[]): void => {
      const configuration = join(folder, 'rotate.conf');
      writeFileSync(configuration, `${file} {\n${lines.map(line => `  ${line}\n`).join('')}}\n`, {
        mode: 0o644,
      });
      const state = join(folder, 'state');
      const { code, output } = run(logrotate, ['--force', '--verbose', '--state', state, configuration]);
      expect(code, output).toBe(0);
    };

    test('create with postrotate', async () => {
      await using child = await serving();
      for (let round = 0; round < 3; round += 1) {
        rotate(
          'rotate 5',
          'missingok',
          'create 0600',
          'delaycompress',
          'postrotate',
          `  kill -USR2 ${child.process.pid}`,
          'endscript',
        );
        await until(() => has(file), 'lines in the new file');
      }
      expect(statSync(file).mode & 0o777).toBe(0o600);
      expect(readdirSync(folder).sort()).toEqual([
        'access.log',
        'access.log.1',
        'access.log.2',
        'access.log.3',
        'rotate.conf',
        'state',
      ]);
      await all(child, allFiles);
    });

    test('copytruncate', async () => {
      await using child = await serving();
      rotate('rotate 5', 'copytruncate');
      await until(() => has(file), 'lines behind the truncation');
      expect(readFileSync(file).includes(0)).toBe(false);
      expect(linesOf(`${file}.1`)[0]).toBe('a /0 end');
      child.process.kill('SIGTERM');
      expect(await child.exited()).toBe(0);
      // What comes between copying and truncating is lost, as logrotate says; every other line is there, once and whole.
      const lines = allFiles();
      expect(new Set(lines).size).toBe(lines.length);
      for (const line of lines) expect(line).toMatch(/^a \/\d+ end$/);
    });
  });
});
