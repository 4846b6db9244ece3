// Files that visitors send: kept in a folder, listed, and given back. Their content is never in memory as a whole.

import { randomUUID } from 'node:crypto';
import { open, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Application, RouteEnviron } from '@fapws/core';
import { type Html, html, readForm, redirect } from '@fapws/forms';

const MEBIBYTE = 1024 ** 2;
/** How many files are kept; older ones make room. */
const KEPT = 20;

/** Of one upload, which the server may let be larger than what it takes elsewhere. */
export const largestUpload: number = 64 * MEBIBYTE;

interface Kept {
  /** In the folder: an id of ours, a dash, and the name that it was sent with. */
  readonly file: string;
  readonly name: string;
  readonly size: number;
}

export class Files {
  readonly #folder: string;
  readonly #options;

  constructor(folder: string) {
    this.#folder = folder;
    // What arrives is written beside where it stays, so that keeping it is a rename and not a copy.
    this.#options = { directory: folder, limits: { files: 5, file: 32 * MEBIBYTE, fields: 0 } };
  }

  /** The newest first. */
  async list(): Promise<Kept[]> {
    const files = (await readdir(this.#folder)).filter(file => ID.test(file));
    const known = await Promise.all(
      files.map(async file => {
        const { size, mtimeMs } = await stat(join(this.#folder, file));
        return { file, name: file.replace(ID, ''), size, mtimeMs };
      }),
    );
    return known.sort((a, b) => b.mtimeMs - a.mtimeMs);
  }

  readonly upload: Application = async (environ, startResponse) => {
    const form = await readForm(environ, this.#options);
    for (const file of form.filesOf('files')) {
      // `name` is safe to be a part of a path, but two visitors may send the same one.
      await file.keep(join(this.#folder, `${randomUUID()}-${file.name}`));
    }
    for (const { file } of (await this.list()).slice(KEPT))
      await rm(join(this.#folder, file), { force: true });
    return redirect(startResponse, `/?uploaded=${form.filesOf('files').length}`);
  };

  readonly download: Application<RouteEnviron<'/files/:file'>> = async (environ, startResponse) => {
    const { file } = environ['wsgiorg.routing_args'][1];
    const kept = (await this.list()).find(one => one.file === file);
    if (kept === undefined) {
      startResponse('404 Not Found', [['Content-Type', 'text/plain']]);
      return 'There is no such file any more.\n';
    }
    startResponse('200 OK', [
      // Whatever it is, and whatever its sender says that it is: browsers are to store it and not to show it, for as a page
      // of this server it could do what its visitors can.
      ['Content-Type', 'application/octet-stream'],
      ['Content-Disposition', `attachment; filename*=UTF-8''${encodeURIComponent(kept.name)}`],
      ['Content-Length', String(kept.size)],
      ['X-Content-Type-Options', 'nosniff'],
    ]);
    return environ['wsgi.file_wrapper'](await open(join(this.#folder, kept.file)));
  };

  /** The form, and what is there. */
  async page(): Promise<Html> {
    const files = await this.list();
    return html`<form action="/files" method="post" enctype="multipart/form-data">
<label>Up to five files <input type="file" name="files" multiple required></label>
<button>Upload</button>
</form>
<ul>${files.map(
      ({ file, name, size }) =>
        html`<li><a href="/files/${encodeURIComponent(file)}">${name}</a> ${size.toLocaleString('en')} bytes</li>`,
    )}</ul>`;
  }
}

const ID = /^[0-9a-f-]{36}-/;
