// The application: finds the script, runs it, and makes its output an answer.

import { realpathSync, statSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Application, Environ, Result, StartResponse } from '@fapws/core';
import { checkOptions, shown } from './checks.ts';
import { findScript, isNonParsedHeader, type Script, scriptOf } from './find-script.ts';
import { follow } from './local-redirect.ts';
import { type CgiOptions, folder, type Settings, settingsOf } from './options.ts';
import { Output } from './output.ts';
import { badOutput, notFound, Refusal } from './refusal.ts';
import { type Content, ScriptProcess } from './script-process.ts';
import { type Spooled, spool } from './spool.ts';
import { variablesOf } from './variables.ts';

/** A script, or a folder of which all scripts can be reached. */
export type CgiTarget = string | { readonly root: string };

/**
 * An application that runs CGI scripts (RFC 3875): `server.mount('/cgi-bin', cgi({ root: 'cgi-bin' }))`.
 *
 * @param target the path of a script, or `{ root }` for a folder: then the first file on the request's path is the script, and
 * the rest of the path its PATH_INFO
 * @throws {TypeError} {RangeError} for what can't be
 */
export function cgi(target: CgiTarget, options: CgiOptions = {}): Application {
  if (process.platform === 'win32') {
    throw new Error('cgi: scripts are run in process groups, which Windows does not have.');
  }
  const settings = settingsOf(options);
  const place = placeOf(target);
  const application = new CgiApplication(place, settings);
  return (environ, startResponse) => application.answer(environ, startResponse);
}

/** Where scripts are; without symbolic links. */
interface Place {
  readonly root?: string;
  readonly file?: string;
}

function placeOf(target: unknown): Place {
  if (typeof target === 'string') {
    const file = resolve(target);
    if (statSync(file, { throwIfNoEntry: false })?.isFile() !== true) {
      throw new RangeError(`cgi: the script ${shown(file)} is not there or is no file.`);
    }
    if (isNonParsedHeader(file)) {
      throw new RangeError(
        `cgi: ${shown(file)} is a non-parsed header script by its name. What such a script writes goes past the server, so they are not run.`,
      );
    }
    return { file };
  }
  if (typeof target !== 'object' || target === null) {
    throw new TypeError(`cgi takes the path of a script, or { root }, not ${shown(target)}.`);
  }
  checkOptions('the target of cgi', target, ['root']);
  return { root: realpathSync(folder('root', (target as { root?: unknown }).root)) };
}

class CgiApplication {
  readonly #place: Place;
  readonly #settings: Settings;
  /** Requests that have a process, or are about to. */
  #busy = 0;

  constructor(place: Place, settings: Settings) {
    this.#place = place;
    this.#settings = settings;
  }

  async answer(environ: Environ, startResponse: StartResponse): Promise<Result> {
    try {
      return await this.#run(environ, startResponse);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      if (error.report !== '') this.#report(environ, error.report);
      const page = this.#settings.errorPage(error.status, error.message);
      startResponse(error.status, [...page.headers, ...error.headers], error);
      return page.content;
    }
  }

  async #run(environ: Environ, startResponse: StartResponse): Promise<Result> {
    const script = await this.#find(environ.PATH_INFO);
    const process = await this.#start(environ, script);
    const { 'fapws.signal': signal } = environ;
    const left = (): void => process.fail(signal.reason);
    signal.addEventListener('abort', left, { once: true });
    if (signal.aborted) left();
    const report = (text: string): void => this.#report(environ, text);
    try {
      const head = await process.readHead();
      if (head.localRedirect !== null && this.#settings.localRedirect !== undefined) {
        // It may have something left to do, but nobody is interested in what it says.
        signal.removeEventListener('abort', left);
        void process.drain(report);
        return await follow(head.localRedirect, environ, startResponse, this.#settings.localRedirect);
      }
      try {
        startResponse(head.status, head.headers);
      } catch (error) {
        // What core refuses is the script's mistake, not one of the server.
        throw badOutput(`its head can't be sent: ${(error as Error).message}`);
      }
      const output = new Output(process, report);
      if (environ.REQUEST_METHOD !== 'HEAD') return output;
      // The content is not sent, but the script is to come to its end.
      for await (const _ of output);
      return null;
    } catch (error) {
      process.fail(error);
      throw error;
    }
  }

  async #find(path: string): Promise<Script> {
    const { file, root } = this.#place;
    const { interpreters } = this.#settings;
    if (root !== undefined) return findScript(root, path, interpreters);
    try {
      return await scriptOf(await realpath(file as string), '', path, interpreters);
    } catch (error) {
      if (error instanceof Refusal) throw error;
      throw notFound(`${file}: ${(error as Error).message}`);
    }
  }

  /** Content is stored before the script begins if its length is not known. @throws {Refusal} */
  async #start(environ: Environ, script: Script): Promise<ScriptProcess> {
    const { processes, temporary, unknownLength } = this.#settings;
    const length = environ.CONTENT_LENGTH;
    const isUnknown = length === undefined && environ.HTTP_TRANSFER_ENCODING !== undefined;
    if (isUnknown && unknownLength === 'refuse') {
      throw new Refusal('411 Length Required', 'Send this content with its Content-Length.');
    }
    if (this.#busy >= processes) {
      throw new Refusal(
        '503 Service Unavailable',
        'Too many scripts are running; try again later.',
        `${processes} scripts are running already (option processes)`,
        [['Retry-After', '1']],
      );
    }
    this.#busy += 1;
    let isFree = false;
    const free = (): void => {
      if (!isFree) this.#busy -= 1;
      isFree = true;
    };
    let spooled: Spooled | null = null;
    try {
      const input = environ['wsgi.input'];
      if (isUnknown) spooled = await spool(input, temporary);
      const content: Content =
        spooled !== null
          ? { fd: spooled.file.fd }
          : length === undefined || Number(length) === 0
            ? null
            : { input };
      const variables = variablesOf(
        environ,
        script,
        this.#place.root,
        spooled === null ? (length ?? null) : String(spooled.length),
        this.#settings,
      );
      return await ScriptProcess.start(
        script,
        variables,
        content,
        environ['wsgi.errors'],
        this.#settings,
        free,
      );
    } catch (error) {
      free();
      throw error;
    } finally {
      // The script has it open, if there is one.
      await spooled?.file.close();
    }
  }

  #report(environ: Environ, text: string): void {
    const { REQUEST_METHOD: method, REQUEST_URI: target } = environ;
    const whose = this.#place.file ?? this.#place.root;
    environ['wsgi.errors'].write(`fapws: cgi: ${whose}: ${method} ${target}: ${text}\n`);
  }
}
