// The files that static servers serve: made once, the same for all of them.
import { mkdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Where they are. */
export const folder = join(tmpdir(), 'fapws-bench-files');

/** Octets by name. `files/` has as many of 1 KiB as a site may have. */
export const SIZES = { '1k.html': 1024, '100k.css': 102_400, '10m.bin': 10_485_760 };
export const MANY = 200;

const changed = new Date('2026-01-01T00:00:00Z');

/** Writes what is not there. */
export function makeFiles() {
  mkdirSync(join(folder, 'files'), { recursive: true });
  for (const [name, size] of Object.entries(SIZES)) make(name, size);
  for (let number = 0; number < MANY; number += 1) make(`files/${number}.html`, 1024);
}

function make(name, size) {
  const path = join(folder, name);
  if (statSync(path, { throwIfNoEntry: false })?.size === size) return;
  writeFileSync(path, contentOf(name, size));
  utimesSync(path, changed, changed);
}

/** Text that no two files have the same. */
export function contentOf(name, size = SIZES[name]) {
  return Buffer.alloc(size, `<p>${name}: the quick brown fox jumps over the lazy dog.</p>\n`);
}
