// Several processes: who gets what, how long anybody waits, and who takes the place of whom.

import { describe, expect, test } from 'vitest';
import { type PythonOptions, pythonApp } from '../src/index.ts';
import { type Answer, answerOf, arrives, Front, hasPython, received, requestOf } from './front.ts';
import { Load } from './load.ts';
import { answering, Project } from './project.ts';

const SECONDS = 30_000;

/** Sends a request and waits until the application has begun with it. */
async function begun(front: Front, target: string, method = 'GET'): Promise<{ answer: Promise<Answer> }> {
  const before = front.log.split(' begins\n').length;
  const answer = front.ask(target, { method });
  await front.until(() => front.log.split(' begins\n').length > before);
  return { answer };
}

describe('options', () => {
  test.each<[PythonOptions, RegExp]>([
    [{ workers: 0 }, /workers is 0\. It has to be a whole number from 1 to 1024/],
    [{ workers: { min: 3, max: 2 } }, /workers\.max is 2\. It has to be a whole number from 3/],
    [
      { workers: { min: 1, max: 2, most: 3 } as never },
      /no option of workers called most\. There are: min, max, idle/,
    ],
    [{ queue: { length: -1 } }, /queue\.length is -1\. It has to be a whole number from 0 on, or Infinity/],
    [{ queue: { timeout: 0 } }, /queue\.timeout is 0/],
    [{ requestTimeout: Number.NaN }, /requestTimeout is NaN/],
    [{ maxRequests: 1.5 }, /maxRequests is 1\.5/],
    [{ maxRequestsJitter: 3 }, /maxRequestsJitter means nothing without maxRequests/],
    [
      { maxRequests: 3, maxRequestsJitter: 4 },
      /maxRequestsJitter is 4\. It has to be a whole number from 0 to 3/,
    ],
    [{ maxLifetime: 1e9 }, /maxLifetime is 1000000000/],
    [{ maxMemory: 100 }, /maxMemory is 100\. .* from 1048576 on, or Infinity/],
    [{ gracefulTimeout: Number.POSITIVE_INFINITY }, /gracefulTimeout is Infinity\. .* from 0 to 86400/],
  ])('%j can’t be meant', (options, message) => {
    expect(() => pythonApp('a:b', options)).toThrow(message);
  });
});

describe.runIf(hasPython).concurrent('workers', () => {
  test('several answer at the same time, the one with most room first', { timeout: SECONDS }, async () => {
    await using front = await Front.open('supervised:application', { workers: 2 });
    await front.app.ready;
    const answers = await Promise.all([front.ask('/sleep?0.3'), front.ask('/sleep?0.3')]);
    const pids = front.app.status().workers.map(({ pid }) => String(pid));
    expect(new Set(answers.map(({ body }) => body))).toEqual(new Set(pids));
    expect((await front.ask('/multiprocess')).body).toBe('True');
  });

  test('one alone does not say that there are several', { timeout: SECONDS }, async () => {
    await using front = await Front.open('supervised:application');
    expect((await front.ask('/multiprocess')).body).toBe('False');
  });

  test('their number follows what waits, and what is idle', { timeout: SECONDS }, async () => {
    await using front = await Front.open('supervised:application', {
      workers: { min: 1, max: 2, idle: 1 },
    });
    await front.app.ready;
    expect(front.app.status()).toMatchObject({ wanted: 1, workers: [{ state: 'ready' }] });
    const load = new Load(front, 4, '/sleep?0.05');
    await front.until(() => load.bodies.size === 2);
    expect(front.app.status().workers.length).toBe(2);
    await load.stop();
    expect(await front.exits()).toMatchObject({ reason: 'idle', code: 0, lost: 0 });
    expect(load.failed).toBe(0);
    expect(front.app.status()).toMatchObject({ wanted: 1, ended: { idle: 1 } });
  });
});

