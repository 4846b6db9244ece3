// The application: from a request to the answer that the file, the method, the conditions and the ranges ask for.

import {
  type Application,
  type Environ,
  FileResult,
  type Headers,
  type Result,
  type StartResponse,
} from '@fapws/core';
import { Preferences } from './accept-encoding.ts';
import { isSameContent, judge, NotModified, Send } from './conditions.ts';
import { Finder, type Found, type FoundFile } from './finding.ts';
import { listingHeaders } from './listing.ts';
import { Multipart } from './multipart.ts';
import { type Absence, isSameState, type OpenedFile } from './opening.ts';
import { type Settings, type StaticOptions, settingsOf } from './options.ts';
import { contentRange, type Span, spansOf } from './ranges.ts';
import type { Representation } from './representation.ts';
import { encodePath, hasEncodedSeparator } from './request-path.ts';

const ok = '200 OK';
const partial = '206 Partial Content';

/**
 * Serves the files of a directory: `server.mount('/assets', staticFiles('public'))`. The file is the one at `PATH_INFO`.
 *
 * @param root the directory; a relative path begins at the working directory
 * @throws {TypeError | RangeError} for an option that can't be, or a root that is no directory
 */
export function staticFiles(root: string | URL, options: StaticOptions = {}): Application {
  const files = new StaticFiles(settingsOf(root, options));
  return (environ, startResponse) => files.answer(environ, startResponse);
}

class StaticFiles {
  readonly #settings: Settings;
  readonly #finder: Finder;
  readonly #preferences: Preferences;

  constructor(settings: Settings) {
    this.#settings = settings;
    this.#finder = new Finder(settings);
    this.#preferences = new Preferences(settings.codings);
  }

  /** HOT. */
  answer(environ: Environ, startResponse: StartResponse): Result | Promise<Result> {
    const method = environ.REQUEST_METHOD;
    if (method !== 'GET' && method !== 'HEAD') return this.#otherMethod(environ, startResponse);
    const target = environ.REQUEST_URI;
    if (target?.includes('%') && hasEncodedSeparator(target))
      return this.#absent(environ, startResponse, 'missing');
    const path = pathOf(environ);
    const known = this.#finder.known(path);
    if (known !== undefined) return this.#found(environ, startResponse, path, known);
    return this.#find(environ, startResponse, path);
  }

