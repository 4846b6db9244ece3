// A form that was read: its fields, and its files with what is needed to be rid of them.

import { Fields } from './fields.ts';
import type { FormFile } from './file.ts';

/** Fields and files of a form. */
export class Form extends Fields {
  /** In the order of the form. Where a file input was left empty there is none. */
  readonly files: readonly FormFile[];
  readonly #remove: () => Promise<void>;

  /** @internal */
  constructor(
    entries: Iterable<readonly [string, string]>,
    files: readonly FormFile[] = [],
    remove: () => Promise<void> = async () => {},
  ) {
    super(entries);
    this.files = files;
    this.#remove = remove;
  }

  /** The first file of this name. */
  file(name: string): FormFile | undefined {
    return this.files.find(({ field }) => field === name);
  }

  /** All files of this name: of an `<input type="file" multiple>`. */
  filesOf(name: string): FormFile[] {
    return this.files.filter(({ field }) => field === name);
  }

  /** Removes all temporary files that were not kept. Happens by itself when the answer is over. */
  remove(): Promise<void> {
    return this.#remove();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#remove();
  }
}
