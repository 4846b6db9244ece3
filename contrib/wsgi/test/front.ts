// A server with a Python application behind it, and a client that sees every octet.

import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type BaseOptions, type Server, type ServerOptions, start, type TcpAddress } from '@fapws/core';
import { installed } from '@fapws/testing';
import {
  type PythonApplication,
  type PythonOptions,
  pythonApp,
  type WorkerExitedEvent,
} from '../src/index.ts';

export const hasPython: boolean = installed('python3');

/** Milliseconds that end a test which would hang. */
const LATE = 20_000;

export interface Answer {
  /** Without the version. */
  readonly status: string;
  readonly head: string;
  /** As latin-1, without chunks. */
  readonly body: string;
  /** Whether the answer ended before its own framing says so. */
  readonly cut: boolean;
  /** Interim answers. */
  readonly interim: string[];
}

export interface Asked {
  readonly method?: string;
  readonly headers?: readonly string[];
  readonly body?: string;
  readonly version?: string;
}

export class Front {
  readonly app: PythonApplication;
  readonly server: Server;
  /** All that was logged. */
  log = '';
  /** Processes that have ended. */
  readonly exited: WorkerExitedEvent[] = [];
  readonly #news: (() => void)[] = [];
  readonly #onExited = (message: unknown): void => {
    const event = message as WorkerExitedEvent;
    // Tests that run at the same time hear of each other's processes.
    if (this.app.status().workers.some(({ pid }) => pid === event.pid)) this.exited.push(event);
  };

  private constructor(application: string, options: PythonOptions, base: BaseOptions, limits: ServerOptions) {
    const errors = {
      write: (text: string): void => {
        this.log += text;
        for (const tell of this.#news) tell();
      },
      writelines: (): void => {},
      flush: (): void => {},
    };
    subscribe('fapws:wsgi.worker.exited', this.#onExited);
    this.server = start('127.0.0.1', 0, limits);
    this.server.base({ errors, ...base });
    this.app = pythonApp(application, {
      chdir: `${import.meta.dirname}/applications`,
      errors,
      // What a test has left hanging must not keep it from ending.
      gracefulTimeout: 2,
      ...options,
    });
    this.server.mount('/', this.app);
  }

  static async open(
    application: string,
    options: PythonOptions = {},
    base: BaseOptions = {},
    limits: ServerOptions = {},
  ): Promise<Front> {
    const front = new Front(application, options, base, limits);
    await front.server.listen();
    return front;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.stop({ graceMs: 0 });
    await this.app.close();
    unsubscribe('fapws:wsgi.worker.exited', this.#onExited);
  }

  /** Requests that are at a process or wait for one. */
  get underWay(): number {
    const { workers, queue } = this.app.status();
    return workers.reduce((sum, { inFlight }) => sum + inFlight, queue.length);
  }

  /** Lets it find out that the application is quick, until its process may have so many requests at a time. */
  async beQuick(target: string, capacity: number): Promise<void> {
    await this.app.ready;
    await this.until(async () => {
      await this.ask(target);
      return (this.app.status().workers[0]?.capacity ?? 0) >= capacity;
    });
  }

  /** Waits until so many processes have ended. */
  async exits(count = 1): Promise<WorkerExitedEvent> {
    await this.until(() => this.exited.length >= count);
    return this.exited[count - 1] as WorkerExitedEvent;
  }

  /** Waits until the log has a pattern. */
  async logs(pattern: RegExp): Promise<void> {
    const late = Date.now() + LATE;
    while (!pattern.test(this.log)) {
      const news = new Promise<void>(resolve => this.#news.push(resolve));
      await bounded(news, late - Date.now(), `${pattern} was not logged, but:\n${this.log}`);
      this.#news.length = 0;
    }
  }

  async connect(): Promise<Socket> {
    const socket = connect((this.server.addresses[0] as TcpAddress).port, '127.0.0.1');
    // A reset is an end too; what came before it counts.
    socket.on('error', () => {});
    await once(socket, 'connect');
    return socket;
  }

  /** Sends one request on a connection of its own and reads to its end. */
  async ask(target: string, asked: Asked = {}): Promise<Answer> {
    const socket = await this.connect();
    socket.write(requestOf(target, asked), 'latin1');
    return answerOf(await received(socket), asked.method ?? 'GET');
  }

  async json(target: string, asked: Asked = {}): Promise<unknown> {
    const answer = await this.ask(target, asked);
    return JSON.parse(answer.body);
  }

  /** Asks until the answer is the one expected. */
  async untilJson(target: string, expected: unknown): Promise<void> {
    let last: unknown;
    await this.until(async () => {
      last = await this.json(target);
      return JSON.stringify(last) === JSON.stringify(expected);
    });
  }

  /** Lets the loop turn until something is so. */
  async until(condition: () => boolean | Promise<boolean>): Promise<void> {
    const late = Date.now() + LATE;
    while (!(await condition())) {
      if (Date.now() > late) throw new Error(`late: ${condition}`);
      await new Promise(resolve => setImmediate(resolve));
    }
  }
}

export function requestOf(
  target: string,
  { method = 'GET', headers = [], body, version = '1.1' }: Asked = {},
): string {
  const lines = ['Host: test', 'Connection: close', ...headers];
  if (body !== undefined && !lines.some(line => /^(content-length|transfer-encoding):/i.test(line))) {
    lines.push(`Content-Length: ${body.length}`);
  }
  return `${method} ${target} HTTP/${version}\r\n${lines.join('\r\n')}\r\n\r\n${body ?? ''}`;
}

/** All that arrives until the other end closes. */
export async function received(socket: Socket): Promise<string> {
  let octets = '';
  socket.setEncoding('latin1').on('data', (text: string) => {
    octets += text;
  });
  // Not `once` of node:events, for which a reset is a failure.
  const closed = new Promise(resolve => socket.once('close', resolve));
  await bounded(closed, LATE, 'the connection was not closed');
  return octets;
}

/** Waits until a pattern has arrived. */
export async function arrives(socket: Socket, pattern: RegExp): Promise<string> {
  let octets = '';
  const found = new Promise<void>((resolve, reject) => {
    socket.setEncoding('latin1').on('data', (text: string) => {
      octets += text;
      if (pattern.test(octets)) resolve();
    });
    socket.on('close', () => reject(new Error(`closed before ${pattern}: ${octets}`)));
  });
  await bounded(found, LATE, `${pattern} did not arrive`);
  return octets;
}

export async function bounded<T>(promise: Promise<T>, milliseconds: number, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`late: ${what}`)), milliseconds);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

export function answerOf(octets: string, method = 'GET'): Answer {
  const interim: string[] = [];
  let rest = octets;
  let head = '';
  for (;;) {
    const end = rest.indexOf('\r\n\r\n');
    if (end === -1) throw new Error(`This is no answer: ${JSON.stringify(octets)}`);
    head = rest.slice(0, end);
    rest = rest.slice(end + 4);
    if (!head.startsWith('HTTP/1.1 1')) break;
    interim.push(head);
  }
  const status = head.slice('HTTP/1.1 '.length).split('\r\n')[0] as string;
  const length = /^content-length: (\d+)$/im.exec(head)?.[1];
  if (method === 'HEAD' || /^(204|304)/.test(status))
    return { status, head, body: rest, cut: false, interim };
  if (!/^transfer-encoding: chunked$/im.test(head)) {
    return { status, head, body: rest, cut: length !== undefined && rest.length < Number(length), interim };
  }
  let body = '';
  for (;;) {
    const line = rest.indexOf('\r\n');
    const size = line === -1 ? Number.NaN : Number.parseInt(rest.slice(0, line), 16);
    if (Number.isNaN(size)) return { status, head, body, cut: true, interim };
    if (size === 0) return { status, head, body, cut: false, interim };
    body += rest.slice(line + 2, line + 2 + size);
    rest = rest.slice(line + 2 + size + 2);
  }
}
