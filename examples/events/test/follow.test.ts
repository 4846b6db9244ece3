// What takes too long to wait for: heartbeats and polls that nothing comes for, with a clock of the test's own.

import { getEventListeners } from 'node:events';
import type { Environ, Result, StartResponse } from '@fapws/core';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Channel } from '../src/channel.ts';
import { longPolling, serverSentEvents } from '../src/follow.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const startResponse = (() => undefined) as unknown as StartResponse;

/** As much of an environ as a follower reads. */
function environWith(signal: AbortSignal, stopping = new AbortController().signal): Environ {
  return { 'fapws.signal': signal, 'fapws.stopping': stopping, 'fapws.params': {} } as unknown as Environ;
}

test('a follower hears a heartbeat every fifteen seconds, and nothing more once it has left', async () => {
  const channel = new Channel();
  const leave = new AbortController();
  // That of the server, which lives as long as the server does.
  const stopping = new AbortController().signal;
  const follow = serverSentEvents(channel)(environWith(leave.signal, stopping), startResponse);
  const events = (follow as AsyncIterable<string>)[Symbol.asyncIterator]();
  expect((await events.next()).value).toBe('retry: 1000\n\n');
  for (let beat = 0; beat < 3; beat += 1) {
    const next = events.next();
    await vi.advanceTimersByTimeAsync(14_999);
    expect(channel.followers).toBe(1);
    await vi.advanceTimersByTimeAsync(1);
    expect((await next).value).toBe(': still here\n\n');
  }
  const next = events.next();
  await vi.advanceTimersByTimeAsync(0);
  leave.abort();
  await next;
  expect((await events.next()).done).toBe(true);
  expect(channel.followers).toBe(0);
  expect(getEventListeners(stopping, 'abort')).toEqual([]);
  expect(vi.getTimerCount()).toBe(0);
});

test('a poll that nothing comes for is answered after 25 seconds', async () => {
  const channel = new Channel();
  const poll = longPolling(channel)(
    environWith(new AbortController().signal),
    startResponse,
  ) as Promise<Result>;
  let answer: Result;
  void poll.then(result => {
    answer = result;
  });
  await vi.advanceTimersByTimeAsync(24_999);
  expect(answer).toBeUndefined();
  await vi.advanceTimersByTimeAsync(1);
  expect(answer).toBe(`{"messages":[],"last":${channel.lastId}}\n`);
});

test('who comes when the server is stopping already does not wait', async () => {
  const channel = new Channel();
  const environ = environWith(new AbortController().signal, AbortSignal.abort());
  expect(await longPolling(channel)(environ, startResponse)).toContain('"messages":[]');
  expect(vi.getTimerCount()).toBe(0);
});
