// The temporary files of one request: made where nobody can guess or read them, removed when the answer is over.

import { randomBytes } from 'node:crypto';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Environ, RequestError } from '@fapws/core';

export class Temporaries {
  readonly #directory: string;
  readonly #environ: Environ;
  readonly #paths = new Set<string>();
  #over = false;

  constructor(directory: string, environ: Environ) {
    this.#directory = directory;
    this.#environ = environ;
    // Other servers have no such key; there `form.remove()` is the callback's.
    environ['fapws.after']?.(() => {
      this.#over = true;
      this.removeAll().catch(error => {
        environ['wsgi.errors'].write(`A temporary file could not be removed: ${String(error)}\n`);
      });
    });
  }

  /**
   * To be asked before each step: nothing tells a request whose content has all arrived that its client is gone.
   * @throws the reason when the answer is over: what is made now would never be removed
   */
  checkOpen(): void {
    if (!this.#over) return;
    throw (
      this.#environ['fapws.signal']?.reason ??
      new RequestError(
        'FAPWS_CLIENT_GONE',
        '400 Bad Request',
        'The request was over before its form was read.',
      )
    );
  }

  /** Makes an empty file that only this user can read. */
  async create(): Promise<{ path: string; handle: FileHandle }> {
    this.checkOpen();
    const path = join(this.#directory, `fapws-${randomBytes(16).toString('hex')}`);
    this.#paths.add(path);
    // `wx` follows no link that lies in wait.
    const handle = await open(path, 'wx', 0o600);
    if (this.#over) {
      // The answer came to its end meanwhile, and what was removed then was not here yet.
      await handle.close();
      await rm(path, { force: true });
      this.checkOpen();
    }
    return { path, handle };
  }

  has(path: string): boolean {
    return this.#paths.has(path);
  }

  /** The file is no temporary one any more. */
  release(path: string): void {
    this.#paths.delete(path);
  }

  async removeAll(): Promise<void> {
    const paths = [...this.#paths];
    this.#paths.clear();
    // Retried on Windows, where a file can't be removed while somebody reads it.
    await Promise.all(paths.map(path => rm(path, { force: true, maxRetries: 3 })));
  }
}
