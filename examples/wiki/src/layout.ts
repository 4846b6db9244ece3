// The frame of all pages: their headers, their style, and where one can go from there.

import type { Headers } from '@fapws/core';
import { type Html, html } from '@fapws/forms';
import { tokenOf, type Visitor } from './visitor.ts';

export const pageHeaders: Headers = [
  ['Content-Type', 'text/html; charset=utf-8'],
  // There is no script at all, and pictures are the wiki's own.
  [
    'Content-Security-Policy',
    "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  ],
  ['X-Content-Type-Options', 'nosniff'],
  ['Referrer-Policy', 'same-origin'],
];

export function layout(title: string, visitor: Visitor, body: Html): Html {
  const { user } = visitor;
  return html`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${title} · Wiki</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/assets/style.css">
<header>
<nav><a href="/">Wiki</a> <a href="/pages">All pages</a> <a href="/pictures">Pictures</a></nav>
${
  user === undefined
    ? html`<nav><a href="/login">Log in</a></nav>`
    : html`<form action="/logout" method="post">${user} ${hiddenToken(visitor)}<button>Log out</button></form>`
}
</header>
<main>
<h1>${title}</h1>
${body}
</main>
</html>
`;
}

/** What every form of ours has in it; see `submitted`. */
export function hiddenToken(visitor: Visitor): Html {
  return html`<input type="hidden" name="token" value="${tokenOf(visitor)}">`;
}
