// Who reads the board now, and when there is something new: a part that Django would need a thread for each reader for. Here a
// reader costs no more than a connection.

import { EventEmitter, on } from 'node:events';
import type { Application, Middleware } from '@fapws/core';

export class Live {
  readonly #news = new EventEmitter().setMaxListeners(Number.POSITIVE_INFINITY);
  #readers = 0;

  #tell(event: 'readers' | 'notice', data: number | string): void {
    this.#news.emit('news', `event: ${event}\ndata: ${data}\n\n`);
  }

  /** Proxies and browsers give up on a connection that is silent for a minute. */
  heartbeat(): void {
    this.#news.emit('news', ': still here\n\n');
  }

  /** Server-sent events: `readers` with their number, `notice` when there is a new one. */
  readonly events: Application = (environ, startResponse) => {
    startResponse('200 OK', [
      ['Content-Type', 'text/event-stream'],
      ['Cache-Control', 'no-store'],
      // nginx would keep events back until it has a bufferful.
      ['X-Accel-Buffering', 'no'],
    ]);
    return this.#follow(environ['fapws.signal'], environ['fapws.stopping']);
  };

  async *#follow(gone: AbortSignal, stopping: AbortSignal): AsyncGenerator<string> {
    this.#readers += 1;
    try {
      const news = on(this.#news, 'news', { signal: gone });
      // A server that is to stop waits for its answers.
      const end = (): void => void news.return?.();
      stopping.addEventListener('abort', end, { signal: gone });
      if (stopping.aborted) end();
      this.#tell('readers', this.#readers);
      for await (const [event] of news) yield event as string;
    } catch (error) {
      // That the reader left is how it ends.
      if (!gone.aborted) throw error;
    } finally {
      this.#readers -= 1;
      this.#tell('readers', this.#readers);
    }
  }

  readonly readers: Application = (_environ, startResponse) => {
    startResponse('200 OK', [
      ['Content-Type', 'application/json'],
      ['Cache-Control', 'no-store'],
    ]);
    return `${JSON.stringify({ readers: this.#readers })}\n`;
  };

  /** Goes around Django: tells it the number of readers, and tells the readers when it has taken a notice. */
  readonly around: Middleware = application => async (environ, startResponse) => {
    environ['board.readers'] = this.#readers;
    const result = await application(environ, startResponse);
    // It redirects who has sent a good form.
    if (environ.REQUEST_METHOD === 'POST' && startResponse.response?.statusCode === 302)
      this.#tell('notice', 'new');
    return result;
  };
}
