// What tests of time share: requests, applications that take their time, and how the end of it is looked at.

import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { expect, onTestFinished } from 'vitest';
import type { RequestError } from '../../src/http/errors.ts';
import type { TimeoutEvent } from '../../src/http/events.ts';
import type { Exchange } from '../../src/http/exchange.ts';
import type { Refusal } from '../../src/http/refusal.ts';
import { type App, answersIn, type Client, header, type Server } from './wire.ts';

export const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
export const POST = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n';
export const EXPECT = POST.replace('Host', 'Expect: 100-continue\r\nHost');
export const CHUNKED = 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n';
export const pending = (): void => {};
export const handler = { timeouts: { handler: 5 } };
export const request = { timeouts: { request: 5 } };

/** Names of the timeouts that were told of, until the test is over. */
export function timeouts(): string[] {
  const names: string[] = [];
  const note = (event: unknown): void => void names.push((event as TimeoutEvent).timeout);
  subscribe('fapws:timeout', note);
  onTestFinished(() => void unsubscribe('fapws:timeout', note));
  return names;
}

/** Not before so many seconds, and at most a second later. */
export async function expectAfter(seconds: number, server: Server, happened: () => boolean): Promise<void> {
  server.advance(seconds * 1000 - 1);
  await server.quiet();
  expect(happened(), `before ${seconds} seconds are over`).toBe(false);
  server.advance(1001);
  await server.quiet();
  expect(happened(), `after ${seconds} seconds`).toBe(true);
}

export const over = (client: Client) => (): boolean => client.ending !== 'open';

/** Refused as a refusal should be: whole, last, with content that tells why. */
export function expectRefused(client: Client, refusal: Refusal, methods: string[] = []): void {
  const answer = answersIn(client.octets, methods).at(-1);
  if (answer === undefined) throw new Error('no answer');
  expect(answer.line).toBe(`HTTP/1.1 ${refusal.status}`);
  expect(header(answer, 'Connection')).toBe('close');
  expect(header(answer, 'Date')).toMatch(/ GMT$/);
  expect(Number(header(answer, 'Content-Length'))).toBe(refusal.detail.length + 1);
  expect(answer.content).toBe(methods.at(-1) === 'HEAD' ? '' : `${refusal.detail}\n`);
  expect(client.ending).toBe('half-closed');
}

/** What an application learns. */
export function watching(work: App = pending): { app: App; codes: string[] } {
  const codes: string[] = [];
  return {
    codes,
    app(exchange) {
      exchange.signal.addEventListener('abort', () => {
        codes.push((exchange.signal.reason as RequestError).code);
      });
      work(exchange);
    },
  };
}

export function stream(exchange: Exchange): void {
  exchange.setHead('200 OK', []);
  exchange.send('x');
}
