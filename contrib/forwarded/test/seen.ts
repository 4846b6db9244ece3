// What an application behind the middleware sees of a request: shared by the tests.

import { type Application, type CallResponse, call, type Environ, type Headers } from '@fapws/core';
import { type ForwardedOptions, forwarded } from '../src/index.ts';

/** Keys that the middleware may change. */
export interface Seen {
  readonly address: string;
  readonly port: string;
  readonly scheme: string;
  readonly host: string | undefined;
  readonly serverName: string;
  readonly serverPort: string;
  readonly script: string;
  readonly peer: unknown;
  /** What claims are left, as keys of the environ. */
  readonly claims: Record<string, unknown>;
  /** Names of header lines, in lower case. */
  readonly lines: readonly string[];
}

const claim = /^HTTP_(FORWARDED|X_FORWARDED.*|.*(IP|USER).*)$/;

export function seenIn(environ: Environ): Seen {
  return {
    address: environ.REMOTE_ADDR,
    port: environ.REMOTE_PORT,
    scheme: environ['wsgi.url_scheme'],
    host: environ.HTTP_HOST,
    serverName: environ.SERVER_NAME,
    serverPort: environ.SERVER_PORT,
    script: environ.SCRIPT_NAME,
    peer: environ['forwarded.peer'],
    claims: Object.fromEntries(Object.entries(environ).filter(([key]) => claim.test(key))),
    lines: environ['fapws.headers'].map(([name]) => name.toLowerCase()),
  };
}

/** Answers with what it sees. */
export const tell: Application = (environ, startResponse) => {
  startResponse('200 OK', [['Content-Type', 'application/json']]);
  return JSON.stringify(seenIn(environ));
};

export const proxy = '10.0.0.1';

/** What the middleware makes of a request from `remote`. */
export function ask(
  options: ForwardedOptions,
  headers: Headers | Readonly<Record<string, string>>,
  remote: string = proxy,
): Promise<CallResponse> {
  return call(forwarded(options)(tell), {
    headers,
    remote: { address: remote, port: remote === '' ? 0 : 4711 },
  });
}

/** The same, for a request that is not refused. */
export async function see(...request: Parameters<typeof ask>): Promise<Seen> {
  const response = await ask(...request);
  if (response.statusCode !== 200) throw new Error(`refused: ${response.text()}`);
  return response.json() as Seen;
}

/** The same, for one that is: the page's sentence. */
export async function refusal(...request: Parameters<typeof ask>): Promise<string> {
  const response = await ask(...request);
  const [status, detail = ''] = response.text().split('\n');
  if (response.status !== '400 Bad Request' || status !== response.status) {
    throw new Error(`not refused: ${response.text()}`);
  }
  return detail;
}
