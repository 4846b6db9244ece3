// Two ways to follow a channel: an answer without an end (server-sent events), and one answer for each time that there is news
// (long polling), for clients which can't read the former.

import type { Application, Environ } from '@fapws/core';
import type { Channel } from './channel.ts';

/** Proxies and browsers give up on a connection that is silent for a minute. */
const HEARTBEAT_SECONDS = 15;
const POLL_SECONDS = 25;

/** Both ways end when the client leaves, and when the server is to stop: it would wait for them otherwise. */
const endsOf = (environ: Environ): AbortSignal[] => [environ['fapws.signal'], environ['fapws.stopping']];

/** The message that a client has seen last; if it does not say, only what comes from now on is news for it. */
function lastSeen(said: string | undefined, channel: Channel): number {
  return said !== undefined && /^\d{1,15}$/.test(said) ? Number(said) : channel.lastId;
}

/** `text/event-stream`. A browser that has lost its connection comes back by itself and says what it has seen last. */
export function serverSentEvents(channel: Channel): Application {
  return async function* (environ, startResponse) {
    startResponse('200 OK', [
      ['Content-Type', 'text/event-stream'],
      ['Cache-Control', 'no-store'],
      // nginx would keep events back until it has a bufferful.
      ['X-Accel-Buffering', 'no'],
    ]);
    const ends = endsOf(environ);
    let seen = lastSeen(environ.HTTP_LAST_EVENT_ID, channel);
    // The first words get the head on its way, and say how soon to come back: after a second.
    yield 'retry: 1000\n\n';
    while (!ends.some(({ aborted }) => aborted)) {
      const messages = await channel.after(seen, ends, HEARTBEAT_SECONDS);
      if (messages.length === 0) yield ': still here\n\n';
      for (const { id, text } of messages) {
        yield `id: ${id}\n${text.replace(/^/gm, 'data: ')}\n\n`;
        seen = id;
      }
    }
  };
}

/** Answers when there is something after `?after=ID`, with an empty list after a while. */
export function longPolling(channel: Channel): Application {
  return async (environ, startResponse) => {
    const seen = lastSeen(environ['fapws.params']['after']?.[0], channel);
    const messages = await channel.after(seen, endsOf(environ), POLL_SECONDS);
    startResponse('200 OK', [
      ['Content-Type', 'application/json'],
      ['Cache-Control', 'no-store'],
    ]);
    return `${JSON.stringify({ messages, last: messages.at(-1)?.id ?? seen })}\n`;
  };
}
