// Formats: read once, when a log is made, into a list of literals and atoms; from then on an entry becomes a line by going
// through that list. A mistake in a format is told with its place.

import { absent, atoms, nothing, type Read, type Value } from './atoms.ts';
import type { Entry } from './entry.ts';
import { escapeBare, escapeQuoted, jsonString, utf8Octets } from './escape.ts';

/** Makes lines of octets, one character each, with their line ends. */
export interface Format {
  readonly render: (entry: Entry) => string;
  /** Whether it needs to know how long answers took. */
  readonly timed: boolean;
}

const common = '%h %l %u %t "%r" %>s %b';
const combined = `${common} "%{Referer}i" "%{User-Agent}i"`;

/** Formats that have a name. */
const namedFormats: Readonly<Record<string, string | Readonly<Record<string, string>>>> = {
  common,
  combined,
  vhost_combined: `%v:%p ${combined}`,
  detailed: `${combined} %X %D %L`,
  json: {
    time: '%{iso}t',
    id: '%L',
    remote: '%a',
    user: '%u',
    method: '%m',
    target: '%{REQUEST_URI}e',
    protocol: '%H',
    host: '%{Host}i',
    status: '%s',
    octets: '%B',
    duration_us: '%D',
    referer: '%{Referer}i',
    agent: '%{User-Agent}i',
    end: '%{word}X',
  },
};

/**
 * Reads a format.
 * @param format a name, a format string of Apache's, or an object of them for lines of JSON
 * @throws {RangeError} naming the atom and its place
 */
export function compile(format: unknown): Format {
  if (typeof format === 'string' && Object.hasOwn(namedFormats, format)) return compile(namedFormats[format]);
  if (typeof format === 'string') {
    if (format.includes('%')) return textFormat(format);
    throw new RangeError(
      `log: ${JSON.stringify(format)} is no format: use ${Object.keys(namedFormats).join(', ')}, or atoms such as '%h %t "%r" %>s'.`,
    );
  }
  if (typeof format === 'object' && format !== null && !Array.isArray(format)) {
    return jsonFormat(format as Readonly<Record<string, unknown>>);
  }
  throw new TypeError('log: format is a string, or an object of strings for lines of JSON.');
}

/** An atom at its place in a format. */
interface Placed {
  readonly read: Read;
  /** Statuses with which it is written, or with `except` those with which it is not; null for all. */
  readonly statuses: ReadonlySet<string> | null;
  readonly except: boolean;
  readonly foreign: boolean;
  readonly mayVanish: boolean;
  readonly numeric: boolean;
  readonly timed: boolean;
  /** Whether it stands between double quotes. */
  readonly quoted: boolean;
}

type Part = string | Placed;

/** HOT. The value of an atom; undefined where its condition does not hold. */
function valueAt(part: Placed, entry: Entry): Value {
  if (part.statuses?.has(entry.status) === part.except) return undefined;
  return part.read(entry);
}

function isTimed(parts: readonly Part[]): boolean {
  return parts.some(part => typeof part !== 'string' && part.timed);
}

function textFormat(format: string): Format {
  const parts = parse(format, 'format');
  /** What stands before each atom, and the atoms: two lists are gone through faster than one of pairs. */
  const literals: string[] = [];
  const writers: ((entry: Entry) => string | number)[] = [];
  let literal = '';
  for (const part of parts) {
    if (typeof part === 'string') literal += part;
    else if (part.read === nothing) literal += '-';
    else {
      literals.push(literal);
      writers.push(writerOf(part));
      literal = '';
    }
  }
  const end = `${literal}\n`;
  return {
    timed: isTimed(parts),
    // HOT.
    render: entry => {
      let line = '';
      for (let at = 0; at < writers.length; at += 1) {
        line = line + (literals[at] as string) + (writers[at] as (entry: Entry) => string | number)(entry);
      }
      return line + end;
    },
  };
}

function writerOf(part: Placed): (entry: Entry) => string | number {
  const { foreign, quoted, mayVanish } = part;
  const escaped = quoted ? escapeQuoted : escapeBare;
  const { read } = part;
  // Those without conditions, which most are, have a shorter way.
  if (part.statuses === null && !foreign) return entry => read(entry) ?? '-';
  if (part.statuses === null && !mayVanish) {
    return entry => {
      const value = read(entry);
      return value === undefined ? '-' : escaped(value as string);
    };
  }
  return entry => {
    const value = valueAt(part, entry);
    if (value === undefined) return '-';
    if (!foreign || (mayVanish && value === '')) return value;
    return escaped(String(value));
  };
}

