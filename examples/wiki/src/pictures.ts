// Pictures: taken, kept in a folder under names of ours, listed. @fapws/static sends them.

import { randomBytes } from 'node:crypto';
import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Application } from '@fapws/core';
import { type FormFile, html, readQuery, redirect } from '@fapws/forms';
import { hiddenToken, layout, pageHeaders } from './layout.ts';
import { picturePattern } from './names.ts';
import { submittedByUser, visitorOf } from './visitor.ts';

/** Octets of a picture. */
const LARGEST = 8 * 1024 ** 2;
/** How many there may be. */
const MOST = 1000;

/** The formats that are taken, by how their content begins, in latin1. What its sender calls a file says nothing. */
const formats: readonly { readonly ending: string; begins(text: string): boolean }[] = [
  { ending: 'png', begins: text => text.startsWith('\x89PNG\r\n\x1a\n') },
  { ending: 'jpg', begins: text => text.startsWith('\xff\xd8\xff') },
  { ending: 'gif', begins: text => text.startsWith('GIF87a') || text.startsWith('GIF89a') },
  { ending: 'webp', begins: text => text.startsWith('RIFF') && text.slice(8, 12) === 'WEBP' },
];

export class Pictures {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  readonly page: Application = async (environ, startResponse) => {
    const visitor = await visitorOf(environ);
    const pictures = await this.#list();
    const refused = readQuery(environ).has('refused');
    startResponse('200 OK', pageHeaders);
    return layout(
      'Pictures',
      visitor,
      html`${refused ? html`<p role="alert">A PNG, JPEG, GIF or WebP of up to 8 MiB, please.</p>` : null}
${
  visitor.user === undefined
    ? html`<p><a href="/login?next=/pictures">Log in</a> to upload one.</p>`
    : html`<form action="/pictures" method="post" enctype="multipart/form-data">
${hiddenToken(visitor)}<input type="file" name="picture" accept="image/png,image/jpeg,image/gif,image/webp" aria-label="A picture" required>
<button>Upload</button></form>`
}
<ul class="pictures">${pictures.map(
        name => html`<li><img src="/pictures/${name}" alt="" loading="lazy"><code>![](${name})</code></li>\n`,
      )}</ul>`,
    );
  };

  readonly upload: Application = submittedByUser(
    async (_environ, startResponse, form) => {
      const picture = form.file('picture');
      const ending = picture && (await endingOf(picture));
      if (!picture || !ending || (await this.#list()).length >= MOST)
        return redirect(startResponse, '/pictures?refused=1');
      await picture.keep(join(this.#folder, `${randomBytes(16).toString('hex')}.${ending}`));
      return redirect(startResponse, '/pictures');
    },
    { limits: { fields: 1, files: 1, file: LARGEST } },
  );

  /** The newest first. */
  async #list(): Promise<string[]> {
    const names = (await readdir(this.#folder)).filter(name => picturePattern.test(name));
    const times = new Map(
      await Promise.all(
        names.map(async name => [name, (await stat(join(this.#folder, name))).mtimeMs] as const),
      ),
    );
    return names.sort((a, b) => (times.get(b) ?? 0) - (times.get(a) ?? 0));
  }
}

async function endingOf({ path }: FormFile): Promise<string | undefined> {
  await using file = await open(path as string);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(16), 0, 16, 0);
  const text = buffer.toString('latin1', 0, bytesRead);
  return formats.find(format => format.begins(text))?.ending;
}
