// A file of a form: what is known of it when it begins, and what can be done with it when it is here.

import { randomBytes } from 'node:crypto';
import { chmod, constants, copyFile, open, rename, rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Temporaries } from './temporaries.ts';

/** A file that begins. All of it is what the client says. */
export interface IncomingFile {
  /** The name of the form's field. */
  readonly field: string;
  /** The file's name, made safe to be the last part of a path; see `safeFileName`. Not unique. */
  readonly name: string;
  /** The file's name as it was sent: to be shown, escaped, and never to be a path. */
  readonly sentName: string;
  /** The media type in lower case, without parameters; `application/octet-stream` when none was said. */
  readonly type: string;
}

export interface KeepOptions {
  /** Whether a file that is there already is replaced; without it that is an error, EEXIST. @default false */
  readonly overwrite?: boolean | undefined;
  /** Who may read and write the file. @default 0o600, its owner */
  readonly mode?: number | undefined;
}

/** A file that was read completely. */
export class FormFile implements IncomingFile {
  readonly field: string;
  readonly name: string;
  readonly sentName: string;
  readonly type: string;
  /** Octets. */
  readonly size: number;
  #path: string | null;
  readonly #temporaries: Temporaries;

  /** @internal */
  constructor(incoming: IncomingFile, size: number, path: string | null, temporaries: Temporaries) {
    this.field = incoming.field;
    this.name = incoming.name;
    this.sentName = incoming.sentName;
    this.type = incoming.type;
    this.size = size;
    this.#path = path;
    this.#temporaries = temporaries;
  }

  /** Where the file is: a temporary one, or where it was kept. Null when `onFile` gave it a stream. */
  get path(): string | null {
    return this.#path;
  }

  /**
   * Moves the temporary file to where it stays. To be awaited before the answer is over: then what was not kept is removed.
   * On another file system it is copied beside its target first, so that nobody ever sees a part of it there.
   *
   * @param target the path of the new file; safe with `join(folder, file.name)`, and with names of your own
   * @returns the absolute path
   * @throws {Error} EEXIST when there is a file already, unless it may be overwritten
   */
  async keep(target: string, { overwrite = false, mode = 0o600 }: KeepOptions = {}): Promise<string> {
    const source = this.#path;
    if (source === null || !this.#temporaries.has(source)) {
      throw new Error(
        source === null
          ? 'A file that went to a stream cannot be kept.'
          : 'The file is no temporary one any more: it was kept already, or removed because the answer is over.',
      );
    }
    const path = resolve(target);
    // Takes the name, if nobody has it: a check first and a move later would let two requests win.
    if (!overwrite) await (await open(path, 'wx', mode)).close();
    try {
      if (mode !== 0o600) await chmod(source, mode);
      await move(source, path);
    } catch (error) {
      if (!overwrite) await rm(path, { force: true });
      throw error;
    }
    this.#temporaries.release(source);
    this.#path = path;
    return path;
  }
}

async function move(source: string, target: string): Promise<void> {
  try {
    await rename(source, target);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error;
    const beside = `${target}.${randomBytes(8).toString('hex')}`;
    try {
      await copyFile(source, beside, constants.COPYFILE_EXCL);
      await rename(beside, target);
    } catch (failure) {
      await rm(beside, { force: true });
      throw failure;
    }
    await rm(source, { force: true });
  }
}
