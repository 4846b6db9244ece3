// A form with rules. What is wrong is said beside its field, and nothing has to be typed again; what is right ends with a
// redirect, so that reloading the page does not send the form once more.

import type { Application } from '@fapws/core';
import { type Fields, type Html, html, readForm, redirect } from '@fapws/forms';
import { page, pageHeaders } from './page.ts';

const meals = ['soup', 'salad', 'cake'];

/** A few short fields; anything larger is no form of ours. */
const options = { limits: { fields: 10, field: 200, files: 0 } };

type Problems = Partial<Record<'name' | 'guests' | 'meal', string>>;

function problemsOf(form: Fields): Problems {
  const problems: Problems = {};
  if (!form.get('name')?.trim()) problems.name = 'Who are you?';
  if (!/^[1-8]$/.test(form.get('guests') ?? '')) problems.guests = 'From one to eight.';
  const chosen = form.getAll('meal');
  if (chosen.length === 0 || chosen.some(meal => !meals.includes(meal))) problems.meal = 'Choose from these.';
  return problems;
}

/** @param form what was sent before, if anything was */
export function bookingForm(form?: Fields, problems: Problems = {}): Html {
  const problem = (name: keyof Problems): Html | null =>
    problems[name] === undefined ? null : html`<strong role="alert">${problems[name]}</strong>`;
  return html`<form action="/booking" method="post">
<label>Your name <input name="name" value="${form?.get('name')}" maxlength="100"></label> ${problem('name')}
<label>Guests <input name="guests" value="${form?.get('guests') ?? 2}" inputmode="numeric" size="3"></label> ${problem('guests')}
<fieldset><legend>Meals</legend>${meals.map(
    meal =>
      html`<label><input type="checkbox" name="meal" value="${meal}"${form?.getAll('meal').includes(meal) ? html` checked` : null}> ${meal}</label>`,
  )}</fieldset> ${problem('meal')}
<button>Book a table</button>
</form>`;
}

export const book: Application = async (environ, startResponse) => {
  const form = await readForm(environ, options);
  const problems = problemsOf(form);
  if (Object.keys(problems).length > 0) {
    startResponse('422 Unprocessable Content', pageHeaders);
    return page('Almost', bookingForm(form, problems));
  }
  const meal = form.getAll('meal').join(' and ');
  const words = `${form.get('name')?.trim()}: a table for ${form.get('guests')}, with ${meal}`;
  return redirect(startResponse, `/?booked=${encodeURIComponent(words)}`);
};
