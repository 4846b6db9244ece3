// What the pages of this example have in common: escaping, the frame of a document, its style and its headers.

import { createHash } from 'node:crypto';
import type { Headers } from '@fapws/core';

/** Makes text of any origin harmless, in content and in quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`);
}

const style = `
:root {
  color-scheme: light dark;
  --ground: #f6f5f1; --card: #fffefb; --line: #dedbd1; --ink: #23221e; --quiet: #69665c; --accent: #0b6b53; --code: #efede5;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #161714; --card: #1f201c; --line: #35362f; --ink: #e9e7de; --quiet: #a09d90; --accent: #6fd3b4; --code: #2a2b26;
  }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 66rem; padding: 3rem 1.25rem 4rem; background: var(--ground); color: var(--ink);
  font: 1rem/1.55 system-ui, sans-serif; }
h1 { margin: 0 0 1.2rem; font-size: clamp(2.2rem, 7vw, 3.4rem); line-height: 1.05; letter-spacing: -0.035em; }
h1 + p { max-width: 38rem; font-size: 1.15rem; }
h2 { margin: 0; font-size: 1.1rem; letter-spacing: -0.01em; }
a { color: var(--accent); text-underline-offset: 0.2em; text-decoration-thickness: 0.08em; }
a:hover { text-decoration-thickness: 0.16em; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
code, pre, table { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; font-size: 0.85em; }
pre { margin: 0; padding: 0.55rem 0.7rem; border-radius: 0.4rem; background: var(--code); white-space: pre-wrap; overflow-wrap: anywhere; }
.brand { margin: 0 0 0.6rem; font-weight: 650; }
.brand a { text-decoration: none; }
.facts { color: var(--quiet); margin-bottom: 2.5rem; }
.cards { display: flex; flex-wrap: wrap; gap: 1rem; }
.card { flex: 1 1 19rem; min-width: 0; display: flex; flex-direction: column; gap: 0.7rem; padding: 1.15rem; background: var(--card);
  border: 1px solid var(--line); border-radius: 0.8rem; }
.card p, .card form { margin: 0; }
.card pre { margin-top: auto; font-size: 0.8em; }
.source { float: right; color: var(--quiet); font-size: 0.75rem; font-weight: 400; line-height: 2.2; }
form { display: flex; flex-wrap: wrap; gap: 0.5rem; align-items: center; }
input, button { font: inherit; color: inherit; min-width: 0; border: 1px solid var(--line); border-radius: 0.45rem; padding: 0.35rem 0.7rem;
  background: var(--ground); }
input { flex: 1 1 8rem; }
::file-selector-button { font: inherit; color: var(--accent); background: none; border: 0; padding: 0 0.6rem 0 0; cursor: pointer; }
button { border-color: var(--accent); background: none; color: var(--accent); cursor: pointer; }
button:hover { background: var(--accent); color: var(--card); }
progress { width: 100%; accent-color: var(--accent); }
output { display: block; min-height: 1.55em; color: var(--quiet); font-variant-numeric: tabular-nums; }
table { width: 100%; border-collapse: collapse; background: var(--card); }
th, td { padding: 0.4rem 0.7rem; border: 1px solid var(--line); text-align: left; vertical-align: top; overflow-wrap: anywhere; white-space: pre-wrap; }
th { width: 30%; font-weight: 600; }
`;

/** A whole document. @param body markup, in which everything of foreign origin is escaped already */
export function htmlDocument(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escapeHtml(title)} · Fapws</title>
<link rel="icon" href="data:,">
<style>${style}</style>
<p class="brand"><a href="/">Fapws</a></p>
<h1>${escapeHtml(title)}</h1>
${body}
</html>
`;
}

/** The Content-Security-Policy source of an inline style or script: this text and no other. */
function hashOf(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}

/**
 * The headers of a page which nothing foreign can be slipped into.
 * @param script its one inline script, if it has one
 */
export function pageHeaders(cacheControl: string, script?: string): Headers {
  const policy = [
    "default-src 'none'",
    `style-src ${hashOf(style)}`,
    'img-src data:',
    ...(script === undefined ? [] : [`script-src ${hashOf(script)}`, "connect-src 'self'"]),
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ];
  return [
    ['Content-Type', 'text/html; charset=utf-8'],
    ['Cache-Control', cacheControl],
    ['Content-Security-Policy', policy.join('; ')],
    ['Referrer-Policy', 'no-referrer'],
    ['X-Content-Type-Options', 'nosniff'],
  ];
}

/** For a page which shows what its visitor sent: no cache may keep it. */
export const privatePageHeaders: Headers = pageHeaders('no-store');