  async #find(environ: Environ, startResponse: StartResponse, path: string): Promise<Result> {
    const found = await this.#finder.find(path);
    if (typeof found !== 'string') return this.#found(environ, startResponse, path, found);
    const { spa } = this.#settings;
    if (spa !== undefined && found === 'missing' && !path.slice(path.lastIndexOf('/')).includes('.')) {
      const page = this.#finder.known(spa) ?? (await this.#finder.find(spa));
      if (typeof page !== 'string') return this.#found(environ, startResponse, spa, page);
    }
    return this.#absent(environ, startResponse, found);
  }

  /** HOT. */
  #found(
    environ: Environ,
    startResponse: StartResponse,
    path: string,
    found: Found,
  ): Result | Promise<Result> {
    switch (found.kind) {
      case 'file':
        return this.#file(environ, startResponse, path, found);
      case 'listing':
        startResponse(ok, listingHeaders);
        return found.page(`${environ.SCRIPT_NAME}${path}`, path === '/');
      default:
        return this.#redirect(environ, startResponse, path);
    }
  }

  /** HOT. */
  #file(
    environ: Environ,
    startResponse: StartResponse,
    path: string,
    file: FoundFile,
  ): Result | Promise<Result> {
    const representation = this.#choose(environ, file);
    const verdict = judge(environ, representation);
    if (verdict !== Send) return this.#unsent(startResponse, representation, verdict);
    const spans = this.#spans(environ, representation);
    const { content } = representation;
    if (spans !== undefined) {
      if (spans.length === 0) return this.#unsatisfiable(startResponse, representation);
      if (content !== null) return partOf(startResponse, representation, spans, content);
    } else if (content !== null) {
      startResponse(ok, representation.headers);
      return content;
    } else if (environ.REQUEST_METHOD === 'HEAD') {
      startResponse(ok, representation.sizedHeaders);
      return '';
    }
    return this.#stream(environ, startResponse, path, representation);
  }

  /** HOT. */
  #choose(environ: Environ, file: FoundFile): Representation {
    if (file.coded.length === 0) return file.plain;
    return file.in(this.#preferences.of(environ.HTTP_ACCEPT_ENCODING));
  }

  /** HOT. The parts that are asked for; undefined for all. RFC 9110 14.2: Range is for GET. */
  #spans(environ: Environ, representation: Representation): readonly Span[] | undefined {
    const field = environ.HTTP_RANGE;
    if (field === undefined || !this.#settings.ranges || environ.REQUEST_METHOD !== 'GET') return undefined;
    if (!isSameContent(environ.HTTP_IF_RANGE, representation)) return undefined;
    return spansOf(field, representation.size);
  }

  /** Opens a file that is not kept in memory. What is sent is what the open file says of itself. */
  async #stream(
    environ: Environ,
    startResponse: StartResponse,
    path: string,
    looked: Representation,
  ): Promise<Result> {
    const opened = await this.#finder.opener.open(looked.path);
    if (typeof opened === 'string') {
      // It was removed since it was looked at, or the sibling was, or something else is there now.
      this.#finder.forget(path);
      const found = await this.#finder.find(path);
      if (typeof found === 'string') return this.#absent(environ, startResponse, found);
      const next = found.kind === 'file' ? this.#choose(environ, found) : undefined;
      if (next?.path === looked.path && next.content === null)
        return this.#absent(environ, startResponse, opened);
      return this.#found(environ, startResponse, path, found);
    }
    if (isSameState(opened.state, looked.state)) return this.#send(environ, startResponse, looked, opened);
    this.#finder.forget(path);
    const representation = looked.as(opened.state, this.#settings);
    const verdict = judge(environ, representation);
    if (verdict === Send) return this.#send(environ, startResponse, representation, opened);
    await opened.handle.close();
    return this.#unsent(startResponse, representation, verdict);
  }

  async #send(
    environ: Environ,
    startResponse: StartResponse,
    representation: Representation,
    { handle }: OpenedFile,
  ): Promise<Result> {
    const { size } = representation;
    try {
      const spans = this.#spans(environ, representation);
      if (spans === undefined) {
        startResponse(ok, representation.sizedHeaders);
        return new FileResult(handle, undefined, { start: 0, length: size });
      }
      if (spans.length === 0) {
        await handle.close();
        return this.#unsatisfiable(startResponse, representation);
      }
      const [span] = spans as [Span];
      if (spans.length > 1) {
        const multipart = new Multipart(spans, size, representation.type);
        startResponse(partial, multipartHeaders(representation, multipart));
        return multipart.from(handle);
      }
      startResponse(partial, rangeHeaders(representation, span));
      return new FileResult(handle, undefined, { start: span.start, length: span.end - span.start });
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** HOT. */
  #unsent(startResponse: StartResponse, { notModifiedHeaders }: Representation, verdict: number): Result {
    if (verdict === NotModified) {
      startResponse('304 Not Modified', notModifiedHeaders);
      return '';
    }
    return this.#page(
      startResponse,
      '412 Precondition Failed',
      'The file is not in the state that was asked for.',
    );
  }

  #unsatisfiable(startResponse: StartResponse, { size }: Representation): Result {
    const status = '416 Range Not Satisfiable';
    return this.#page(startResponse, status, `There are ${size} octets.`, [
      ['Content-Range', `bytes */${size}`],
    ]);
  }

  /** To the same path with a slash, wherever this is mounted. */
  #redirect(environ: Environ, startResponse: StartResponse, path: string): Result {
    const query = environ.QUERY_STRING;
    const location = `${encodePath(`${environ.SCRIPT_NAME}${path}/`)}${query === '' ? '' : `?${query}`}`;
    return this.#page(startResponse, '301 Moved Permanently', 'A directory has a slash at its end.', [
      ['Location', location],
      ['Cache-Control', 'no-cache'],
    ]);
  }

  #otherMethod(environ: Environ, startResponse: StartResponse): Result | Promise<Result> {
    const { fallthrough } = this.#settings;
    if (fallthrough !== undefined) return fallthrough(environ, startResponse);
    return this.#page(startResponse, '405 Method Not Allowed', 'A file can be read, and nothing else.', [
      ['Allow', 'GET, HEAD'],
    ]);
  }

  #absent(environ: Environ, startResponse: StartResponse, absence: Absence): Result | Promise<Result> {
    const { fallthrough } = this.#settings;
    switch (absence) {
      case 'forbidden':
        return this.#page(startResponse, '403 Forbidden', 'This file is not for reading.');
      case 'busy':
        return this.#page(startResponse, '503 Service Unavailable', 'The file can’t be opened just now.', [
          ['Retry-After', '1'],
        ]);
      default:
        if (fallthrough !== undefined) return fallthrough(environ, startResponse);
        return this.#page(startResponse, '404 Not Found', 'There is no such file.');
    }
  }

  #page(startResponse: StartResponse, status: string, detail: string, more: Headers = []): Result {
    const { headers, content } = this.#settings.errorPage(status, detail);
    startResponse(status, [...headers, ...more]);
    return content;
  }
}

/** HOT. Mounted, the root is asked for as `` or `/`. Without a mount there is no path before it that a slash could be missing at. */
function pathOf(environ: Environ): string {
  const path = environ.PATH_INFO;
  return path === '' && environ.SCRIPT_NAME === '' ? '/' : path;
}

function partOf(
  startResponse: StartResponse,
  representation: Representation,
  spans: readonly Span[],
  content: Buffer,
): Result {
  const [span] = spans as [Span];
  if (spans.length > 1) {
    const multipart = new Multipart(spans, representation.size, representation.type);
    startResponse(partial, multipartHeaders(representation, multipart));
    return multipart.of(content);
  }
  startResponse(partial, rangeHeaders(representation, span));
  return content.subarray(span.start, span.end);
}

function rangeHeaders({ headers, size }: Representation, span: Span): Headers {
  return [
    ...headers,
    ['Content-Range', contentRange(span, size)],
    ['Content-Length', String(span.end - span.start)],
  ];
}

function multipartHeaders({ headers }: Representation, { type, length }: Multipart): Headers {
  return [
    ['Content-Type', type],
    ...headers.filter(([name]) => name.toLowerCase() !== 'content-type'),
    ['Content-Length', String(length)],
  ];
}
