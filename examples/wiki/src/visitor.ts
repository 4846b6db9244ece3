// Who is asking: the session of a request, and the forms that it sends.

import { randomBytes } from 'node:crypto';
import type { Application, Environ, Result, StartResponse } from '@fapws/core';
import { type Form, type ReadFormOptions, readForm, redirect } from '@fapws/forms';
import { sessionOf } from '@fapws/sessions';

interface SessionData {
  user: string;
  /** In every form that this visitor is shown, and unknown to pages of other sites. */
  token: string;
}

/** What is known of a visitor; nothing, until there is something to remember. */
export type Visitor = Partial<SessionData>;

export function visitorOf(environ: Environ<unknown>): Promise<Visitor> {
  return sessionOf<SessionData>(environ).load();
}

/** For a form's hidden field. */
export function tokenOf(visitor: Visitor): string {
  visitor.token ??= randomBytes(18).toString('base64url');
  return visitor.token;
}

type WithForm<P> = (
  environ: Environ<P>,
  startResponse: StartResponse,
  form: Form,
  visitor: Visitor,
) => Result | Promise<Result>;

/** A callback for a form of a page of ours: one of another site does not have the token. */
export function submitted<P = Record<string, string>>(
  handle: WithForm<P>,
  options: ReadFormOptions = {},
): Application<Environ<P>> {
  return async (environ, startResponse) => {
    const form = await readForm(environ as Environ, options);
    const visitor = await visitorOf(environ);
    if (visitor.token === undefined || form.get('token') !== visitor.token) {
      startResponse('403 Forbidden', [['Content-Type', 'text/plain; charset=utf-8']]);
      return 'This form is too old. Go back, reload the page, and send it again.\n';
    }
    return handle(environ, startResponse, form, visitor);
  };
}

/** As {@link submitted}, for those who are logged in; others are asked to. */
export function submittedByUser<P = Record<string, string>>(
  handle: (...args: [...Parameters<WithForm<P>>, user: string]) => Result | Promise<Result>,
  options: ReadFormOptions = {},
): Application<Environ<P>> {
  return submitted<P>((environ, startResponse, form, visitor) => {
    if (visitor.user === undefined) return redirect(startResponse, '/login');
    return handle(environ, startResponse, form, visitor, visitor.user);
  }, options);
}
