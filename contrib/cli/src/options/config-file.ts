// What a configuration file says: a module with a default export, or JSON. Its members are the options in camelCase; their
// values become the texts that an argument would have, so all three sources are read by the same rules.

import { existsSync, readFileSync } from 'node:fs';
import { basename, extname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { UsageError } from '../errors.ts';
import { enableTypeScript } from '../typescript/enable.ts';
import { whyNotLoaded } from '../why-not-loaded.ts';
import type { Given } from './arguments.ts';
import { nearest } from './nearest.ts';
import { camel, isOfOneCall, type Option, options } from './table.ts';

/** Files that are read without being asked for, in the folder where the command runs. */
export const usualFiles: readonly string[] = ['ts', 'mts', 'js', 'mjs', 'json'].map(
  type => `fapws.config.${type}`,
);

export interface ConfigFile {
  /** Where it is; null without one. */
  readonly path: string | null;
  readonly given: ReadonlyMap<string, Given>;
}

const members = options.filter(option => !isOfOneCall(option));

/**
 * Reads the file that was asked for; without one the usual one, or with null none.
 * @throws {UsageError} when it is not there, can't be read, or says what can't be meant
 */
export async function readConfigFile(asked: string | null | undefined): Promise<ConfigFile> {
  const file = asked === undefined ? usualFile() : asked;
  if (file === undefined || file === null) return { path: null, given: new Map() };
  const path = resolve(file);
  if (!existsSync(path)) {
    throw new UsageError(`There is no configuration file ${file}.`, 'Check the path given with --config.');
  }
  const content = extname(path) === '.json' ? readJson(path, file) : await importFile(path, file);
  if (typeof content !== 'object' || content === null || Array.isArray(content)) {
    throw new UsageError(
      `${file} has no options.`,
      extname(path) === '.json'
        ? 'Write an object: { "bind": "127.0.0.1:8080" }.'
        : "Write export default { bind: '127.0.0.1:8080' }.",
    );
  }
  return { path, given: givenBy(content as Readonly<Record<string, unknown>>, basename(path)) };
}

function usualFile(): string | undefined {
  const found = usualFiles.filter(name => existsSync(name));
  if (found.length > 1) {
    throw new UsageError(
      `There are ${found.join(' and ')}.`,
      'Remove all but one, or say which: --config FILE.',
    );
  }
  return found[0];
}

function readJson(path: string, file: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new UsageError(`${file} can't be read: ${(error as Error).message}.`, 'Correct it.');
  }
}

async function importFile(path: string, file: string): Promise<unknown> {
  await enableTypeScript(path);
  try {
    const module = await import(pathToFileURL(path).href);
    return module.default;
  } catch (error) {
    throw new UsageError(`${file} can't be read: ${whyNotLoaded(error, path)}`, 'Correct it.');
  }
}

function givenBy(content: Readonly<Record<string, unknown>>, file: string): ReadonlyMap<string, Given> {
  const given = new Map<string, Given>();
  for (const [name, value] of Object.entries(content)) {
    if (value === undefined) continue;
    const option = members.find(one => camel(one.name) === name);
    if (option === undefined) throw unknown(name, file);
    given.set(name, { texts: textsOf(option, value, `${name} in ${file}`), origin: `${name} in ${file}` });
  }
  return given;
}

function unknown(name: string, file: string): UsageError {
  const names = members.map(option => camel(option.name));
  const meant = names.find(known => known === camel(name)) ?? nearest(name, names);
  return new UsageError(
    `${file} says ${name}, which is no option.`,
    meant === undefined
      ? 'fapws --help lists all of them; here they are written in camelCase.'
      : `Did you mean ${meant}?`,
  );
}

/** A value as the texts of arguments. */
function textsOf(option: Option, value: unknown, where: string): readonly string[] {
  if (option.kind === 'flag') {
    if (typeof value === 'boolean') return [value ? 'yes' : 'no'];
    throw new UsageError(`${where} is ${JSON.stringify(value)}.`, 'Write true or false.');
  }
  if (option.many === true) {
    if (Array.isArray(value)) return value.map(one => textOf(option, one, where));
    if (typeof value === 'object' && value !== null && isOfPairs(option)) {
      return Object.entries(value).map(([name, one]) => `${name}=${textOf(option, one, where)}`);
    }
  }
  return [textOf(option, value, where)];
}

function isOfPairs({ kind }: Option): boolean {
  return kind === 'pair' || kind === 'mount' || kind === 'size-bound' || kind === 'time-bound';
}

function textOf(option: Option, value: unknown, where: string): string {
  if (typeof value === 'string') return value;
  if (value === Number.POSITIVE_INFINITY) return 'none';
  // 0o660 is a number in a module and 660 the text that stands for it.
  if (typeof value === 'number') return value.toString(option.kind === 'permissions' ? 8 : 10);
  throw new UsageError(
    `${where} is ${JSON.stringify(value) ?? typeof value}, not a text or a number.`,
    'Correct it.',
  );
}
