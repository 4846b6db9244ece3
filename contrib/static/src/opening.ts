// Opens files so that what was checked is what is sent: first open, then look at the descriptor. Nothing here waits for
// anybody: a FIFO without a writer, a device or a socket is let go of again.

import { type BigIntStats, constants } from 'node:fs';
import { type FileHandle, open, readlink, realpath, stat } from 'node:fs/promises';
import { sep } from 'node:path';
import type { Settings } from './options.ts';
import { examine, Usable } from './request-path.ts';

/** What tells one state of a file from another one. */
export interface FileState {
  readonly device: bigint;
  readonly inode: bigint;
  readonly size: number;
  /** Nanoseconds since the epoch. */
  readonly modified: bigint;
  readonly changed: bigint;
}

/** A file that may be served. */
export interface OpenedFile {
  readonly handle: FileHandle;
  readonly state: FileState;
}

/** Why there is no file. */
export type Absence = 'missing' | 'directory' | 'forbidden' | 'busy';

/** Not on Windows: without them open would wait for a FIFO's writer, and a terminal could become ours. */
const cautious = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0);

/** Codes of open and stat by what they mean to a client; any other one is a failure. */
const absences: ReadonlyMap<string, Absence> = new Map<string, Absence>([
  ['ENOENT', 'missing'],
  ['ENOTDIR', 'missing'],
  ['ENAMETOOLONG', 'missing'],
  ['ELOOP', 'missing'],
  ['EINVAL', 'missing'],
  // A socket, or a device that nobody drives.
  ['ENXIO', 'missing'],
  ['ENODEV', 'missing'],
  // Windows says so of a directory.
  ['EISDIR', 'directory'],
  ['EACCES', 'forbidden'],
  ['EPERM', 'forbidden'],
  ['EMFILE', 'busy'],
  ['ENFILE', 'busy'],
]);

/** What an error of the file system means to a client. @throws the error itself if it is nothing of the kind */
function absenceOf(error: unknown): Absence {
  const absence = absences.get((error as NodeJS.ErrnoException).code ?? '');
  if (absence === undefined) throw error;
  return absence;
}

export class Opener {
  readonly #root: string;
  readonly #symlinks: Settings['symlinks'];
  readonly #dotfiles: Settings['dotfiles'];
  /** Where the root is in truth; it may be a link that is pointed elsewhere with each release. */
  #realRoot: string | null = null;

  constructor({ root, symlinks, dotfiles }: Settings) {
    this.#root = root;
    this.#symlinks = symlinks;
    this.#dotfiles = dotfiles;
  }

  /** The name that the file system knows a path under the root by. */
  fileName(path: string): string {
    const name = sep === '/' ? path : path.replaceAll('/', sep);
    return this.#root.endsWith(sep) ? this.#root + name.slice(1) : this.#root + name;
  }

  /** Opens a regular file; the caller closes it. @param path under the root, examined already */
  async open(path: string): Promise<OpenedFile | Absence> {
    const opened = await this.#open(path);
    if (typeof opened === 'string' || !opened.isDirectory) return opened;
    await opened.handle.close();
    return 'directory';
  }

  /** Whether there is a file or a directory that may be served. */
  async leadsSomewhere(path: string): Promise<boolean> {
    const opened = await this.open(path);
    if (typeof opened !== 'string') await opened.handle.close();
    return typeof opened !== 'string' || opened === 'directory';
  }

  /** Reads a directory with `read`, which is given a name that stays what it is while it is read. */
  async inDirectory<T>(path: string, read: (name: string) => Promise<T>): Promise<T | Absence> {
    const opened = await this.#open(path);
    if (opened === 'directory') return read(this.fileName(path));
    if (typeof opened === 'string') return opened;
    try {
      if (!opened.isDirectory) return 'missing';
      const pinned = `/proc/self/fd/${opened.handle.fd}`;
      const known = process.platform === 'linux' && (await nameOfDescriptor(opened.handle)) !== null;
      return await read(known ? pinned : this.fileName(path));
    } finally {
      await opened.handle.close();
    }
  }