describe.runIf(hasPython).concurrent('queue', () => {
  test('where too many wait already the next one gets 503, and is told when to come back', {
    timeout: SECONDS,
  }, async () => {
    await using front = await Front.open('supervised:application', { queue: { length: 1 } });
    await front.app.ready;
    const first = await begun(front, '/sleep?1.5');
    const second = front.ask('/pid');
    await front.until(() => front.app.status().queue.length === 1);
    const third = await front.ask('/pid');
    expect([third.status, third.body]).toEqual([
      '503 Service Unavailable',
      'Too many requests wait for this application.\n',
    ]);
    expect(third.head).toMatch(/^Retry-After: 1$/m);
    // Of the content nothing has to come first.
    const upload = front.ask('/pid', { method: 'POST', headers: ['Content-Length: 10000000'] });
    expect((await upload).status).toBe('503 Service Unavailable');
    expect((await first.answer).status).toBe('200 OK');
    expect((await second).status).toBe('200 OK');
    expect(front.app.status()).toMatchObject({
      requests: { begun: 2, refused: 2, late: 0 },
      queue: { length: 0, waited: { count: 1 } },
    });
    expect(front.app.status().queue.waited.longest).toBeGreaterThan(0.1);
    expect(front.log).toContain('requests refused: 1 with 503, because 1 wait already (queue.length).');
  });

  test('who has waited for too long gets 504, and never reaches the application', {
    timeout: SECONDS,
  }, async () => {
    await using front = await Front.open('supervised:application', { queue: { timeout: 0.4 } });
    await front.app.ready;
    const first = await begun(front, '/sleep?1.5');
    const second = await front.ask('/take?1');
    expect([second.status, second.body]).toEqual([
      '504 Gateway Timeout',
      'All processes of this application were busy for too long.\n',
    ]);
    expect((await first.answer).status).toBe('200 OK');
    await front.ask('/pid');
    expect(front.log).not.toContain('take begins');
    expect(front.app.status().requests).toMatchObject({ begun: 2, late: 1 });
  });
});

describe.runIf(hasPython)('a process that dies', () => {
  test('is replaced at once; what it had not begun goes to the next one if it may be sent twice', {
    timeout: SECONDS,
  }, async () => {
    await using front = await Front.open('supervised:application');
    const before = Number((await front.ask('/pid')).body);
    await front.beQuick('/pid', 3);
    const leaving = await begun(front, '/leave?0.5');
    const idempotent = front.ask('/pid');
    const other = front.ask('/pid', { method: 'POST' });
    await front.until(() => front.app.status().workers[0]?.inFlight === 3);
    expect((await leaving.answer).status).toBe('502 Bad Gateway');
    expect((await other).status).toBe('502 Bad Gateway');
    const after = await idempotent;
    expect(after.status).toBe('200 OK');
    expect(Number(after.body)).not.toBe(before);
    expect(await front.exits()).toMatchObject({ reason: 'crash', code: 3, lost: 2, moved: 1 });
    expect(front.app.status()).toMatchObject({
      state: 'ready',
      requests: { lost: 2, moved: 1 },
      ended: { crash: 1 },
    });
    expect(front.log).toMatch(
      /python \d+ ended with exit code 3; requests lost: 2; requests that go to another process: 1\.\n/,
    );
  });

  test('is replaced later each time if the next one dies soon, too', { timeout: SECONDS }, async () => {
    await using front = await Front.open('supervised:application');
    for (const fault of ['SIGKILL', 'SIGSEGV']) {
      expect((await front.ask(`/fault?${fault}`)).status).toBe('502 Bad Gateway');
    }
    expect((await front.ask('/pid')).status).toBe('200 OK');
    expect(front.log).toMatch(/was ended by SIGKILL.*requests lost: 1\.\n(?!fapws: The next)/);
    expect(front.log).toMatch(
      /was ended by SIGSEGV; it printed last: Fatal Python error: Segmentation fault; requests lost: 1\.\nfapws: The next process is started in 0\.50 s\.\n/,
    );
    // faulthandler has said where.
    expect(front.log).toMatch(
      /Fatal Python error: Segmentation fault[\s\S]*supervised\.py", line \d+ in fault\n/,
    );
  });

  test('an application that can’t be loaded is tried again, and answers as soon as it can', {
    timeout: SECONDS,
  }, async () => {
    using project = new Project({ 'late.py': 'raise RuntimeError("not yet")\n' });
    await using front = await Front.open('late:application', { chdir: project.folder, workers: 3 });
    await expect(front.app.ready).rejects.toThrow(/RuntimeError: not yet/);
    expect(front.app.status()).toMatchObject({ state: 'failing', failure: expect.stringMatching(/not yet/) });
    const load = new Load(front, 2, '/');
    await front.until(() => load.of(500) > 50);
    await load.stop();
    // The traceback once a second, for there may be thousands of them.
    expect(front.log.match(/GET \/: /g)?.length).toBeLessThan(20);
    await front.logs(/RuntimeError: not yet\nfapws: The next process is started in 0\.25 s\.\n/);
    await front.logs(/RuntimeError: not yet\nfapws: The next process is started in 0\.50 s\.\n/);
    // Three at first, then one that shows whether it works.
    const attempts = front.log.match(/^fapws: The application .* could not be started/gm)?.length;
    expect(front.log.match(/The next process is started/g)?.length).toBe(attempts);
    project.write('late.py', answering('"here"'));
    await front.until(() => front.app.status().workers.filter(({ state }) => state === 'ready').length === 3);
    expect((await front.ask('/')).body).toBe('here');
    expect(front.app.status()).toMatchObject({ state: 'ready', failure: null });
  });
});

