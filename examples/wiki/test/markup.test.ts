// Markup: what it is for, and that whatever is written makes no tag but those that are meant.

import { html } from '@fapws/forms';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { render } from '../src/markup.ts';

const shown = (text: string): string => String(html`${render(text, page => page === 'There')}`);

test.each([
  ['# A heading', '<h2>A heading</h2>\n'],
  ['one\ntwo\n\nthree', '<p>one\ntwo</p>\n<p>three</p>\n'],
  ['one\r\n\r\ntwo', '<p>one</p>\n<p>two</p>\n'],
  ['- one\n- two', '<ul><li>one</li><li>two</li></ul>\n'],
  ['**strong** words', '<p><strong>strong</strong> words</p>\n'],
  ['[[There]]', '<p><a href="/pages/There">There</a></p>\n'],
  ['[[Not there]]', '<p><a href="/pages/Not%20there" class="new">Not there</a></p>\n'],
  ['[[../x]] [[<b>]]', '<p>[[../x]] [[&lt;b&gt;]]</p>\n'],
  [
    'see https://example.org/a?b=c&d',
    '<p>see <a href="https://example.org/a?b=c&amp;d" rel="nofollow">https://example.org/a?b=c&amp;d</a></p>\n',
  ],
  ['javascript:alert(1)', '<p>javascript:alert(1)</p>\n'],
  [
    `![A "cat"](${'0'.repeat(32)}.png)`,
    `<p><img src="/pictures/${'0'.repeat(32)}.png" alt="A &quot;cat&quot;" loading="lazy"></p>\n`,
  ],
  ['![x](https://elsewhere/x.png)', '<p>![x](https://elsewhere/x.png)</p>\n'],
  ['', ''],
])('%j', (text, expected) => {
  expect(shown(text)).toBe(expected);
});

test('whatever is written, there is no tag and no attribute but ours', () => {
  const pieces = fc.constantFrom(
    ...[
      '[[',
      ']]',
      '![',
      '](',
      ')',
      '**',
      '# ',
      '- ',
      '\n',
      '\n\n',
      '<',
      '>',
      '"',
      "'",
      '&',
      'https://',
      'There',
      'a',
      ' ',
    ],
    ...[`${'0'.repeat(32)}.png`, 'javascript:', ' onerror=', '<script>', '--', '%22'],
  );
  const ours =
    /<\/?(?:p|h2|ul|li|strong|a)>|<a href="\/pages\/[\w%.!'()*~-]*"(?: class="new")?>|<a href="https?:\/\/[^"<>]*" rel="nofollow">|<img src="\/pictures\/[0-9a-f]{32}\.png" alt="[^"<>]*" loading="lazy">/g;
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(pieces, { maxLength: 30 }).map(all => all.join('')),
      ),
      text => {
        expect(shown(text).replace(ours, '')).not.toMatch(/[<>"]/);
      },
    ),
    { numRuns: 3000 },
  );
});

test('long texts of opened brackets take no longer than others', () => {
  const began = performance.now();
  for (const piece of ['[[', '![', '**', '![a](', 'https://']) shown(piece.repeat(20_000));
  expect(performance.now() - began).toBeLessThan(5000);
});
