// The frame of all pages. `html` escapes whatever is put into it, unless it is Html itself.

import type { Headers } from '@fapws/core';
import { type Html, html } from '@fapws/forms';

export const pageHeaders: Headers = [
  ['Content-Type', 'text/html; charset=utf-8'],
  ['Cache-Control', 'no-store'],
  [
    'Content-Security-Policy',
    "default-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  ],
  ['X-Content-Type-Options', 'nosniff'],
];

export function page(title: string, body: Html): Html {
  return html`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${title}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/style.css">
<h1>${title}</h1>
${body}
</html>
`;
}
