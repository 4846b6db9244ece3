// Whether files are still what they were when they were loaded. They are looked at when a request comes, so no edit is missed
// and nothing has to be watched meanwhile.

import { type BigIntStats, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Of a folder with more files than this only the first ones are looked at. */
const MOST_FILES = 5000;

/** What a file was: empty if it was not there. */
type Look = string;

export class WatchedFiles {
  readonly #looks = new Map<string, Look>();
  readonly #folders = new Map<string, Look>();

  /** @param look what it was when it was read, if somebody has looked at it before */
  add(path: string, look: Look = lookAt(path)): void {
    if (!this.#looks.has(path)) this.#looks.set(path, look);
  }

  /** A file, or a folder with all that is in it. */
  addTree(path: string): void {
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) this.#folders.set(path, lookAtTree(path));
    else this.add(path);
  }

  /** One that has changed since; null if none has. */
  changed(): string | null {
    for (const [path, look] of this.#looks) if (lookAt(path) !== look) return path;
    for (const [path, look] of this.#folders) if (lookAtTree(path) !== look) return path;
    return null;
  }

  /** Takes them all as they are now. */
  lookAgain(): void {
    for (const path of this.#looks.keys()) this.#looks.set(path, lookAt(path));
    for (const path of this.#folders.keys()) this.#folders.set(path, lookAtTree(path));
  }
}

/** All that an edit changes, however it is made: in place, or by another file that takes the name. */
export function lookAt(path: string): Look {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false });
  return found === undefined ? '' : textOf(found);
}

function textOf({ ino, size, mtimeNs, ctimeNs }: BigIntStats): Look {
  return `${ino} ${size} ${mtimeNs} ${ctimeNs}`;
}

function lookAtTree(folder: string): Look {
  let entries: readonly string[];
  try {
    entries = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  } catch {
    // It is being changed right now, or is gone: the next look sees what has come of it.
    return '';
  }
  return entries
    .slice(0, MOST_FILES)
    .map(entry => `${entry} ${lookAt(join(folder, entry))}`)
    .join('\n');
}