describe.runIf(hasPython).concurrent('requestTimeout', () => {
  test('504, where its threads are in the log, and another process', { timeout: SECONDS }, async () => {
    await using front = await Front.open('stuck:application', { requestTimeout: 1 });
    const before = Number((await front.ask('/ping')).body);
    const answer = await front.ask('/loop');
    expect([answer.status, answer.body]).toEqual(['504 Gateway Timeout', 'The application took too long.\n']);
    expect(Number((await front.ask('/ping')).body)).not.toBe(before);
    await front.logs(
      /has given nothing to GET \/loop for 1 s \(requestTimeout\) and is replaced\. Its threads are at:\n/,
    );
    await front.logs(/python \d+: {3}File ".*stuck\.py", line \d+ in loop\n/);
    expect(await front.exits()).toMatchObject({ pid: before, reason: 'timeout', signal: 'SIGKILL', lost: 0 });
    expect(front.app.status()).toMatchObject({ requests: { timedOut: 1, lost: 0 }, ended: { timeout: 1 } });
  });

  test('others at the same process get their time', { timeout: SECONDS }, async () => {
    await using front = await Front.open('supervised:application', {
      requestTimeout: 1.5,
      threads: 2,
      gracefulTimeout: 20,
    });
    await front.app.ready;
    const [stuck, streamed] = await Promise.all([front.ask('/loop'), front.ask('/stream?0.6')]);
    expect(stuck.status).toBe('504 Gateway Timeout');
    // It took longer than the other one had, and was answered by the same process.
    expect([streamed.body, streamed.cut]).toEqual(['01234', false]);
    expect(await front.exits()).toMatchObject({ reason: 'timeout', lost: 0, requests: 2 });
  });

  test('one that gives something from time to time is not stuck', { timeout: SECONDS }, async () => {
    await using front = await Front.open('supervised:application', { requestTimeout: 2 });
    await front.app.ready;
    const answer = await front.ask('/stream?0.7');
    expect([answer.body, answer.cut]).toEqual(['01234', false]);
    expect(front.app.status().requests.timedOut).toBe(0);
  });

  test('an answer that has begun is cut', { timeout: SECONDS }, async () => {
    await using front = await Front.open('slow:application', { requestTimeout: 0.5 });
    await front.app.ready;
    const answer = await front.ask('/forever');
    expect([answer.status, answer.body, answer.cut]).toEqual(['200 OK', 'begun', true]);
    expect((await front.ask('/ping')).status).toBe('200 OK');
  });

  test('time in which the front itself was held up does not count', { timeout: SECONDS }, async () => {
    await using front = await Front.open('supervised:application', { requestTimeout: 1 });
    await front.app.ready;
    const { answer } = await begun(front, '/sleep?0.3');
    const end = performance.now() + 1500;
    while (performance.now() < end) {
      // A callback that computes.
    }
    expect((await answer).status).toBe('200 OK');
    expect(front.app.status().requests.timedOut).toBe(0);
  });

  test('whose client has left counts too', { timeout: SECONDS }, async () => {
    await using front = await Front.open('stuck:application', { requestTimeout: 1 });
    const before = Number((await front.ask('/ping')).body);
    const socket = await front.connect();
    socket.write(requestOf('/loop'));
    await front.logs(/GET \/loop: begun/);
    socket.destroy();
    expect(await front.exits()).toMatchObject({ pid: before, reason: 'timeout', lost: 0 });
    expect((await front.ask('/ping')).status).toBe('200 OK');
  });

  test('a client that is slow to send or to take its answer has all the time', {
    timeout: SECONDS,
  }, async () => {
    await using front = await Front.open('clauses:application', { requestTimeout: 0.5, spool: false });
    await front.app.ready;
    const socket = await front.connect();
    socket.write(requestOf('/large?20000000'));
    await arrives(socket, /llll/);
    socket.removeAllListeners('data');
    socket.pause();
    await new Promise(resolve => setTimeout(resolve, 2000));
    const rest = received(socket);
    socket.resume();
    expect((await rest).length).toBeGreaterThan(19_000_000);
    expect(front.app.status().requests.timedOut).toBe(0);
  });
});

