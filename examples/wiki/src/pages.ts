// Pages: shown, found, written and written again.

import type { Application, Environ, Result, RouteEnviron, StartResponse } from '@fapws/core';
import { html, readQuery, redirect } from '@fapws/forms';
import type { Database, Revision } from './database.ts';
import { hiddenToken, layout, pageHeaders } from './layout.ts';
import { render } from './markup.ts';
import { pageNamePattern, pagePath } from './names.ts';
import { submittedByUser, type Visitor, visitorOf } from './visitor.ts';

type Page = RouteEnviron<'/pages/:page'>;

const LONGEST = 100_000;

const written = ({ author, written }: Revision): string =>
  `${author}, ${new Date(written).toISOString().slice(0, 16).replace('T', ' ')} UTC`;

export class Pages {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  readonly show: Application<Page> = async (environ, startResponse) => {
    const page = pageOf(environ);
    if (page === undefined) return noSuchName(startResponse);
    const visitor = await visitorOf(environ);
    const asked = readQuery(environ as Environ).get('revision');
    const revision = this.#database.revision(page, asked === undefined ? undefined : Number(asked));
    if (revision === undefined) {
      startResponse('404 Not Found', pageHeaders);
      return layout(
        page,
        visitor,
        html`<p>Nobody has written this page. <a href="${pagePath(page)}/edit">Write it</a>.</p>`,
      );
    }
    startResponse('200 OK', pageHeaders);
    return layout(
      page,
      visitor,
      html`${asked === undefined ? null : html`<p role="status">This is revision ${revision.number}.</p>`}
${render(revision.text, other => this.#database.revision(other) !== undefined)}
<footer><a href="${pagePath(page)}/edit">Edit</a> <a href="${pagePath(page)}/history">History</a> ${written(revision)}</footer>`,
    );
  };

  readonly edit: Application<Page> = async (environ, startResponse) => {
    const page = pageOf(environ);
    if (page === undefined) return noSuchName(startResponse);
    const visitor = await visitorOf(environ);
    if (visitor.user === undefined)
      return redirect(startResponse, `/login?next=${encodeURIComponent(`${pagePath(page)}/edit`)}`);
    const revision = this.#database.revision(page);
    startResponse('200 OK', pageHeaders);
    return editor(page, visitor, revision?.text ?? '', revision?.number ?? 0);
  };

  /** Whoever writes says which revision has been read: what another one wrote meanwhile is not lost. */
  readonly save: Application<Page> = submittedByUser(
    (environ, startResponse, form, visitor, author) => {
      const page = pageOf(environ);
      if (page === undefined) return noSuchName(startResponse);
      const text = form.get('text') ?? '';
      const seen = Number(form.get('seen'));
      if (this.#database.save(page, seen, { text, author })) return redirect(startResponse, pagePath(page));
      const other = this.#database.revision(page);
      startResponse('409 Conflict', pageHeaders);
      return editor(page, visitor, text, other?.number ?? 0, other);
    },
    { limits: { fields: 3, field: LONGEST, files: 0 } },
  );

  readonly history: Application<Page> = async (environ, startResponse) => {
    const page = pageOf(environ);
    if (page === undefined) return noSuchName(startResponse);
    const visitor = await visitorOf(environ);
    startResponse('200 OK', pageHeaders);
    return layout(
      `History of ${page}`,
      visitor,
      html`<ol reversed>${this.#database
        .history(page)
        .map(
          revision =>
            html`<li value="${revision.number}"><a href="${pagePath(page)}?revision=${revision.number}">${written(revision)}</a></li>\n`,
        )}</ol>`,
    );
  };

  readonly list: Application = async (environ, startResponse) => {
    const visitor = await visitorOf(environ);
    const words = readQuery(environ).get('words') ?? '';
    const pages = this.#database.pages(words);
    startResponse('200 OK', pageHeaders);
    return layout(
      'All pages',
      visitor,
      html`<form action="/pages"><input type="search" name="words" value="${words}" aria-label="Words"> <button>Search</button></form>
<ul>${pages.map(page => html`<li><a href="${pagePath(page)}">${page}</a></li>\n`)}</ul>
${pages.length === 0 ? html`<p>There is no such page.</p>` : null}`,
    );
  };
}

/** The name in the path; undefined if no page may be called so. */
function pageOf(environ: Page): string | undefined {
  const { page } = environ['wsgiorg.routing_args'][1];
  return pageNamePattern.test(page) ? page : undefined;
}

function noSuchName(startResponse: StartResponse): Result {
  startResponse('404 Not Found', [['Content-Type', 'text/plain; charset=utf-8']]);
  return 'A page is called by letters, digits, blanks, dots and dashes; up to 60 of them.\n';
}

/** @param other what somebody else has written meanwhile */
function editor(page: string, visitor: Visitor, text: string, seen: number, other?: Revision): Result {
  return layout(
    `Edit ${page}`,
    visitor,
    html`${
      other === undefined
        ? null
        : html`<p role="alert">Meanwhile ${written(other)} has saved this page, too. Below is what you wrote; this is there now:</p>
<pre>${other.text}</pre>`
    }<form action="${pagePath(page)}" method="post">
${hiddenToken(visitor)}<input type="hidden" name="seen" value="${seen}">
<textarea name="text" rows="18" aria-label="Text" maxlength="${LONGEST / 4}">
${text}</textarea>
<p><button>Save</button> <a href="${pagePath(page)}">Cancel</a></p>
<p class="quiet"># Heading · - item · **strong** · [[Another page]] · ![What it shows](picture.png)</p>
</form>`,
  );
}
