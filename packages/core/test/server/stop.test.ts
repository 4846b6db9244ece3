// Stopping: nothing new, what is under way finishes, what does not finish in time is cut.

import { describe, expect, test } from 'vitest';
import type { Application } from '../../src/index.ts';
import { nextTurn, within } from '../loop/watched.ts';
import { gate, says, server, serving } from './serving.ts';

/** Answers when it is let. */
function waits(): { application: Application; called: Promise<void>; open: () => void } {
  const [called, answer] = [gate(), gate()];
  const application: Application = async (_, startResponse) => {
    called.open();
    await answer.opened;
    startResponse('200 OK', [['Content-Type', 'text/plain']]);
    return ['at last'];
  };
  return { application, called: called.opened, open: () => answer.open() };
}

describe('stop', () => {
  test('before listening does nothing, and the server can still listen', async () => {
    const made = server();
    made.server.mount('/', says('hello'));
    expect(await made.server.stop()).toEqual({ cut: 0 });
    await made.server.listen();
    expect((await (await made.client()).get('/')).text).toBe('hello');
  });

  test('while it is about to listen leaves nothing open', async () => {
    const made = server();
    made.server.mount('/', says('hello'));
    const listening = made.server.listen();
    const report = await within(made.server.stop(), 'stop resolves');
    expect(report).toEqual({ cut: 0 });
    await listening;
    expect(made.server.addresses).toEqual([]);
  });

  test('accepts no more', async () => {
    const made = await serving(it => it.mount('/', says('hello')));
    const { address } = made;
    const { Client } = await import('./client.ts');
    await made.server.stop();
    await expect(Client.connect(address)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  test('closes idle connections: those that never asked, and those that were answered', async () => {
    const made = await serving(it => it.mount('/', says('hello')));
    const [silent, answered] = [await made.client(), await made.client()];
    await answered.get('/');
    expect(await within(made.server.stop(), 'stop resolves')).toEqual({ cut: 0 });
    await silent.peer.untilEnded();
    await answered.peer.untilEnded();
    expect([silent.peer.error, answered.peer.error]).toEqual([null, null]);
  });

  test('lets a request finish; its answer says Connection: close, and the connection ends', async () => {
    const slow = waits();
    const made = await serving(it => it.mount('/slow', slow.application));
    const client = await made.client();
    client.request('GET', '/slow');
    await slow.called;
    let stopped = false;
    const stopping = made.server.stop().then(report => {
      stopped = true;
      return report;
    });
    await nextTurn();
    expect(stopped).toBe(false);
    slow.open();
    const answer = await client.answer();
    expect(answer.text).toBe('at last');
    expect(answer.header('Connection')).toBe('close');
    await client.peer.untilEnded();
    client.peer.end();
    expect(await within(stopping, 'stop resolves')).toEqual({ cut: 0 });
  });

  test('does not wait for a client that has its last answer but keeps its side open', async () => {
    const slow = waits();
    const made = await serving(it => it.mount('/slow', slow.application));
    const client = await made.client();
    client.request('GET', '/slow');
    await slow.called;
    const stopping = made.server.stop({ graceMs: 60_000 });
    slow.open();
    await client.answer();
    // Lingering is bounded by its own timeout, 5 s by default; what is cut then is no request.
    expect(await within(stopping, 'stop resolves', 8000)).toEqual({ cut: 0 });
  }, 10_000);

  test('lets a stream finish', async () => {
    const more = gate();
    const made = await serving(it =>
      it.mount('/', (_, startResponse) => {
        startResponse('200 OK', [['Content-Type', 'text/plain']]);
        return (async function* () {
          yield 'begin ';
          await more.opened;
          yield 'end';
        })();
      }),
    );
    const client = await made.client();
    client.request('GET', '/');
    await client.peer.until('it has begun', () => client.peer.text.includes('begin'));
    const stopping = made.server.stop();
    more.open();
    expect((await client.answer()).text).toBe('begin end');
    await client.peer.untilEnded();
    client.peer.end();
    expect(await within(stopping, 'stop resolves')).toEqual({ cut: 0 });
  });

  test('lets a request whose head is under way finish', async () => {
    const made = await serving(it => it.mount('/', says('hello')));
    const client = await made.client();
    client.send('GET / HTTP/1.1\r\nHo');
    const other = await made.client();
    await other.get('/');
    const stopping = made.server.stop();
    await other.peer.untilEnded();
    client.send('st: localhost\r\n\r\n');
    const answer = await client.answer();
    expect([answer.text, answer.header('Connection')]).toEqual(['hello', 'close']);
    await client.peer.untilEnded();
    client.peer.end();
    expect(await within(stopping, 'stop resolves')).toEqual({ cut: 0 });
  });

  test('answers what was pipelined behind a request no more', async () => {
    const slow = waits();
    let hellos = 0;
    const made = await serving(it =>
      it.mount('/slow', slow.application).mount('/hello', (environ, startResponse) => {
        hellos += 1;
        return says('hello')(environ, startResponse);
      }),
    );
    const client = await made.client();
    client.send('GET /slow HTTP/1.1\r\nHost: a\r\n\r\nGET /hello HTTP/1.1\r\nHost: a\r\n\r\n');
    await slow.called;
    const stopping = made.server.stop();
    slow.open();
    expect((await client.answer()).header('Connection')).toBe('close');
    await client.peer.untilEnded();
    client.peer.end();
    await within(stopping, 'stop resolves');
    expect(client.rest).toBe('');
    expect(hellos).toBe(0);
  });

  test('cuts what is left after the grace period, reports and logs how many', async () => {
    const made = await serving(it => it.mount('/never', () => new Promise(() => {})));
    const clients = [await made.client(), await made.client(), await made.client()];
    for (const client of clients.slice(1)) client.request('GET', '/never');
    const idle = clients[0];
    await within(Promise.all(clients.slice(1).map(client => client.peer.sent(''))), 'sent');
    await nextTurn();
    await nextTurn();
    const begun = performance.now();
    const report = await within(made.server.stop({ graceMs: 100 }), 'stop resolves');
    expect(performance.now() - begun).toBeGreaterThanOrEqual(95);
    expect(report).toEqual({ cut: 2 });
    for (const client of clients) await client.peer.untilEnded();
    expect(idle?.peer.error).toBeNull();
    expect(made.log).toContain('requests cut at the end of the grace period: 2');
  });

  test('tells the callback of a cut request by its signal', async () => {
    const aborted = gate();
    const called = gate();
    const made = await serving(it =>
      it.mount('/never', environ => {
        environ['fapws.signal'].addEventListener('abort', () => aborted.open());
        called.open();
        return new Promise(() => {});
      }),
    );
    const client = await made.client();
    client.request('GET', '/never');
    await called.opened;
    expect(await made.server.stop({ graceMs: 0 })).toEqual({ cut: 1 });
    await within(aborted.opened, 'the signal is aborted');
  });

  test('a second stop gets the same report; one without grace cuts at once', async () => {
    const slow = waits();
    const made = await serving(it => it.mount('/slow', slow.application));
    const client = await made.client();
    client.request('GET', '/slow');
    await slow.called;
    const first = made.server.stop({ graceMs: 60_000 });
    const second = made.server.stop({ graceMs: 60_000 });
    await nextTurn();
    const third = made.server.stop({ graceMs: 0 });
    expect(await within(Promise.all([first, second, third]), 'all resolve')).toEqual([
      { cut: 1 },
      { cut: 1 },
      { cut: 1 },
    ]);
    expect(await made.server.stop()).toEqual({ cut: 1 });
    await client.peer.untilEnded();
  });

  test('a second stop with a shorter grace period shortens it', async () => {
    const slow = waits();
    const made = await serving(it => it.mount('/slow', slow.application));
    const client = await made.client();
    client.request('GET', '/slow');
    await slow.called;
    const first = made.server.stop({ graceMs: 60_000 });
    void made.server.stop({ graceMs: 50 });
    expect(await within(first, 'the first stop resolves')).toEqual({ cut: 1 });
  });

  test('a second stop with a longer grace period does not lengthen it', async () => {
    const slow = waits();
    const made = await serving(it => it.mount('/slow', slow.application));
    const client = await made.client();
    client.request('GET', '/slow');
    await slow.called;
    const first = made.server.stop({ graceMs: 50 });
    void made.server.stop({ graceMs: 60_000 });
    expect(await within(first, 'the first stop resolves')).toEqual({ cut: 1 });
  });

  test('from within a callback lets that callback answer', async () => {
    const made = await serving(it =>
      it.mount('/stop', (environ, startResponse) => {
        void it.stop();
        return says('stopping')(environ, startResponse);
      }),
    );
    const client = await made.client();
    const answer = await client.get('/stop');
    expect([answer.text, answer.header('Connection')]).toEqual(['stopping', 'close']);
    await client.peer.untilEnded();
  });
});

describe('fapws.stopping', () => {
  test('tells an answer without an end that it should come to one', async () => {
    const begun = gate();
    const made = await serving(it =>
      it.mount('/', async function* (environ, startResponse) {
        startResponse('200 OK', [['Content-Type', 'text/plain']]);
        yield 'begun, ';
        const stopping = environ['fapws.stopping'];
        expect(stopping.aborted).toBe(false);
        const over = new Promise(resolve => stopping.addEventListener('abort', resolve));
        begun.open();
        await over;
        yield 'ended';
      }),
    );
    const client = await made.client();
    const answer = client.get('/');
    await within(begun.opened, 'the answer begins');
    expect(await within(made.server.stop(), 'stop resolves')).toEqual({ cut: 0 });
    expect((await answer).text).toBe('begun, ended');
  });

  test('is not aborted in a call, which has one request only', async () => {
    const made = server();
    made.server.mount('/', (environ, startResponse) => {
      startResponse('200 OK', []);
      return String(environ['fapws.stopping'].aborted);
    });
    expect((await made.server.call('/')).text()).toBe('false');
  });
});
