// From what people write to HTML. Whatever they write: no tag but those that are here, and no link that runs a script.
//
//   # A heading        - an item        **strong**        [[Another page]]        ![What it shows](picture.png)
//   https://…          an empty line begins a paragraph

import { type Html, html } from '@fapws/forms';
import { pageNamePattern, pagePath, picturePattern } from './names.ts';

/** @param exists says whether there is such a page: links to others look like an invitation */
export function render(text: string, exists: (page: string) => boolean): Html[] {
  return text
    .replaceAll('\r\n', '\n')
    .split(/\n{2,}/)
    .map(block => block.trim())
    .filter(block => block !== '')
    .map(block => renderBlock(block, exists));
}

function renderBlock(block: string, exists: (page: string) => boolean): Html {
  const lines = block.split('\n');
  if (block.startsWith('# ') && lines.length === 1) return html`<h2>${inline(block.slice(2), exists)}</h2>\n`;
  if (lines.every(line => line.startsWith('- ')))
    return html`<ul>${lines.map(line => html`<li>${inline(line.slice(2), exists)}</li>`)}</ul>\n`;
  return html`<p>${inline(block, exists)}</p>\n`;
}

const token =
  /\[\[([^\][\n]+)\]\]|!\[([^\][\n]*)\]\(([^()\s]+)\)|\*\*([^*\n]+)\*\*|(https?:\/\/[^\s<>"')\]]+)/g;

function inline(text: string, exists: (page: string) => boolean): (string | Html)[] {
  const parts: (string | Html)[] = [];
  let end = 0;
  for (const found of text.matchAll(token)) {
    const [all, page, shows, picture, strong, url] = found;
    parts.push(text.slice(end, found.index), element() ?? all);
    end = found.index + all.length;

    function element(): Html | undefined {
      if (page !== undefined && pageNamePattern.test(page))
        return html`<a href="${pagePath(page)}"${exists(page) ? null : html` class="new"`}>${page}</a>`;
      if (picture !== undefined && picturePattern.test(picture))
        return html`<img src="/pictures/${picture}" alt="${shows}" loading="lazy">`;
      if (strong !== undefined) return html`<strong>${strong}</strong>`;
      if (url !== undefined) return html`<a href="${url}" rel="nofollow">${url}</a>`;
      return undefined;
    }
  }
  parts.push(text.slice(end));
  return parts;
}
