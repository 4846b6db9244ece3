// What users of a framework rely on, asked of an application of each of them: applications/with_*.py.

import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { PythonOptions } from '../../src/index.ts';
import { answerOf, arrives, bounded, Front, received, requestOf } from '../front.ts';
import { descriptorsOf } from './process.ts';

export interface Framework {
  /** As Python calls it. */
  readonly application: string;
  /** What it says of an error of an application, if not what the server does. */
  readonly errorPage?: RegExp;
}

/** As many as meet in `/meet`: all three are needed there, so one that did not come back would be missed. */
const threads = 3;

const MEBIBYTE = 1024 ** 2;

export function framework(
  python: string,
  { application, errorPage = /The application failed/ }: Framework,
): void {
  async function open(options: PythonOptions = {}): Promise<Front> {
    const chdir = `${import.meta.dirname}/applications`;
    const site = await Front.open(application, { chdir, python, threads, ...options });
    site.server.mount('/site', site.app);
    await site.app.ready;
    return site;
  }
  const rootOf = (site: Front): string => `${site.server.url}/site`;

  let front: Front;
  let root: string;

  beforeAll(async () => {
    front = await open();
    root = rootOf(front);
  });
  afterAll(async () => front?.[Symbol.asyncDispose]());

  const ask = (path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(root + path, { signal: AbortSignal.timeout(20_000), ...init });
  const json = async (path: string, init?: RequestInit): Promise<unknown> => (await ask(path, init)).json();
  const post = (path: string, body: URLSearchParams | FormData | string = ''): Promise<Response> =>
    ask(path, { method: 'POST', body });

  /** All threads are free, and do their work. */
  async function allThreadsWork(site: Front = front): Promise<void> {
    const meet = (): Promise<Response> =>
      fetch(`${rootOf(site)}/meet`, { signal: AbortSignal.timeout(20_000) });
    const answers = await Promise.all(Array.from({ length: threads }, meet));
    expect(await Promise.all(answers.map(answer => answer.text()))).toEqual(Array(threads).fill('met'));
  }

  /** Waits until a generator was closed. @param meanwhile what lets it go on */
  async function closes(name: string, meanwhile?: () => Promise<unknown>): Promise<void> {
    await front.until(async () => {
      await meanwhile?.();
      return ((await json('/closed')) as string[]).includes(name);
    });
  }

  test('under a prefix it makes addresses that have the prefix', async () => {
    expect(await json('/where')).toEqual({
      url: `${root}/where`,
      root: '/site',
      path: '/where',
      client: '127.0.0.1',
    });
  });

  test('a form arrives as it was filled in', async () => {
    const fields = new URLSearchParams([
      ['name', 'Zoë & Søren'],
      ['meal', 'soup'],
      ['meal', 'кекс'],
      ['empty', ' '],
    ]);
    expect(await (await post('/form', fields)).json()).toEqual({
      name: ['Zoë & Søren'],
      meal: ['soup', 'кекс'],
      empty: [' '],
    });
  });

  test('a form that is sent in chunks arrives too', async () => {
    const socket = await front.connect();
    const headers = ['Content-Type: application/x-www-form-urlencoded', 'Transfer-Encoding: chunked'];
    const body = '5\r\nname=\r\n3\r\nZo%\r\n5\r\nC3%AB\r\n0\r\n\r\n';
    socket.write(requestOf('/site/form', { method: 'POST', headers, body }));
    const answer = Buffer.from(answerOf(await received(socket)).body, 'latin1').toString();
    expect(JSON.parse(answer)).toEqual({ name: ['Zoë'] });
  });

  test.each([
    ['small', 1000],
    ['large', 3 * MEBIBYTE],
  ])('a %s file is uploaded, with what stands beside it', async (_size, octets) => {
    const content = randomBytes(octets);
    const form = new FormData();
    form.append('note', 'grüße');
    form.append('file', new Blob([content]), 'a picture.png');
    expect(await (await post('/upload', form)).json()).toEqual({
      note: 'grüße',
      name: 'a picture.png',
      file: [octets, createHash('md5').update(content).digest('hex')],
    });
  });

  test('a visitor is known again by its cookie', async () => {
    const first = await ask('/counted');
    expect(await first.text()).toBe('1');
    const cookie = first.headers.getSetCookie()[0]?.split(';')[0] as string;
    expect(await (await ask('/counted', { headers: { Cookie: cookie } })).text()).toBe('2');
  });

  test('a file is sent whole', async () => {
    const answer = await ask(`/file?size=${3 * MEBIBYTE}`);
    expect(answer.headers.get('content-length')).toBe(String(3 * MEBIBYTE));
    expect((await answer.arrayBuffer()).byteLength).toBe(3 * MEBIBYTE);
  });

  test('HEAD has the headers of GET and no content', async () => {
    const socket = await front.connect();
    socket.write(requestOf('/site/where', { method: 'HEAD' }));
    const octets = await arrives(socket, /\r\n\r\n$/);
    expect(octets).toMatch(/^HTTP\/1\.1 (200|405)/);
    await bounded(once(socket, 'close'), 20_000, 'the end');
  });

  test('requests are worked on at the same time', () => allThreadsWork());

  test('server-sent events arrive one by one, each before the next one is made', async () => {
    const answer = await ask('/stream/events');
    expect(answer.headers.get('content-type')).toMatch(/^text\/event-stream/);
    const events = answer.body?.getReader() as ReadableStreamDefaultReader<Uint8Array>;
    for (const number of [1, 2, 3]) {
      const { value } = await bounded(events.read(), 20_000, `event ${number}`);
      expect(Buffer.from(value as Uint8Array).toString()).toBe(`data: ${number}\n\n`);
      await post('/advance');
    }
    await events.cancel();
    // The application learns of it when it has the next event, or the one after it.
    await closes('events', () => post('/advance'));
  });

  test('what it raises is a 500 without a traceback, which is in the log', async () => {
    const answer = await ask('/fail');
    expect(answer.status).toBe(500);
    const page = await answer.text();
    expect(page).toMatch(errorPage);
    expect(page).not.toMatch(/Traceback|on purpose|common\.py/);
    await front.logs(/Traceback[\s\S]*common\.py[\s\S]*ValueError: on purpose/);
    await allThreadsWork();
  });

  /** Begins to send a form with a file of 5 MB, and goes. */
  async function leaveDuringUpload(to: Front): Promise<void> {
    const socket = await to.connect();
    const file = 'Content-Disposition: form-data; name="file"; filename="f"';
    const request = requestOf('/site/upload', {
      method: 'POST',
      headers: ['Content-Type: multipart/form-data; boundary=boundary', 'Content-Length: 5000000'],
      body: `--boundary\r\n${file}\r\n\r\n${'x'.repeat(200_000)}`,
    });
    await bounded(new Promise(resolve => socket.write(request, resolve)), 20_000, 'the upload');
    socket.destroy();
  }

  async function leaveDuringStream(name: string): Promise<void> {
    const socket = await front.connect();
    socket.write(requestOf(`/site/stream/${name}`));
    await arrives(socket, name === 'idle' ? /begun/ : /xxxx/);
    socket.destroy();
  }

  test('a client that leaves during its upload holds nothing up', async () => {
    await leaveDuringUpload(front);
    await allThreadsWork();
  });

  test('a client that leaves before its answer holds nothing up', async () => {
    const socket = await front.connect();
    socket.write(requestOf('/site/rest'));
    await front.logs(/GET \/site\/rest: resting/);
    socket.destroy();
    await post('/wake');
    await allThreadsWork();
  });

  test.each(['endless', 'idle'])(
    'a client that leaves an %s stream ends it: the generator is closed',
    async name => {
      await leaveDuringStream(name);
      await closes(name);
      await allThreadsWork();
    },
  );

  test('clients that leave, over and over, leave nothing behind', async () => {
    const { pid } = front.app.status().workers[0] as { pid: number };
    await allThreadsWork();
    const before = descriptorsOf(pid);
    for (let round = 0; round < 10; round += 1) {
      await Promise.all([leaveDuringUpload(front), leaveDuringStream('endless'), leaveDuringStream('idle')]);
    }
    await front.until(() => front.app.status().workers[0]?.inFlight === 0);
    await allThreadsWork();
    const { workers, ended, queue } = front.app.status();
    expect([workers[0]?.pid, workers[0]?.busy, ended, queue.length]).toEqual([pid, 0, {}, 0]);
    // A file of an upload that was read a moment ago may be open until Python's collector comes by.
    expect(descriptorsOf(pid)).toBeLessThan(before + 10);
  });

  test('content that is handed on as it arrives, arrives; and who leaves holds nothing up', async () => {
    await using streamed = await open({ spool: false });
    const content = randomBytes(MEBIBYTE);
    const form = new FormData();
    form.append('note', 'streamed');
    form.append('file', new Blob([content]), 'f');
    const answer = await fetch(`${rootOf(streamed)}/upload`, { method: 'POST', body: form });
    expect(await answer.json()).toMatchObject({ note: 'streamed', file: [MEBIBYTE, expect.any(String)] });
    for (let round = 0; round < threads; round += 1) await leaveDuringUpload(streamed);
    await allThreadsWork(streamed);
    expect(streamed.app.status().ended).toEqual({});
  });
}
