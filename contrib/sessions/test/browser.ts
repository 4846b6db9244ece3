// A client with a cookie jar, on an application without sockets: shared by the tests.

import {
  type Application,
  type CallRequest,
  type CallResponse,
  call,
  type Environ,
  type ErrorStream,
} from '@fapws/core';
import { type Session, type SessionStore, type SessionsOptions, sessionOf, sessions } from '../src/index.ts';

/** What the tests keep in sessions. */
export interface Data {
  user: string;
  visits: number;
  list: string[];
}

/** Answers with JSON what `act` does with the session. */
export function app(act: (session: Session<Data>, environ: Environ) => unknown): Application {
  return async (environ, startResponse) => {
    const answer = await act(sessionOf<Data>(environ), environ);
    startResponse('200 OK', [['Content-Type', 'application/json']]);
    return JSON.stringify(answer ?? null);
  };
}

/** Counts its visits, and answers with their number. */
export const visit = app(async session => {
  const data = await session.load();
  data.visits = (data.visits ?? 0) + 1;
  return data.visits;
});

/** Keeps cookies as far as these tests need it: by name, and until they are deleted. */
export class Browser {
  readonly cookies = new Map<string, string>();
  /** The Set-Cookie lines of the last answer. */
  lines: string[] = [];
  readonly options: SessionsOptions;
  readonly log: string[] = [];

  constructor(options: SessionsOptions = {}) {
    // Middlewares that are made anew share the sessions, as processes share a store.
    this.options = { store: new RecordingStore(), ...options };
  }

  /** Another one, of the same server, with the same cookies. */
  clone(): Browser {
    const clone = new Browser(this.options);
    for (const [name, value] of this.cookies) clone.cookies.set(name, value);
    return clone;
  }

  get id(): string | undefined {
    return this.cookies.get('session');
  }

  get store(): RecordingStore {
    return this.options.store as RecordingStore;
  }

  /** Lets an application answer, behind the middleware. */
  async send(application: Application, request: CallRequest = {}): Promise<CallResponse> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const headers = { ...(cookie === '' ? {} : { Cookie: cookie }), ...(request.headers as object) };
    const errors: ErrorStream = {
      write: text => void this.log.push(text),
      writelines: texts => void this.log.push(...texts),
      flush: () => {},
    };
    const response = await call(sessions(this.options)(application), { ...request, headers }, { errors });
    this.lines = response.headers.flatMap(([name, value]) => (name === 'Set-Cookie' ? [value] : []));
    for (const line of this.lines) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line) as unknown as [string, string, string];
      if (line.includes('Max-Age=0')) this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    return response;
  }

  /** What `act` gives, as the client sees it. */
  async do(act: (session: Session<Data>, environ: Environ) => unknown): Promise<unknown> {
    const response = await this.send(app(act));
    if (response.statusCode !== 200) throw new Error(`${response.text()}${this.log.join('')}`);
    return response.json();
  }

  /** The data as it is stored. */
  data(): Promise<unknown> {
    return this.do(session => session.load());
  }
}

/** A store that remembers what it was asked; it takes a turn of the loop for everything, as databases do at least. */
export class RecordingStore implements SessionStore {
  readonly map = new Map<string, string>();
  readonly calls: string[] = [];
  readonly ttls: number[] = [];

  async get(key: string): Promise<string | undefined> {
    this.calls.push('get');
    await new Promise(resolve => setImmediate(resolve));
    return this.map.get(key);
  }

  async set(key: string, value: string, ttl: number): Promise<boolean> {
    this.calls.push('set');
    this.ttls.push(ttl);
    await new Promise(resolve => setImmediate(resolve));
    this.map.set(key, value);
    return true;
  }

  async delete(key: string): Promise<boolean> {
    this.calls.push('delete');
    await new Promise(resolve => setImmediate(resolve));
    return this.map.delete(key);
  }

  /** What was asked since the last time. */
  taken(): string[] {
    return this.calls.splice(0);
  }
}
