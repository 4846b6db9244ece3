import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { blocksOf, brokenLinksOf, localLinksOf } from '../src/index.ts';

const page = `A [file](there.md), [another](gone.md#part), [a site](https://example.org/), [a part](#part), \`[no](code)\`.

\`\`\`ts
const list = [first](second);
\`\`\`

\`\`\`
plain
\`\`\`
`;

test('blocks have their language and text', () => {
  expect(blocksOf(page)).toEqual([
    { language: 'ts', text: 'const list = [first](second);\n' },
    { language: '', text: 'plain\n' },
  ]);
});

test('links in prose are links, brackets in code are not', () => {
  expect(localLinksOf(page)).toEqual(['there.md', 'gone.md#part']);
});

test('a link is broken when its file is not there', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fapws-links-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'there.md'), page);
  expect(brokenLinksOf(join(folder, 'there.md'))).toEqual(['gone.md#part']);
});