describe.runIf(hasPython).concurrent('recycling', () => {
  for (const [what, options, target] of [
    ['maxRequests', { maxRequests: 20, maxRequestsJitter: 5 }, '/pid'],
    ['maxLifetime', { maxLifetime: 1.2, maxLifetimeJitter: 0.2 }, '/pid'],
    ['maxMemory', { maxMemory: 80_000_000 }, '/take?1000000'],
  ] as const) {
    test(`${what}: the next one is ready before this one ends, and nobody notices`, {
      timeout: SECONDS,
    }, async () => {
      await using front = await Front.open('supervised:application', { workers: 2, ...options });
      await front.app.ready;
      const load = new Load(front, 3, target);
      let least = 2;
      await front.until(() => {
        least = Math.min(least, front.app.status().workers.filter(({ state }) => state === 'ready').length);
        return front.exited.length >= 2;
      });
      await load.stop();
      expect(load.failed).toBe(0);
      expect(least).toBe(2);
      expect(load.bodies.size).toBeGreaterThanOrEqual(3);
      for (const exit of front.exited) expect(exit).toMatchObject({ reason: what, code: 0, lost: 0 });
      expect(front.log).toMatch(new RegExp(`python \\d+ (has|is) .* \\(${what}\\) and is replaced\\.\n`));
    });
  }
});

describe.runIf(hasPython).concurrent('reload()', () => {
  test('new processes are ready before those from before end: under load nothing fails', {
    timeout: SECONDS,
  }, async () => {
    using project = new Project({ 'versions.py': answering('1') });
    await using front = await Front.open('versions:application', { chdir: project.folder, workers: 2 });
    await front.app.ready;
    const load = new Load(front, 4, '/');
    for (const version of ['2', '3']) {
      await front.until(() => load.bodies.has(String(Number(version) - 1)));
      // Of another length, so that Python sees that it is another one in the same second, too.
      project.write('versions.py', answering(version, '#'.repeat(Number(version))));
      await front.app.reload();
      expect((await front.ask('/')).body).toBe(version);
    }
    await load.stop();
    expect([...load.bodies]).toEqual(['1', '2', '3']);
    expect(load.failed).toBe(0);
    await front.exits(4);
    expect(front.app.status()).toMatchObject({ state: 'ready', ended: { reload: 4 }, requests: { lost: 0 } });
  });

  test('an answer that has begun comes to its end, at the process that has begun it', {
    timeout: SECONDS,
  }, async () => {
    await using front = await Front.open('supervised:application', { gracefulTimeout: 20 });
    await front.app.ready;
    const socket = await front.connect();
    socket.write(requestOf('/stream?0.3'));
    await arrives(socket, /\r\n0\r\n/);
    const rest = received(socket);
    await front.app.reload();
    expect((await front.ask('/pid')).status).toBe('200 OK');
    // The last piece, and the end.
    expect(await rest).toMatch(/\r\n4\r\n0\r\n\r\n$/);
    expect(await front.exits()).toMatchObject({ reason: 'reload', code: 0, lost: 0 });
  });

  test('one that can’t be loaded changes nothing, and says why', { timeout: SECONDS }, async () => {
    using project = new Project({ 'versions.py': answering('1') });
    await using front = await Front.open('versions:application', { chdir: project.folder, workers: 2 });
    await front.app.ready;
    const before = front.app.status().workers.map(({ pid }) => pid);
    project.write('versions.py', 'import nothing_of_that_name\n');
    await expect(front.app.reload()).rejects.toThrow(/No module named 'nothing_of_that_name'/);
    expect(front.app.status().workers.map(({ pid }) => pid)).toEqual(before);
    expect((await front.ask('/')).body).toBe('1');
    expect(front.log).toMatch(/reload\(\) has changed nothing\. .*could not be started\.\nTraceback/);
  });

  test('what can’t be loaded can be reloaded without waiting', { timeout: SECONDS }, async () => {
    using project = new Project({ 'versions.py': 'broken' });
    await using front = await Front.open('versions:application', { chdir: project.folder });
    await expect(front.app.ready).rejects.toThrow(/NameError/);
    project.write('versions.py', answering('"whole"'));
    await front.app.reload();
    expect((await front.ask('/')).body).toBe('whole');
  });

  test('calls at the same time are one more, and that one sees what was written before them', {
    timeout: SECONDS,
  }, async () => {
    using project = new Project({ 'versions.py': answering('1') });
    await using front = await Front.open('versions:application', { chdir: project.folder });
    await front.app.ready;
    const first = front.app.reload();
    project.write('versions.py', answering('"the last one"'));
    await Promise.all([first, front.app.reload(), front.app.reload(), front.app.reload()]);
    expect((await front.ask('/')).body).toBe('the last one');
    await front.exits(2);
    expect(front.app.status().ended).toEqual({ reload: 2 });
  });
});

