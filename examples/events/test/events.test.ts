// Channels through HTTP: who hears what, and what it costs when nobody speaks.

import { Example, installed, type Program, shownOrigin } from '@fapws/testing';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

// Processes are started here, maybe on a busy machine.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

const example = new Example(import.meta.dirname);
let program: Program;
let origin: string;
beforeAll(async () => {
  program = example.start();
  origin = await program.origin();
});
afterAll(() => program[Symbol.asyncDispose]());

const say = (channel: string, body: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${origin}/${channel}`, { method: 'POST', body, headers });

const idOf = async (response: Response): Promise<number> =>
  Number(/message (\d+)/.exec(await response.text())?.[1]);

/** Follows a channel by events, until it is disposed of. */
class Follower {
  readonly #leave = new AbortController();
  #text = '';
  #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;

  static async of(channel: string, headers: Record<string, string> = {}): Promise<Follower> {
    const follower = new Follower();
    const signal = AbortSignal.any([follower.#leave.signal, AbortSignal.timeout(20_000)]);
    const response = await fetch(`${origin}/${channel}/events`, { headers, signal });
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    follower.#reader = response.body?.getReader();
    await follower.hears('retry: 1000\n\n');
    return follower;
  }

  /** Waits until a text has been heard. */
  async hears(text: string): Promise<string> {
    while (!this.#text.includes(text)) {
      const { value, done } = (await this.#reader?.read()) ?? { value: undefined, done: true };
      if (done || value === undefined) throw new Error(`it ended without ${text}:\n${this.#text}`);
      this.#text += Buffer.from(value).toString();
    }
    return this.#text;
  }

  /** Waits for the end of the answer. */
  async ends(): Promise<void> {
    while (!(await this.#reader?.read())?.done);
  }

  [Symbol.dispose](): void {
    this.#leave.abort();
  }
}

test.runIf(installed('curl'))('the README shows what comes out', async () => {
  await using own = example.start();
  const { shown, went } = await example.followReadme({ [shownOrigin]: await own.origin() });
  expect(went).toBe(shown);
});

describe('server-sent events', () => {
  test('reach all who follow, and none of another channel', async () => {
    using one = await Follower.of('lobby');
    using two = await Follower.of('lobby');
    using elsewhere = await Follower.of('kitchen');
    const response = await say('lobby', 'to the lobby');
    expect(response.status).toBe(201);
    const id = await idOf(response);
    for (const follower of [one, two]) await follower.hears(`id: ${id}\ndata: to the lobby\n\n`);
    await say('kitchen', 'to the kitchen');
    expect(await elsewhere.hears('to the kitchen')).not.toContain('lobby');
  });

  test('a follower that was away gets what it missed, once and in order', async () => {
    const seen = await idOf(await say('lobby', 'seen'));
    await say('lobby', 'missed 1');
    await say('lobby', 'missed 2');
    using follower = await Follower.of('lobby', { 'Last-Event-ID': String(seen) });
    const heard = await follower.hears('missed 2');
    expect(heard.match(/data: .*/g)).toEqual(['data: missed 1', 'data: missed 2']);
  });

  test('a message of several lines is one event, and no message can make another', async () => {
    using follower = await Follower.of('lobby');
    await say('lobby', 'first\r\nevent: forged\rid: 0\n\ndata: forged\n');
    await say('lobby', 'end');
    const heard = await follower.hears('data: end');
    expect(heard).toContain(
      '\ndata: first\ndata: event: forged\ndata: id: 0\ndata: \ndata: data: forged\n\n',
    );
  });

  test('a follower that leaves is forgotten', async () => {
    const follower = await Follower.of('kitchen');
    await expect.poll(async () => (await say('kitchen', 'who is here?')).text()).toMatch(/ to 1\n$/);
    follower[Symbol.dispose]();
    await expect.poll(async () => (await say('kitchen', 'who is here?')).text()).toMatch(/ to 0\n$/);
  });

  test('many follow at once without a warning', async () => {
    const followers = await Promise.all(Array.from({ length: 100 }, () => Follower.of('kitchen')));
    await say('kitchen', 'to all hundred');
    await Promise.all(followers.map(follower => follower.hears('to all hundred')));
    for (const follower of followers) follower[Symbol.dispose]();
    expect(program.output).not.toMatch(/warning/i);
  });
});

describe('long polling', () => {
  interface News {
    readonly messages: readonly { readonly id: number; readonly text: string }[];
    readonly last: number;
  }
  const poll = async (after: string): Promise<News> => {
    const response = await fetch(`${origin}/lobby/poll?after=${after}`, {
      signal: AbortSignal.timeout(20_000),
    });
    return (await response.json()) as News;
  };

  test('waits for what comes next, and each answer says where the next one begins', async () => {
    const before = await idOf(await say('lobby', 'before'));
    const waiting = poll(String(before));
    let over = false;
    void waiting.then(() => {
      over = true;
    });
    await say('kitchen', 'not for the lobby');
    expect(over).toBe(false);
    const next = await idOf(await say('lobby', 'next'));
    expect(await waiting).toEqual({ messages: [{ id: next, text: 'next' }], last: next });
    await say('lobby', 'later');
    expect((await poll(String(next))).messages.map(({ text }) => text)).toEqual(['later']);
  });

  test('what is kept is bounded: of many messages the last hundred', async () => {
    for (let count = 1; count <= 105; count += 1) await say('lobby', `number ${count}`);
    const { messages } = await poll('0');
    expect(messages).toHaveLength(100);
    expect(messages[0]?.text).toBe('number 6');
  });

  test('an id that is none is as if it were not said', async () => {
    const waiting = poll('x');
    await expect.poll(async () => (await say('lobby', 'now')).text()).toMatch(/ to [1-9]\d*\n$/);
    expect((await waiting).messages[0]?.text).toBe('now');
  });
});

describe('a message', () => {
  test.each([
    ['', 400],
    [' \r\n ', 400],
    ['x'.repeat(1001), 413],
    ['x'.repeat(1000), 201],
    ['é'.repeat(501), 413],
  ])('%j is answered %i', async (body, status) => {
    expect((await say('lobby', body)).status).toBe(status);
  });

  test('from a page elsewhere is refused', async () => {
    expect((await say('lobby', 'forged', { 'Sec-Fetch-Site': 'cross-site' })).status).toBe(403);
  });

  test('for a channel that is not there is 404', async () => {
    expect((await say('cellar', 'hello')).status).toBe(404);
  });
});

test('a server that stops does not wait for those who follow', async () => {
  const own = program;
  using follower = await Follower.of('lobby');
  const poll = fetch(`${origin}/lobby/poll`).then(response => response.json());
  await expect.poll(async () => (await say('kitchen', 'wait')).status).toBe(201);
  const began = performance.now();
  const ended = own.end('SIGTERM');
  await follower.ends();
  expect(await poll).toMatchObject({ messages: [] });
  expect(await ended, own.output).toBe(0);
  // Ten seconds would be the grace period.
  expect(performance.now() - began).toBeLessThan(5000);
});
