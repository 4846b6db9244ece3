// Logging in and out, and new accounts.

import type { Application, Environ, Result, StartResponse } from '@fapws/core';
import { type Form, html, isLocalLocation, readQuery, redirect } from '@fapws/forms';
import { sessionOf } from '@fapws/sessions';
import type { Database } from './database.ts';
import { hiddenToken, layout, pageHeaders } from './layout.ts';
import { isBusy, isRight, stored } from './passwords.ts';
import { submitted, type Visitor, visitorOf } from './visitor.ts';

const formOptions = { limits: { fields: 4, field: 1000, files: 0 } };
const SHORTEST = 10;

export class Accounts {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  readonly page: Application = async (environ, startResponse) => {
    startResponse('200 OK', pageHeaders);
    return loginPage(await visitorOf(environ), readQuery(environ).get('next'));
  };

  readonly login: Application = submitted(async (_environ, startResponse, form, visitor) => {
    if (isBusy()) return busy(startResponse);
    const name = form.get('name') ?? '';
    if (!(await isRight(form.get('password') ?? '', this.#database.passwordOf(name))))
      return wrong(startResponse, form, visitor, 'No account has this name and this password.');
    return enter(startResponse, form, visitor, name);
  }, formOptions);

  readonly register: Application = submitted(async (_environ, startResponse, form, visitor) => {
    if (isBusy()) return busy(startResponse);
    const name = form.get('name') ?? '';
    const password = form.get('password') ?? '';
    if (!/^[a-z][a-z0-9-]{1,29}$/.test(name))
      return wrong(startResponse, form, visitor, 'A name has 2 to 30 letters a to z, digits and dashes.');
    if (password.length < SHORTEST)
      return wrong(startResponse, form, visitor, `A password has ${SHORTEST} characters or more.`);
    if (!this.#database.addAccount(name, await stored(password)))
      return wrong(startResponse, form, visitor, 'Somebody has this name already.');
    return enter(startResponse, form, visitor, name);
  }, formOptions);

  readonly logout: Application = submitted((environ, startResponse) => {
    sessionOf(environ as Environ).destroy();
    return redirect(startResponse, '/');
  }, formOptions);
}

/** The session gets a new id by itself when its user changes. */
function enter(startResponse: StartResponse, form: Form, visitor: Visitor, user: string): Result {
  visitor.user = user;
  const next = form.get('next');
  // Anybody can make a link with a `next` of their own.
  return redirect(startResponse, isLocalLocation(next) ? next : '/');
}

function wrong(startResponse: StartResponse, form: Form, visitor: Visitor, why: string): Result {
  startResponse('422 Unprocessable Content', pageHeaders);
  return loginPage(visitor, form.get('next'), form.get('name'), why);
}

function busy(startResponse: StartResponse): Result {
  startResponse('503 Service Unavailable', [
    ['Content-Type', 'text/plain'],
    ['Retry-After', '1'],
  ]);
  return 'Too many are logging in. Try again in a moment.\n';
}

function loginPage(visitor: Visitor, next: string | undefined, name?: string, why?: string): Result {
  return layout(
    'Log in',
    visitor,
    html`${why === undefined ? null : html`<p role="alert">${why}</p>`}
<form action="/login" method="post">
${hiddenToken(visitor)}<input type="hidden" name="next" value="${next}">
<label>Name <input name="name" value="${name}" autocomplete="username" maxlength="30" required></label>
<label>Password <input type="password" name="password" autocomplete="current-password" required></label>
<p><button>Log in</button> <button formaction="/register">Make an account</button></p>
</form>`,
  );
}
