// Clients that leave: clauses X of docs/contract.md.

import { describe, expect, test } from 'vitest';
import { type Application, type Outcome, RequestError } from '../../src/index.ts';
import { ALIVE, deferred, get, post, serve, within } from './support.ts';

/** Resolves when the signal is aborted. */
const aborted = (signal: AbortSignal): Promise<unknown> =>
  new Promise(resolve => {
    if (signal.aborted) resolve(signal.reason);
    signal.addEventListener('abort', () => resolve(signal.reason));
  });

describe('a client that leaves', () => {
  test('X1: `fapws.signal` is aborted when the client leaves before its answer is complete, with a RequestError as reason.', async () => {
    const called = deferred<AbortSignal>();
    const serving = await serve(environ => {
      called.resolve(environ['fapws.signal']);
      return new Promise<string>(() => {});
    });
    const client = await serving.connect();
    client.send(get());
    const signal = await within('the call', called.promise);
    expect(signal.aborted).toBe(false);
    client.leave();
    const reason = await within('the abort', aborted(signal));
    expect(reason).toBeInstanceOf(RequestError);
    expect(reason).toMatchObject({ code: 'FAPWS_CLIENT_GONE' });
    await serving.alive();
  });

  test('X1: `fapws.signal` is aborted when the client leaves before its answer is complete, with a RequestError as reason. (read afterwards)', async () => {
    const left = deferred<string>();
    const signals = deferred<AbortSignal>();
    const serving = await serve(async environ => {
      await environ['wsgi.input'].read().catch(() => left.resolve('left'));
      signals.resolve(environ['fapws.signal']);
      return 'nobody';
    });
    const client = await serving.connect();
    client.send(post('x'.repeat(10)).subarray(0, -5));
    await serving.alive();
    client.leave();
    await within('the read fails', left.promise);
    expect((await within('the signal', signals.promise)).aborted).toBe(true);
  });

  test.each([
    ['the reason of its signal', (signal: AbortSignal) => signal.reason],
    ['an AbortError', () => new DOMException('given up', 'AbortError')],
  ])(
    'a client that shuts its side only (FIN) gets the end, and no page, when the application gives up by %s',
    async (_, reason) => {
      const called = deferred<void>();
      const over = deferred<Outcome>();
      const serving = await serve(async environ => {
        const signal = environ['fapws.signal'];
        environ['fapws.after'](outcome => over.resolve(outcome));
        called.resolve();
        await aborted(signal);
        throw reason(signal);
      });
      const client = await serving.connect();
      client.send(get());
      await within('the call', called.promise);
      client.shut();
      expect(await within('the end of the answer', over.promise)).toMatchObject({
        status: '',
        complete: false,
        error: { code: 'FAPWS_CLIENT_GONE' },
      });
      expect(await client.closed()).toBe('end');
      expect(client.received).toHaveLength(0);
      await serving.alive();
    },
  );

  test('X2: A client that shuts its side only (FIN) may still read: the signal fires and the answer is sent, as the last one.', async () => {
    const called = deferred<AbortSignal>();
    const serving = await serve(async (environ, startResponse) => {
      called.resolve(environ['fapws.signal']);
      await aborted(environ['fapws.signal']);
      startResponse('200 OK', []);
      return 'all the same';
    });
    const client = await serving.connect();
    client.send(get());
    await within('the call', called.promise);
    client.shut();
    const answer = await client.answer();
    expect(answer.text).toBe('all the same');
    expect(answer.header('connection')).toBe('close');
    expect(await client.closed()).toBe('end');
    expect(serving.log.text).toBe('');
  });

  test('X2: A client that shuts its side only (FIN) may still read: the signal fires and the answer is sent, as the last one. (a stream)', async () => {
    const begun = deferred();
    const serving = await serve(async function* (environ, startResponse) {
      startResponse('200 OK', []);
      yield 'a';
      begun.resolve();
      await aborted(environ['fapws.signal']);
      yield 'b';
    } as Application);
    const client = await serving.connect();
    client.send(get());
    await within('the stream begins', begun.promise);
    client.shut();
    const answer = await client.answer();
    expect([answer.text, answer.whole]).toEqual(['ab', true]);
    expect(await client.closed()).toBe('end');
  });

  test('X3: After a complete answer the signal stays as it is, however the client leaves.', async () => {
    const signals: AbortSignal[] = [];
    const serving = await serve((environ, startResponse) => {
      signals.push(environ['fapws.signal']);
      startResponse('200 OK', []);
      return 'x';
    });
    for (const leave of ['leave', 'shut'] as const) {
      const client = await serving.connect();
      client.send(get());
      await client.answer();
      client[leave]();
      await client.until('the end', () => client.ended !== null || client.socket.destroyed);
      await serving.alive();
    }
    expect(signals.map(signal => signal.aborted)).toEqual([false, false]);
  });

  test('X4: Every request has a signal of its own.', async () => {
    const signals: AbortSignal[] = [];
    const second = deferred();
    const serving = await serve((environ, startResponse) => {
      signals.push(environ['fapws.signal'], environ['fapws.signal']);
      if (environ.PATH_INFO === '/2') {
        second.resolve();
        return new Promise<string>(() => {});
      }
      startResponse('200 OK', []);
      return 'x';
    });
    const client = await serving.connect();
    client.send(get('/1') + get('/2'));
    await client.answer();
    await within('the second call', second.promise);
    client.leave();
    await within('the abort', aborted(signals[2] as AbortSignal));
    expect(signals[0]).toBe(signals[1]);
    expect(signals[0]?.aborted).toBe(false);
  });

  test('X5: That a client left is no error of the application and is not reported.', async () => {
    const over = deferred();
    const serving = await serve(async environ => {
      try {
        await aborted(environ['fapws.signal']);
        environ['fapws.signal'].throwIfAborted();
        return 'never';
      } finally {
        setImmediate(over.resolve);
      }
    });
    const client = await serving.connect();
    client.send(get());
    await serving.alive();
    client.leave();
    await within('the callback fails', over.promise);
    await serving.alive();
    expect(serving.log.text).toBe('');
  });

  test('X5: That a client left is no error of the application and is not reported. (its own errors are)', async () => {
    const serving = await serve(async environ => {
      await aborted(environ['fapws.signal']);
      throw new Error('a fault of its own');
    });
    const client = await serving.connect();
    client.send(get());
    await serving.alive();
    client.leave();
    await serving.log.has(/a fault of its own/);
  });

  test('X6: A callback that never answers holds its own connection only, and is let go when the client has left.', async () => {
    const { setFlagsFromString } = await import('node:v8');
    setFlagsFromString('--expose-gc');
    const collect = (await import('node:vm')).runInNewContext('gc') as () => void;
    const references: WeakRef<object>[] = [];
    const serving = await serve(environ => {
      references.push(new WeakRef(environ));
      return new Promise<string>(() => {});
    });
    const client = await serving.connect();
    client.send(get() + get(ALIVE));
    await serving.alive();
    expect(client.received).toHaveLength(0);
    client.leave();
    const freed = (): boolean => references.every(reference => reference.deref() === undefined);
    for (let round = 0; round < 100 && !freed(); round += 1) {
      await serving.alive();
      collect();
    }
    expect(references).toHaveLength(1);
    expect(freed()).toBe(true);
  });

  test('X7: An upload that breaks off fails the reading; what had arrived is never taken for the whole.', async () => {
    for (const how of ['leave', 'shut'] as const) {
      const outcome = deferred<unknown>();
      const serving = await serve(async environ => {
        try {
          outcome.resolve(await environ['wsgi.input'].read());
        } catch (error) {
          outcome.resolve(error);
        }
        return null;
      });
      const client = await serving.connect();
      client.send(post('x'.repeat(100)).subarray(0, -50));
      await serving.alive();
      client[how]();
      expect(await within('the reading ends', outcome.promise)).toMatchObject({ code: 'FAPWS_CLIENT_GONE' });
      await serving.alive();
    }
  });
});