  async #open(path: string): Promise<(OpenedFile & { readonly isDirectory: boolean }) | Absence> {
    const name = this.fileName(path);
    const flags = this.#symlinks === 'none' ? cautious | (constants.O_NOFOLLOW ?? 0) : cautious;
    let handle: FileHandle;
    try {
      handle = await open(name, flags);
    } catch (error) {
      return process.platform === 'win32' ? this.#windowsDirectory(name, error) : absenceOf(error);
    }
    let keep = false;
    try {
      const stats = await handle.stat({ bigint: true });
      const isDirectory = stats.isDirectory();
      keep = (isDirectory || stats.isFile()) && (await this.#mayServe(handle, name, stats));
      return keep ? { handle, state: stateOf(stats), isDirectory } : 'missing';
    } finally {
      if (!keep) await handle.close();
    }
  }

  /** Windows does not open directories. */
  async #windowsDirectory(name: string, error: unknown): Promise<Absence> {
    const absence = absenceOf(error);
    if (absence === 'missing') return absence;
    const stats = await stat(name, { bigint: true });
    if (!stats.isDirectory()) return absence;
    return (await this.#mayServe(null, name, stats)) ? 'directory' : 'missing';
  }

  /** The state of an open file. */
  async stateOf(handle: FileHandle): Promise<FileState> {
    return stateOf(await handle.stat({ bigint: true }));
  }

  /** The state of a file that was served before, by its name; null if it is gone. */
  async look(path: string): Promise<FileState | null> {
    try {
      return stateOf(await stat(this.fileName(path), { bigint: true }));
    } catch (error) {
      absenceOf(error);
      return null;
    }
  }

  /** Whether what was opened is within the root, as far as that is asked for. */
  async #mayServe(handle: FileHandle | null, name: string, stats: BigIntStats): Promise<boolean> {
    if (this.#symlinks === 'anywhere') return true;
    const real = (handle && (await nameOfDescriptor(handle))) ?? (await nameOfFile(name, stats));
    if (real === null) return false;
    if (this.#realRoot === null || !isInside(this.#realRoot, real))
      this.#realRoot = await realpath(this.#root);
    if (!isInside(this.#realRoot, real)) return false;
    const place = real.slice(this.#realRoot.length);
    const asked = name.slice(this.#root.length);
    if (this.#symlinks === 'none' && trimmed(place) !== trimmed(asked)) return false;
    return process.platform === 'linux' || this.#dotfiles === 'allow' || hidesNothing(place, asked);
  }
}

/** What Linux knows of a descriptor cannot be changed by moving things about between two looks. */
async function nameOfDescriptor(handle: FileHandle): Promise<string | null> {
  if (process.platform !== 'linux') return null;
  try {
    const name = await readlink(`/proc/self/fd/${handle.fd}`);
    return name.startsWith('/') ? name : null;
  } catch {
    // There is no /proc here.
    return null;
  }
}

/** Elsewhere: the name without links, as long as it leads to what was opened. */
async function nameOfFile(name: string, { dev, ino }: BigIntStats): Promise<string | null> {
  try {
    const real = await realpath(name);
    const found = await stat(real, { bigint: true });
    return found.dev === dev && found.ino === ino ? real : null;
  } catch (error) {
    absenceOf(error);
    return null;
  }
}

function isInside(root: string, path: string): boolean {
  return path === root || path.startsWith(root.endsWith(sep) ? root : root + sep);
}

/** Without a slash at its ends, and without what Linux says of a file that was replaced in the meantime. */
function trimmed(place: string): string {
  return place.replace(/ \(deleted\)$/, '').replaceAll(/^[\\/]+|[\\/]+$/g, '');
}

/**
 * Windows and macOS know files by more names than one (`HTACCE~1`, or `.env` with a character in front that does not count),
 * and a dot that is hidden in one of them must show.
 */
function hidesNothing(place: string, asked: string): boolean {
  const slashed = (path: string): string => `/${trimmed(path).replaceAll(sep, '/')}`;
  return (
    examine(slashed(asked), process.platform) !== Usable ||
    examine(slashed(place), process.platform) === Usable
  );
}

function stateOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): FileState {
  return { device: dev, inode: ino, size: Number(size), modified: mtimeNs, changed: ctimeNs };
}

export function isSameState(a: FileState | null, b: FileState | null): boolean {
  if (a === null || b === null) return a === b;
  return (
    a.inode === b.inode &&
    a.device === b.device &&
    a.size === b.size &&
    a.modified === b.modified &&
    a.changed === b.changed
  );
}
