// A client of a deployment: one request over node:http, with control over what browsers do not let one choose.

import { once } from 'node:events';
import {
  type Agent,
  request as httpRequest,
  type IncomingMessage,
  type OutgoingHttpHeaders,
} from 'node:http';
import { request as httpsRequest } from 'node:https';
import { text } from 'node:stream/consumers';

export interface Question {
  readonly method?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: Uint8Array | string;
  /** Keeps connections; without one each request takes its own. */
  readonly agent?: Agent;
  /** The client's own address: all of 127.0.0.0/8 are this machine. */
  readonly from?: string;
}

export interface Reply {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
}

/** What `/whoami` says. */
export interface WhoAmI {
  readonly instance: string;
  readonly peer: string;
  readonly client: string;
  readonly scheme: string;
  readonly host: string;
  readonly server: string;
  readonly path: string;
}

/** Resolves when the head of the answer is there. */
export async function open(url: string, question: Question = {}): Promise<IncomingMessage> {
  const { body, agent, from } = question;
  const send = url.startsWith('https:') ? httpsRequest : httpRequest;
  const request = send(url, {
    method: question.method ?? 'GET',
    headers: question.headers ?? {},
    agent: agent ?? false,
    ...(from === undefined ? {} : { localAddress: from }),
    // The certificate of a test is its own.
    ...(send === httpsRequest ? { rejectUnauthorized: false } : {}),
    signal: AbortSignal.timeout(30_000),
  });
  request.end(body);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  return response;
}

export async function ask(url: string, question: Question = {}): Promise<Reply> {
  const response = await open(url, question);
  return { status: response.statusCode as number, headers: response.headers, text: await text(response) };
}

export async function whoAmI(origin: string, question: Question = {}): Promise<WhoAmI> {
  const reply = await ask(`${origin}/whoami`, question);
  if (reply.status !== 200) throw new Error(`${reply.status}: ${reply.text}`);
  return JSON.parse(reply.text) as WhoAmI;
}