function jsonFormat(members: Readonly<Record<string, unknown>>): Format {
  const writers: [before: string, write: (entry: Entry) => string | number][] = [];
  let timed = false;
  for (const [name, format] of Object.entries(members)) {
    if (typeof format !== 'string') throw new TypeError(`log: format.${name} is not a string.`);
    const parts = parse(format, `format.${name}`);
    timed ||= isTimed(parts);
    writers.push([`${writers.length === 0 ? '{' : ','}${jsonString(name)}:`, jsonWriterOf(parts)]);
  }
  if (writers.length === 0) throw new RangeError('log: format has no members.');
  return {
    timed,
    // HOT.
    render: entry => {
      let line = '';
      for (const [before, write] of writers) line += before + write(entry);
      return `${line}}\n`;
    },
  };
}

/** A single atom keeps its type; what is put together is a string. */
function jsonWriterOf(parts: readonly Part[]): (entry: Entry) => string | number {
  const [first] = parts;
  if (parts.length === 1 && typeof first === 'object') {
    return entry => {
      const value = valueAt(first, entry);
      if (value === undefined) return 'null';
      return typeof value === 'number' || first.numeric ? value : jsonString(value);
    };
  }
  return entry => {
    let text = '';
    for (const piece of parts) text += typeof piece === 'string' ? piece : (valueAt(piece, entry) ?? '-');
    return jsonString(text);
  };
}

/** Takes a format apart. @param name how messages call it */
function parse(format: string, name: string): Part[] {
  const complain = (at: number, what: string, problem: string): never => {
    throw new RangeError(`log: ${what} at ${at} of ${name} ${problem}.`);
  };
  const parts: Part[] = [];
  let literal = '';
  let quoted = false;
  let at = 0;
  while (at < format.length) {
    const character = format[at] as string;
    if (character === '\\' && at + 1 < format.length) {
      // As in a configuration of Apache's: \" and \t.
      const next = format[at + 1] as string;
      if (next === 'n' || next === 'r') complain(at, `\\${next}`, 'would make a second line');
      if (next === '"') quoted = !quoted;
      literal += next === 't' ? '\t' : next;
      at += 2;
    } else if (character !== '%') {
      if (character < ' ' && character !== '\t') {
        complain(at, JSON.stringify(character), 'is a control character');
      }
      if (character === '"') quoted = !quoted;
      literal += character;
      at += 1;
    } else if (format[at + 1] === '%') {
      literal += '%';
      at += 2;
    } else {
      if (literal !== '') parts.push(utf8Octets(literal));
      literal = '';
      const found = parseAtom(format, at, complain);
      parts.push({ ...found.placed, quoted });
      at = found.end;
    }
  }
  if (literal !== '') parts.push(utf8Octets(literal));
  return parts;
}

/** `%`, then conditions and argument in any order, then a letter. */
function parseAtom(
  format: string,
  start: number,
  complain: (at: number, what: string, problem: string) => never,
): { placed: Omit<Placed, 'quoted'>; end: number } {
  const [whole, modifiers = '', letter = ''] = /^%((?:[!<>,0-9]|\{[^}]*\})*)([\s\S]?)/.exec(
    format.slice(start),
  ) as RegExpExecArray;
  const what = letter === '' || letter === '{' ? `"${format.slice(start)}"` : whole;
  if (letter === '') complain(start, what, 'has no letter');
  if (letter === '{') complain(start, what, 'has no closing brace');
  const conditions = modifiers.replace(/\{[^}]*\}/g, ',');
  const statuses = conditions.match(/\d+/g) ?? [];
  const except = conditions.includes('!');
  for (const status of statuses) {
    if (!/^[1-9]\d\d$/.test(status)) complain(start, what, `has ${status}, which is no status`);
  }
  if (except && statuses.length === 0) complain(start, what, 'has ! without a status');
  const argument = [...modifiers.matchAll(/\{([^}]*)\}/g)].at(-1)?.[1];
  if (Object.hasOwn(absent, letter)) complain(start, what, `can't be had: ${absent[letter]}`);
  const atom = Object.hasOwn(atoms, letter) ? atoms[letter] : undefined;
  if (atom === undefined) return complain(start, what, 'is no atom');
  if (atom.argument === 'none' && argument !== undefined) complain(start, what, 'takes no braces');
  if (atom.argument === 'needed' && !argument) complain(start, what, `needs a name: %{NAME}${letter}`);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  if (argument !== undefined && /[\0-\x1f\x7f]/.test(argument))
    complain(start, what, 'has a control character');
  try {
    return {
      placed: {
        read: atom.make(argument ?? ''),
        statuses: statuses.length === 0 ? null : new Set(statuses),
        except,
        foreign: atom.foreign ?? false,
        mayVanish: atom.mayVanish ?? false,
        numeric: atom.numeric ?? false,
        timed: atom.timed?.(argument ?? '') ?? false,
      },
      end: start + whole.length,
    };
  } catch (error) {
    return complain(start, what, `is wrong: ${(error as Error).message.replace(/\.$/, '')}`);
  }
}
