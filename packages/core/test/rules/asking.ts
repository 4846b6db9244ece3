// One connection to a real server: octets in, and all that came of them. The server's application tells what it was called with.

import { expect } from 'vitest';
import type { Application } from '../../src/base/types.ts';
import type { ServerOptions } from '../../src/options.ts';
import type { Server } from '../../src/server.ts';
import type { Answer, Client } from '../server/client.ts';
import { serving } from '../server/serving.ts';

/** Sent behind what is refused or last: no application may ever see it. */
export const SMUGGLED = 'GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n';

/** The last request of a connection that is to go on until here. */
export const LAST = 'GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';

export interface Outcome {
  readonly answers: readonly Answer[];
  readonly codes: readonly number[];
  /** Requests that reached the application, as `GET /path`, and behind it what content they had or why they could not be read. */
  readonly called: readonly string[];
  /** Status lines of interim answers. */
  readonly interim: readonly string[];
  /** How many octets the server has sent. */
  readonly octets: number;
  readonly client: Client;
}

export interface Asking extends ServerOptions {
  /** Methods of the requests that are answered, in order; GET where nothing is said. */
  readonly methods?: readonly string[];
  /** What answers, in place of `echo`; null for nothing but what is linked. */
  readonly application?: Application | null | undefined;
  /** Links more, and sets the base. */
  readonly link?: (server: Server) => void;
  /** Whether the client shuts its side when it has sent all. */
  readonly finish?: boolean;
  /** Whether every octet leaves on its own. */
  readonly trickle?: boolean;
}

/** Sends octets, waits until the server has shut its side, and sends more then. */
export async function ask(octets: string, asking: Asking = {}): Promise<Outcome> {
  const { methods = [], application, link, finish = false, trickle = false, ...options } = asking;
  const called: string[] = [];
  const made = await serving(server => {
    link?.(server);
    if (application !== null) server.mount('/', application ?? echo(called));
  }, options);
  const client = await made.client();
  if (trickle) for (const octet of octets) await client.peer.sent(octet);
  else client.send(octets);
  if (finish) client.peer.end();
  await client.peer.untilEnded();
  const answers: Answer[] = [];
  while (client.rest !== '') {
    answers.push(await client.answer(methods[answers.length]));
    // A length that is no number would be read for ever.
    if (answers.length > 100)
      throw new Error(`too many answers: ${JSON.stringify(client.rest.slice(0, 200))}`);
  }
  const before = called.length;
  const received = client.peer.octets;
  if (!finish && !client.peer.closed) client.send(SMUGGLED);
  // When another client has its answer, what was sent before it has been looked at.
  const other = await made.client();
  await other.get('/other');
  expect(called.slice(before).filter(call => !call.startsWith('GET /other'))).toEqual([]);
  expect(client.peer.octets).toBe(received);
  return {
    answers,
    codes: answers.map(({ code }) => code),
    called: called.slice(0, before),
    interim: client.interim,
    octets: received,
    client,
  };
}

/** Reads the content and answers with the request as it saw it. */
function echo(called: string[]): Application {
  return async (environ, startResponse) => {
    const request = `${environ.REQUEST_METHOD} ${environ.PATH_INFO}`;
    const place = called.push(request) - 1;
    try {
      const content = await environ['wsgi.input'].text();
      if (content !== '') called[place] = `${request} ${content}`;
      startResponse('200 OK', [['Content-Type', 'text/plain']]);
      return called[place] as string;
    } catch (error) {
      called[place] = `${request} ${(error as { code: string }).code}`;
      throw error;
    }
  };
}

/** A request without content. */
export function get(target: string, ...lines: string[]): string {
  return `GET ${target} HTTP/1.1\r\nHost: a\r\n${lines.map(line => `${line}\r\n`).join('')}\r\n`;
}

/** A request with these fields and content. */
export function post(content: string, ...lines: string[]): string {
  return `POST / HTTP/1.1\r\nHost: a\r\n${lines.map(line => `${line}\r\n`).join('')}\r\n${content}`;
}
