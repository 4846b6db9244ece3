// Passes a request on to another process of this user, which sees it as if it had come to itself: with the addresses of its
// connection in a field that only these processes can write.

import { request } from 'node:http';
import { pipeline } from 'node:stream';
import type { Environ, Headers, Result, StartResponse } from '@fapws/core';

/** What only the processes of one supervisor know. */
export interface Handover {
  /** A folder that is this user's alone. */
  readonly folder: string;
  readonly secret: string;
}

/** Where a process listens for what others hand over. */
export function socketOf({ folder }: Handover, pid: number): string {
  return `${folder}/${pid}.sock`;
}

const FIELD = 'Fapws-Handed-Over';
const KEY = 'HTTP_FAPWS_HANDED_OVER';

/** What belongs to the connection that the request has come by. */
const ofConnection = ['REMOTE_ADDR', 'REMOTE_PORT', 'SERVER_NAME', 'SERVER_PORT'] as const;

type Claim = Readonly<Partial<Record<(typeof ofConnection)[number], string>>>;

/** The connection that a request has come by at the process that has handed it over; null if it has come by itself. */
export function claimOf(environ: Environ, { secret }: Handover): Claim | null {
  const field = environ[KEY];
  if (typeof field !== 'string' || !field.startsWith(`${secret} `)) return null;
  delete environ[KEY];
  return JSON.parse(Buffer.from(field.slice(secret.length + 1), 'base64url').toString()) as Claim;
}

/** The field for a request that is handed over. */
export function askedOf(environ: Environ, { secret }: Handover): string {
  const claim = Object.fromEntries(ofConnection.map(key => [key, environ[key]]));
  return `${secret} ${Buffer.from(JSON.stringify(claim)).toString('base64url')}`;
}

/** Fields that are about one connection, or that are said anew. */
const notPassed = /^(connection|keep-alive|transfer-encoding|expect|te|upgrade|proxy-connection)$/i;

export function pass(
  environ: Environ,
  startResponse: StartResponse,
  socketPath: string,
  field: string,
): Promise<Result> {
  return new Promise((resolve, reject) => {
    const outgoing = request({
      socketPath,
      method: environ.REQUEST_METHOD,
      path: environ.REQUEST_URI,
      headers: [...fieldsOf(environ), FIELD, field],
      signal: environ['fapws.signal'],
    });
    outgoing.on('error', reject);
    outgoing.on('response', answer => {
      const headers: [string, string][] = [];
      for (let at = 0; at < answer.rawHeaders.length; at += 2) {
        const name = answer.rawHeaders[at] as string;
        if (!notPassed.test(name)) headers.push([name, answer.rawHeaders[at + 1] as string]);
      }
      startResponse(`${answer.statusCode} ${answer.statusMessage || 'OK'}`, headers satisfies Headers);
      resolve(answer);
    });
    // A failure of either end is told by the request's own error.
    pipeline(environ['wsgi.input'], outgoing, () => {});
  });
}

function fieldsOf(environ: Environ): string[] {
  const lines = String(environ['fapws.raw_header']).split('\r\n').slice(1);
  const fields: string[] = [];
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon);
    if (colon > 0 && !notPassed.test(name)) fields.push(name, line.slice(colon + 1).trim());
  }
  if (environ.CONTENT_LENGTH === undefined && environ['HTTP_TRANSFER_ENCODING'] !== undefined) {
    fields.push('Transfer-Encoding', 'chunked');
  }
  return fields;
}
