// Which files have changed since they were read. What is certain is a look at each of them, which is cheap enough for every
// request in development; the system's notices only make it come sooner.

import { type Dirent, type FSWatcher, readdirSync, statSync, watch } from 'node:fs';
import { dirname, join } from 'node:path';

/** A file and the state in which it was read; the empty one is that of a file that is not there. */
export type FileState = readonly [path: string, state: string];

/** Milliseconds after a notice until the files are looked at: an editor that saves causes several. */
const SETTLE = 50;
/** Milliseconds between two looks where no notices come, as from network file systems and into containers. */
const POLL = 1000;
/** Folders in which nothing is written by hand. */
const IGNORED = new Set(['__pycache__', 'node_modules']);

export class FileWatch {
  readonly #paths: readonly string[];
  readonly #notice: () => void;
  /** Files that were read, and what was read of them. */
  readonly #files = new Map<string, string>();
  /** Which of them since the last {@link begin}. */
  readonly #fresh = new Set<string>();
  /** What the paths lead to, and its state at the last {@link begin}. */
  #found = new Map<string, string>();
  readonly #watchers = new Map<string, FSWatcher>();
  readonly #poll: NodeJS.Timeout;
  #settling: NodeJS.Timeout | null = null;

  /**
   * @param paths files and folders that are watched always
   * @param notice called when something may have changed
   */
  constructor(paths: readonly string[], notice: () => void) {
    this.#paths = paths;
    this.#notice = notice;
    this.#poll = setInterval(notice, POLL).unref();
    this.begin();
  }

  /** Files are about to be read: what they are now is what counts, unless {@link read} knows better. */
  begin(): void {
    for (const path of this.#files.keys()) this.#files.set(path, stateOf(path));
    this.#fresh.clear();
    this.#found = found(this.#paths);
  }

  /** Files were read, in these states. */
  read(files: readonly FileState[]): void {
    for (const [path, state] of files) {
      this.#files.set(path, state);
      this.#fresh.add(path);
    }
  }

  /** All was read. @param isAll whether what was not read is of no interest any more */
  end(isAll: boolean): void {
    if (isAll) {
      for (const path of this.#files.keys()) {
        if (!this.#fresh.has(path)) this.#files.delete(path);
      }
    }
    this.#watchFolders();
  }

  /** A file that is not what it was when it was read; null if there is none. */
  changed(): string | null {
    for (const [path, state] of this.#files) {
      if (stateOf(path) !== state) return path;
    }
    if (this.#paths.length === 0) return null;
    const now = found(this.#paths);
    for (const [path, state] of now) {
      if (this.#found.get(path) !== state) return path;
    }
    for (const path of this.#found.keys()) {
      if (!now.has(path)) return path;
    }
    return null;
  }

  /** Whether it is one of the files that were read. */
  has(path: string): boolean {
    return this.#files.has(path);
  }

  close(): void {
    clearInterval(this.#poll);
    if (this.#settling !== null) clearTimeout(this.#settling);
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }

  #watchFolders(): void {
    const folders = new Set<string>();
    for (const path of [...this.#files.keys(), ...this.#found.keys()]) folders.add(dirname(path));
    for (const [folder, watcher] of this.#watchers) {
      if (folders.has(folder)) continue;
      watcher.close();
      this.#watchers.delete(folder);
    }
    for (const folder of folders) {
      if (this.#watchers.has(folder)) continue;
      try {
        const watcher = watch(folder, { persistent: false }, () => this.#settle());
        watcher.on('error', () => {
          watcher.close();
          this.#watchers.delete(folder);
        });
        this.#watchers.set(folder, watcher);
      } catch {
        // It is not there, or the system gives no more notices. The files are looked at all the same, from time to time.
      }
    }
  }

  #settle(): void {
    if (this.#settling !== null) return;
    this.#settling = setTimeout(() => {
      this.#settling = null;
      this.#notice();
    }, SETTLE).unref();
  }
}

/** As python/fapws_worker/sources.py has it: two files that are told apart by this were not saved at the same moment. */
function stateOf(path: string): string {
  try {
    const { mtimeNs, size, ino } = statSync(path, { bigint: true });
    return `${mtimeNs}-${size}-${ino}`;
  } catch {
    // Whatever is the matter, it can't be read.
    return '';
  }
}

/** All files behind some paths. */
function found(paths: readonly string[]): Map<string, string> {
  const files = new Map<string, string>();
  for (const path of paths) {
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) addFolder(files, path);
    else files.set(path, stateOf(path));
  }
  return files;
}

function addFolder(files: Map<string, string>, folder: string): void {
  let entries: Dirent[];
  try {
    entries = readdirSync(folder, { withFileTypes: true });
  } catch {
    // It went while we were looking, or nobody may read it: then there is nothing in it.
    return;
  }
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (!entry.isDirectory()) files.set(path, stateOf(path));
    else if (!IGNORED.has(entry.name) && !entry.name.startsWith('.')) addFolder(files, path);
  }
}
