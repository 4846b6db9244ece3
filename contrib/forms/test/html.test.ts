// Text in pages.

import { type Application, call } from '@fapws/core';
import { expect, test } from 'vitest';
import { escapeHtml, html, unsafeHtml } from '../src/index.ts';

test('escapeHtml makes text of HTML', () => {
  expect(escapeHtml(`<a href="x" title='y'>&amp;</a>`)).toBe(
    '&lt;a href=&quot;x&quot; title=&#39;y&#39;&gt;&amp;amp;&lt;/a&gt;',
  );
  expect(escapeHtml('')).toBe('');
});

test('html escapes its values, and nothing twice', () => {
  const items = ['<b>', 'c'].map(item => html`<li title="${item}">${item}</li>`);
  const page = html`<ul>${items}</ul>${null}${undefined}${false}${true}${0}${1n}${unsafeHtml('<hr>')}${['<', [html`>`]]}`;
  expect(String(page)).toBe('<ul><li title="&lt;b&gt;">&lt;b&gt;</li><li title="c">c</li></ul>01<hr>&lt;>');
  expect(String(html``)).toBe('');
});

test('what is neither text nor HTML shows nothing', () => {
  const forged = { toString: () => '<script>' };
  expect(String(html`${forged as never}${(() => '<') as never}`)).toBe('');
});

test('a page is a result of an application, of a known length', async () => {
  const application: Application = (_environ, startResponse) => {
    startResponse('200 OK', [['Content-Type', 'text/html; charset=utf-8']]);
    return html`<p>${'é'}</p>`;
  };
  const response = await call(application);
  expect([response.text(), response.header('content-length')]).toEqual(['<p>é</p>', '9']);
});
