// An application in a module of TypeScript or JavaScript: finds the file, imports it, and tells what it exports.

import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, extname, join, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Application, Server } from '@fapws/core';
import { UsageError } from '../errors.ts';
import { nearest } from '../options/nearest.ts';
import { enableTypeScript } from '../typescript/enable.ts';
import { isOfLoading, whyNotLoaded } from '../why-not-loaded.ts';

/** Puts applications on a server. */
export type Mount = (server: Server) => unknown;

export type Exported =
  | { readonly kind: 'application'; readonly application: Application }
  | { readonly kind: 'mount'; readonly mount: Mount };

/** `app.ts` or `app.ts:admin`. */
export interface Target {
  readonly file: string;
  readonly path: string;
  readonly exportName: string;
}

/** @throws {UsageError} when there is no such file */
export function targetOf(text: string): Target {
  // A file may have a colon in its name.
  const [, named, exportName = 'default'] = existsSync(text)
    ? [text, text]
    : (/^(.+):([\w$]+)$/.exec(text) ?? []);
  const file = named !== undefined && existsSync(named) ? named : text;
  const path = resolve(file);
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isFile()) {
    if (extname(path) === '.py') {
      throw new UsageError(
        `${file} is a Python file.`,
        `Write fapws wsgi ${moduleNameOf(file)}:application.`,
      );
    }
    return { file, path, exportName };
  }
  if (found?.isDirectory()) {
    throw new UsageError(`${file} is a folder.`, 'Name the file with the application, as in fapws app.ts.');
  }
  throw new UsageError(`There is no file ${file}.`, suggestion(file));
}

function suggestion(file: string): string {
  const [name] = file.split(':') as [string];
  if (/^[\w.]+:[\w.]+(\(\))?$/.test(file) && !/\.[cm]?[jt]s:/.test(file)) {
    return `For a Python application write fapws wsgi ${file}.`;
  }
  const folder = dirname(name);
  const neighbours = existsSync(folder) ? readdirSync(folder).filter(one => /\.[cm]?[jt]s$/.test(one)) : [];
  const meant =
    neighbours.find(one => one.replace(/\.\w+$/, '') === basename(name)) ??
    nearest(basename(name), neighbours);
  return meant === undefined
    ? 'Name the file with the application, as in fapws app.ts.'
    : `Did you mean ${join(folder, meant)}?`;
}

function moduleNameOf(file: string): string {
  return relative('', file).replace(/\.py$/, '').replaceAll('/', '.');
}

/**
 * Imports it. What the module itself throws is thrown on: its stack says more than a sentence could.
 * @throws {UsageError} for a module that can't be loaded, or that exports no application
 */
export async function loadModule({ file, path, exportName }: Target): Promise<Exported> {
  await enableTypeScript(path);
  let module: Readonly<Record<string, unknown>>;
  try {
    module = await import(pathToFileURL(path).href);
  } catch (error) {
    if (isOfLoading(error))
      throw new UsageError(`${file} can't be loaded: ${whyNotLoaded(error, path)}`, '', error);
    throw error;
  }
  return exportedBy(module, exportName, file);
}

function exportedBy(module: Readonly<Record<string, unknown>>, name: string, file: string): Exported {
  const exported = module[name];
  const what = name === 'default' ? 'default export' : `export ${name}`;
  if (exported === undefined) {
    const others = Object.entries(module)
      .filter(([, value]) => typeof value === 'function')
      .map(([other]) => `${file}:${other}`);
    throw new UsageError(
      `${file} has no ${what}.`,
      others.length > 0
        ? `It exports ${others.join(', ')}; name one of these, or write export default.`
        : 'Write export default application, or export default function (server) { server.mount(…) }. A program that starts a server itself is run with node.',
    );
  }
  if (typeof exported !== 'function') {
    throw new UsageError(
      `The ${what} of ${file} is ${exported === null ? 'null' : `of type ${typeof exported}`}, not a function.`,
      'Export an application, (environ, startResponse) => …, or (server) => server.mount(…).',
    );
  }
  // A class or an application that takes no parameters is neither.
  if (exported.length >= 2) return { kind: 'application', application: exported as Application };
  if (exported.length === 1) return { kind: 'mount', mount: exported as Mount };
  throw new UsageError(
    `The ${what} of ${file} takes no parameters, so it can't be told what it is.`,
    'An application takes two, (environ, startResponse), and a function that mounts applications one, (server).',
  );
}
