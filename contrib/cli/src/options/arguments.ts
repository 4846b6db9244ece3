// What the command line says. It knows the form of the options and leaves their values to others.

import { parseArgs } from 'node:util';
import { UsageError } from '../errors.ts';
import { hintFor } from './elsewhere.ts';
import { nearest } from './nearest.ts';
import { camel, type Option, options } from './table.ts';

/** Texts of one option, and who gave them: `-w`, `FAPWS_WORKERS`, `workers in fapws.config.ts`. */
export interface Given {
  readonly texts: readonly string[];
  readonly origin: string;
}

export interface CommandLine {
  /** Whether the application is to be described and not served. */
  readonly describe: boolean;
  /** By the name that options have in the program. */
  readonly given: ReadonlyMap<string, Given>;
}

/** Flags as they are written, without dashes. */
const byFlag: ReadonlyMap<string, Option> = new Map(
  options.flatMap(option =>
    [option.name, ...(option.aliases ?? []), ...(option.short === undefined ? [] : [option.short])].map(
      flag => [flag, option] as const,
    ),
  ),
);

/** @throws {UsageError} for a flag that is none, a flag without its value, and words that nobody asked for */
export function readArguments(args: readonly string[]): CommandLine {
  const given = new Map<string, Given>();
  const words: string[] = [];
  const add = (option: Option, text: string, origin: string): void => {
    const key = camel(option.name);
    const before = given.get(key);
    const texts = before === undefined || option.many !== true ? [text] : [...before.texts, text];
    given.set(key, { texts, origin });
  };
  for (const token of tokensOf(args)) {
    if (token.kind === 'positional') words.push(token.value);
    if (token.kind !== 'option') continue;
    const { name, rawName, value } = token;
    const negated = name.startsWith('no-') ? byFlag.get(name.slice(3)) : undefined;
    const option = byFlag.get(name) ?? (negated?.kind === 'flag' ? negated : undefined);
    if (option === undefined) throw unknown(name, rawName);
    if (option === negated) add(option, 'no', rawName);
    else if (option.kind === 'flag') add(option, value ?? 'yes', rawName);
    else if (value === undefined) {
      throw new UsageError(`${rawName} has no value.`, `See fapws --help for what it takes.`);
    } else add(option, value, rawName);
  }
  const describe = words[0] === 'describe';
  addApplication(describe ? words.slice(1) : words, given);
  return { describe, given };
}

type Token =
  | {
      readonly kind: 'option';
      readonly name: string;
      readonly rawName: string;
      readonly value?: string | undefined;
    }
  | { readonly kind: 'positional'; readonly value: string }
  | { readonly kind: 'option-terminator' };

function tokensOf(args: readonly string[]): readonly Token[] {
  const types = Object.fromEntries(
    options.flatMap(option => {
      const type = option.kind === 'flag' ? ('boolean' as const) : ('string' as const);
      const { short } = option;
      return [option.name, ...(option.aliases ?? [])].map((name, at) => [
        name,
        at === 0 && short !== undefined ? { type, short } : { type },
      ]);
    }),
  );
  return parseArgs({ args: [...args], options: types, strict: false, tokens: true })
    .tokens as readonly Token[];
}

function unknown(name: string, rawName: string): UsageError {
  const what = `There is no option ${rawName}.`;
  const hint = hintFor(name);
  if (hint !== undefined) return new UsageError(what, hint);
  const meant = nearest(
    name,
    [...byFlag.keys()].filter(flag => flag.length > 1),
  );
  return new UsageError(
    what,
    meant === undefined ? 'fapws --help lists all of them.' : `Did you mean --${meant}?`,
  );
}

/** `fapws FILE`, `fapws wsgi MODULE:ATTRIBUTE`. */
function addApplication(words: readonly string[], given: Map<string, Given>): void {
  if (words.length === 0) return;
  if (words[0] === 'help') {
    given.set('help', { texts: ['yes'], origin: 'help' });
    return;
  }
  const isPython = words[0] === 'wsgi';
  const [name, ...rest] = isPython ? words.slice(1) : words;
  if (name === undefined) {
    throw new UsageError(
      'fapws wsgi needs an application.',
      'Write fapws wsgi MODULE:ATTRIBUTE, as in fapws wsgi shop.wsgi:application.',
    );
  }
  if (rest.length > 0) {
    throw new UsageError(
      `One application is served, ${name}, and ${JSON.stringify(rest[0])} is one word too many.`,
      'Put values with blanks in quotes.',
    );
  }
  given.set(isPython ? 'wsgi' : 'app', { texts: [name], origin: 'argument' });
}
