// The middleware: puts a session into the environ, and sees to it that it is stored before the answer leaves.

import type { Application, Environ, Middleware } from '@fapws/core';
import { Answering } from './answering.ts';
import { SessionError } from './errors.ts';
import { type SessionsOptions, settingsOf } from './options.ts';
import { RequestSession, type Session } from './session.ts';

const key = 'fapws.session';

/**
 * Gives each request a session, `environ['fapws.session']` or, typed, `sessionOf(environ)`: a random id in a cookie, the data
 * in a store of the server's.
 *
 * @throws {TypeError} {RangeError} for an option that can't be
 */
export function sessions(options: SessionsOptions = {}): Middleware {
  const settings = settingsOf(options);
  return (application: Application): Application =>
    (environ, startResponse) => {
      const answering = new Answering(environ, startResponse);
      const session = new RequestSession(settings, environ, () => answering.isHeadOut);
      environ[key] = session;
      return answering.run(application, session);
    };
}

/**
 * The session of a request.
 * @throws {SessionError} FAPWS_SESSION_MISSING if no `sessions()` middleware is around the application
 */
export function sessionOf<Data extends object = Record<string, unknown>>(
  environ: Environ<unknown>,
): Session<Data> {
  const session = environ[key];
  if (session !== undefined) return session as Session<Data>;
  throw new SessionError(
    'FAPWS_SESSION_MISSING',
    'This request has no session. Put the middleware around the application: server.use(sessions()).',
  );
}