describe.runIf(hasPython).concurrent('operation', () => {
  test('status() tells of each process, and dump() where it is', { timeout: SECONDS }, async () => {
    await using front = await Front.open('supervised:application', { workers: 2, threads: 2 });
    await front.app.ready;
    const { answer } = await begun(front, '/sleep?1');
    const { workers, ...status } = front.app.status();
    expect(status).toEqual({
      application: 'supervised:application',
      state: 'ready',
      failure: null,
      wanted: 2,
      requests: { begun: 1, lost: 0, moved: 0, timedOut: 0, refused: 0, late: 0 },
      queue: { length: 0, oldest: 0, waited: { count: 0, mean: 0, longest: 0 } },
      ended: {},
    });
    expect(workers.map(({ busy, inFlight, requests }) => `${busy} ${inFlight} ${requests}`).sort()).toEqual([
      '0 0 0',
      '1 1 1',
    ]);
    for (const worker of workers) {
      expect(worker).toMatchObject({ state: 'ready', reason: null, pid: expect.any(Number) });
      expect(Date.now() - worker.startedAt.getTime()).toBeLessThan(SECONDS);
      if (process.platform === 'linux') expect(worker.resident).toBeGreaterThan(1_000_000);
    }
    const stacks = await front.app.dump();
    expect(stacks).toMatch(/supervised\.py", line \d+ in sleep\n/);
    expect(stacks.match(/^python \d+:$/gm)).toEqual(workers.map(({ pid }) => `python ${pid}:`));
    expect((await answer).status).toBe('200 OK');
  });

  test('close() answers what is here, refuses what comes later, and ends all', {
    timeout: SECONDS,
  }, async () => {
    await using front = await Front.open('supervised:application', { gracefulTimeout: 20 });
    await front.app.ready;
    const first = await begun(front, '/sleep?0.5');
    const second = front.ask('/pid');
    await front.until(() => front.underWay === 2);
    const closed = front.app.close();
    expect(await front.ask('/pid')).toMatchObject({
      status: '503 Service Unavailable',
      body: 'This application has been stopped.\n',
    });
    expect((await first.answer).status).toBe('200 OK');
    expect((await second).status).toBe('200 OK');
    await closed;
    expect(front.app.status()).toMatchObject({ state: 'closing', workers: [], ended: { close: 1 } });
    await expect(front.app.reload()).rejects.toThrow(/was closed/);
  });

  test('what is closed before it is loaded is not ready', { timeout: SECONDS }, async () => {
    await using front = await Front.open('endless:application');
    const waiting = front.ask('/');
    await front.until(() => front.underWay === 1);
    const closed = front.app.close();
    await expect(front.app.ready).rejects.toThrow(/endless:application was closed/);
    await closed;
    expect((await waiting).status).toBe('503 Service Unavailable');
  });

  test('close() kills what does not end in time', { timeout: SECONDS }, async () => {
    await using front = await Front.open('slow:application', { gracefulTimeout: 0.5 });
    await front.app.ready;
    const socket = await front.connect();
    socket.write(requestOf('/forever'));
    await arrives(socket, /begun/);
    const rest = received(socket);
    await front.app.close();
    expect(answerOf(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${await rest}`).cut).toBe(true);
    expect(await front.exits()).toMatchObject({ reason: 'close', signal: 'SIGKILL', lost: 1 });
    expect(front.log).toMatch(/has not ended within 0\.5 s \(gracefulTimeout\) and is killed\.\n/);
  });
});
