// The process: how it starts, fails to start, dies and ends; clients that leave or are slow; several threads.

import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { pythonApp } from '../src/index.ts';
import { arrives, bounded, Front, hasPython, received, requestOf } from './front.ts';

const SECONDS = 30_000;

describe('options', () => {
  test('what can’t be meant is an error at once', () => {
    expect(() => pythonApp('module')).toThrow(/"module" does not name a Python application/);
    expect(() => pythonApp('a:b', { threads: 0 })).toThrow(/threads is 0/);
    expect(() => pythonApp('a:b', { thread: 2 } as object)).toThrow(
      /no option of pythonApp called thread\. There are: python/,
    );
    expect(() => pythonApp('a:b', { venv: 'x', python: 'y' })).toThrow(/venv or python, not both/);
    expect(() => pythonApp('a:b', { environ: { a: 1 } as never })).toThrow(/environ\["a"\] is a number/);
  });
});

describe.runIf(hasPython)('start', () => {
  test('a factory is called; folders, environment and sys.path are those that were asked for', {
    timeout: SECONDS,
  }, async () => {
    await using front = await Front.open('loaded:create()', {
      processEnvironment: { GREETING: 'hello', HOME: undefined },
      pythonpath: ['more'],
    });
    const seen = (await front.json('/')) as { path: string[]; modules: string[] };
    const folder = `${import.meta.dirname}/applications`;
    expect(seen).toMatchObject({ greeting: 'hello', home: null, cwd: folder, inherited: [] });
    expect(seen.path.slice(0, 2)).toEqual([`${folder}/more`, folder]);
    expect(seen.path.filter(path => path.includes('wsgi/python'))).toEqual([]);
  });

  for (const [what, name, expected] of [
    [
      'that raises',
      'broken:application',
      /File ".*broken\.py", line \d+, in <module>\n[\s\S]*NameError: name 'undefined_name'/,
    ],
    ['that is not there', 'nowhere:application', /ModuleNotFoundError: No module named 'nowhere'/],
    ['without that name', 'loaded:nothing', /loaded has no 'nothing'\. It was looked for in .*loaded\.py/],
    ['that is no application', 'loaded:NUMBER', /loaded:NUMBER is no application: a int can't be called/],
  ] as const) {
    test(`a module ${what} is told with what Python says, and requests get 500`, {
      timeout: SECONDS,
    }, async () => {
      await using front = await Front.open(name, {}, { traceback: true });
      await expect(front.app.ready).rejects.toThrow(expected);
      await expect(front.app.ready).rejects.not.toThrow(/fapws_worker/);
      const answer = await front.ask('/');
      expect(answer.status).toBe('500 Internal Server Error');
      expect(answer.body).toMatch(expected);
      expect(front.log).toMatch(/could not be started/);
    });
  }

  test('a missing Python is told with what to do', async () => {
    await using front = await Front.open('loaded:create()', { python: '/nowhere/python3' });
    await expect(front.app.ready).rejects.toThrow(/There is no \/nowhere\/python3\. Install Python 3\.8/);
    expect((await front.ask('/')).body).toBe('500 Internal Server Error\nThe application failed.\n');
  });

  test('an application that takes too long to load is given up', { timeout: SECONDS }, async () => {
    await using front = await Front.open('endless:application', { startTimeout: 1 });
    await expect(front.app.ready).rejects.toThrow(/not loaded within 1 s/);
  });
});

describe.runIf(hasPython)('end', () => {
  test('requests of a process that dies are answered 502, or cut; the log says why', {
    timeout: SECONDS,
  }, async () => {
    await using front = await Front.open('clauses:application');
    const answer = await front.ask('/leave');
    expect(answer.status).toBe('502 Bad Gateway');
    expect(await front.exits()).toMatchObject({
      code: 7,
      signal: null,
      reason: 'crash',
      requests: 1,
      lost: 1,
    });
    expect(front.log).toMatch(
      /clauses:application: python \d+ ended with exit code 7; it printed last: the last words; requests lost: 1\.\n/,
    );
  });

  test('an answer that has begun is cut', { timeout: SECONDS }, async () => {
    await using front = await Front.open('clauses:application');
    const answer = await front.ask('/leave_later');
    expect([answer.status, answer.body, answer.cut]).toEqual(['200 OK', 'begun', true]);
  });

  test('close() lets what was begun come to its end', { timeout: SECONDS }, async () => {
    await using front = await Front.open('slow:application', { threads: 2, gracefulTimeout: 20 });
    await front.app.ready;
    const socket = await front.connect();
    socket.write(requestOf('/wait?0.5'));
    await arrives(socket, /begun/);
    const rest = received(socket);
    await front.app.close();
    expect(await rest).toContain('ended');
    expect(await front.exits()).toMatchObject({ code: 0, reason: 'close', lost: 0 });
  });

  test('what is no message ends the process, and harms nobody else', { timeout: SECONDS }, async () => {
    await using front = await Front.open('slow:application');
    expect((await front.ask('/garbage')).status).toBe('502 Bad Gateway');
    expect(front.log).toContain('A worker has sent something that is no message: garbage');
  });
});

describe.runIf(hasPython)('clients', () => {
  for (const threads of [1, 3]) {
    test(`a slow one stops the application at the window, not the front (${threads} threads)`, {
      timeout: SECONDS,
    }, async () => {
      await using front = await Front.open('clauses:application', { threads });
      const socket = await front.connect();
      socket.write(requestOf('/large?50000000'));
      await arrives(socket, /llll/);
      socket.removeAllListeners('data');
      socket.pause();
      if (threads > 1) {
        // The kernel's buffers take some megabytes; then nothing moves.
        let before = -1;
        let sent = Number(await front.json('/read_noticed?sent'));
        while (sent !== before) {
          before = sent;
          await new Promise(resolve => setTimeout(resolve, 300));
          sent = Number(await front.json('/read_noticed?sent'));
        }
        expect(sent).toBeLessThan(20_000_000);
      }
      let octets = 0;
      socket.on('data', (text: string) => {
        octets += text.length;
      });
      socket.resume();
      await bounded(once(socket, 'close'), 20_000, 'close');
      expect(octets).toBeGreaterThan(49_000_000);
    });
  }

  test('answers to many at once find their request, whatever their order', { timeout: SECONDS }, async () => {
    await using front = await Front.open('slow:application', { threads: 8 });
    await front.app.ready;
    const delays = Array.from({ length: 40 }, (_, at) => ((at * 7) % 10) / 100);
    const begin = performance.now();
    const answers = await Promise.all(delays.map((delay, at) => front.json(`/echo?${delay}&${at}`)));
    expect(answers).toEqual(delays.map((delay, at) => `${delay}&${at}`));
    // One after the other it would be 1.8 s of sleep.
    expect(performance.now() - begin).toBeLessThan(1500);
    expect(front.underWay).toBe(0);
  });

  test('one that leaves before the application got to it costs nothing', { timeout: SECONDS }, async () => {
    await using front = await Front.open('slow:application');
    await front.app.ready;
    const first = await front.connect();
    first.write(requestOf('/wait?0.8'));
    await arrives(first, /begun/);
    const rest = received(first);
    const second = await front.connect();
    second.write(requestOf('/count'));
    // Its request is at the front before it leaves.
    await front.until(() => front.underWay === 2);
    second.destroy();
    expect(await rest).toContain('ended');
    expect(await front.json('/read_counted')).toBe(0);
  });
});

describe.runIf(hasPython)('wsgi.errors', () => {
  for (const threads of [1, 2]) {
    test(`may be written to by threads of the application (${threads} threads)`, {
      timeout: SECONDS,
    }, async () => {
      await using front = await Front.open('slow:application', { threads });
      const answer = await front.ask('/threaded_log');
      expect([answer.body.length, answer.cut]).toEqual([500_000, false]);
      await front.until(() => front.log.length >= 1_500_000);
      expect(front.log.match(/(^|: )x{5000}$/gm)?.length).toBe(300);
    });
  }
});

describe.runIf(hasPython)('files', () => {
  test('a file of any size is sent whole', { timeout: SECONDS }, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'fapws-wsgi-'));
    try {
      const file = join(folder, 'large');
      writeFileSync(file, Buffer.alloc(5_000_000, 'f'));
      await using front = await Front.open('slow:application');
      const answer = await front.ask(`/file?${file}`);
      expect(answer.head).toContain('Content-Length: 5000000');
      expect(answer.body.length).toBe(5_000_000);
      expect(answer.cut).toBe(false);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
