// The page that lists a directory.

import { createHash } from 'node:crypto';
import type { Dirent } from 'node:fs';
import { opendir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Headers } from '@fapws/core';
import type { Opener } from './opening.ts';
import type { Settings } from './options.ts';
import { examine, Hidden, Unusable } from './request-path.ts';

/** Names on a page at most: looking at each of them costs, and nobody reads more. */
const MOST_NAMES = 1000;
/** Looks at once. */
const AT_ONCE = 8;

interface Item {
  readonly name: string;
  readonly isDirectory: boolean;
  readonly size: number;
  readonly modified: Date;
}

interface Contents {
  readonly items: readonly Item[];
  /** Whether there are more than are shown. */
  readonly more: boolean;
}

/**
 * What a directory shows.
 * @param path under the root, with a slash at its end
 * @param name for the file system
 */
export async function contentsOf(
  path: string,
  name: string,
  opener: Opener,
  settings: Settings,
): Promise<Contents> {
  const entries: Dirent[] = [];
  let more = false;
  for await (const entry of await opendir(name)) {
    if (!isShown(entry, settings)) continue;
    more = entries.length === MOST_NAMES;
    if (more) break;
    entries.push(entry);
  }
  const items: Item[] = [];
  const next = entries.values();
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (const entry of next) {
        const item = await itemOf(path, name, entry, opener);
        if (item !== undefined) items.push(item);
      }
    }),
  );
  const byName = new Intl.Collator('en', { numeric: true });
  items.sort((a, b) => Number(b.isDirectory) - Number(a.isDirectory) || byName.compare(a.name, b.name));
  return { items, more };
}

/** Whether a name can be asked for. */
function isShown(entry: Dirent, { dotfiles, symlinks }: Settings): boolean {
  const { name } = entry;
  const examined = examine(`/directory/${name}`, process.platform);
  if (examined === Unusable || (examined === Hidden && dotfiles !== 'allow')) return false;
  // A name that is not UTF-8 can't be asked for.
  if (name.includes('\ufffd')) return false;
  return entry.isFile() || entry.isDirectory() || (entry.isSymbolicLink() && symlinks !== 'none');
}

async function itemOf(
  path: string,
  directory: string,
  entry: Dirent,
  opener: Opener,
): Promise<Item | undefined> {
  const { name } = entry;
  try {
    // Where a link leads is known only when it was opened.
    if (entry.isSymbolicLink() && !(await opener.leadsSomewhere(path + name))) return undefined;
    const stats = await stat(join(directory, name));
    return { name, isDirectory: stats.isDirectory(), size: stats.size, modified: stats.mtime };
  } catch {
    // It is gone.
    return undefined;
  }
}

const style = `
:root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 14%, transparent); }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.25rem; overflow-wrap: anywhere; }
table { width: 100%; border-collapse: collapse; }
th { font-weight: 500; text-align: left; opacity: .65; }
th, td { padding: .4rem .5rem; border-bottom: 1px solid var(--line); }
td:first-child { overflow-wrap: anywhere; width: 100%; }
.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
a { text-decoration: none; } a:hover { text-decoration: underline; }
tbody tr:hover { background: var(--line); }
@media (max-width: 40rem) { .date { display: none; } }
`;
const styleHash = createHash('sha256').update(style).digest('base64');

export const listingHeaders: Headers = [
  ['Content-Type', 'text/html; charset=utf-8'],
  ['Cache-Control', 'no-cache'],
  [
    'Content-Security-Policy',
    `default-src 'none'; style-src 'sha256-${styleHash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  ],
  ['X-Content-Type-Options', 'nosniff'],
];

/** @param path of the directory as its visitor sees it */
export function listingPage(path: string, isRoot: boolean, { items, more }: Contents): string {
  const title = escaped(path);
  const rows = items.map(({ name, isDirectory, size, modified }) => {
    const slash = isDirectory ? '/' : '';
    // `./` in front: a name with a colon is no scheme.
    const link = `<a href="./${encodeURIComponent(name)}${slash}"><bdi>${escaped(name)}</bdi>${slash}</a>`;
    const date = modified.toISOString();
    return `<tr><td>${link}</td><td class="number">${isDirectory ? '' : sizeOf(size)}</td><td class="number date"><time datetime="${date}">${date.slice(0, 16).replace('T', ' ')}</time></td></tr>`;
  });
  const parent = isRoot ? '' : '<tr><td><a href="../">../</a></td><td></td><td class="date"></td></tr>\n';
  const note = more
    ? `<p>Only ${MOST_NAMES.toLocaleString('en')} names are shown.</p>\n`
    : items.length === 0
      ? '<p>There is nothing here.</p>\n'
      : '';
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${title}</title>
<style>${style}</style>
<h1><bdi>${title}</bdi></h1>
<table>
<thead><tr><th scope="col">Name</th><th scope="col" class="number">Size</th><th scope="col" class="number date">Changed, UTC</th></tr></thead>
<tbody>
${parent}${rows.join('\n')}
</tbody>
</table>
${note}`;
}

function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`);
}

function sizeOf(octets: number): string {
  if (octets < 1024) return `${octets} B`;
  let size = octets;
  let unit = 0;
  for (; size >= 1024 && unit < 5; unit += 1) size /= 1024;
  return `${size < 10 ? size.toFixed(1) : Math.round(size)} ${['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'][unit]}`;
}
