// What keeps a value inside its field and a line on its line: no control character, no quote and nothing above ASCII leaves
// here as it came, whoever sent it (log injection, CWE-117; escape sequences for the terminal of whoever reads the log, CWE-150).

import { Buffer } from 'node:buffer';

const unsafeInQuotes = /[^ !#-[\]-~]/;
const unsafeInQuotesAll = /[^ !#-[\]-~]/g;
/** Without quotes around it, a blank would end the field too. */
const unsafeBare = /[^!#-[\]-~]/;
const unsafeBareAll = /[^!#-[\]-~]/g;

const named: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\b': '\\b',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
};

/** HOT. A value for a place between quotes, as Apache writes it: `\"`, `\\`, `\n`, `\xhh` for an octet. */
export function escapeQuoted(value: string): string {
  return unsafeInQuotes.test(value) ? octetsOf(value).replace(unsafeInQuotesAll, escapeOctet) : value;
}

/** HOT. The same for a place without quotes: blanks are escaped too, as `\x20`, and nothing is `""`, as Apache has it. */
export function escapeBare(value: string): string {
  if (value === '') return '""';
  return unsafeBare.test(value) ? octetsOf(value).replace(unsafeBareAll, escapeOctet) : value;
}

function escapeOctet(character: string): string {
  return named[character] ?? `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
}

/** A value with characters beyond octets is text, and becomes octets as UTF-8. */
function octetsOf(value: string): string {
  for (let at = 0; at < value.length; at += 1) if (value.charCodeAt(at) > 0xff) return utf8Octets(value);
  return value;
}

/** Text as octets, one character each. */
export function utf8Octets(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

/** HOT. A JSON string in ASCII. Octets that are UTF-8 are shown as the text that they are. */
export function jsonString(value: string): string {
  return unsafeInQuotes.test(value)
    ? JSON.stringify(textOf(value)).replace(/[^ -~]/g, escapeUnit)
    : `"${value}"`;
}

function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function textOf(value: string): string {
  if (!/^[\0-\xff]*$/.test(value) || !/[\x80-\xff]/.test(value)) return value;
  try {
    return utf8.decode(Buffer.from(value, 'latin1'));
  } catch {
    // Octets of some other encoding: each is shown as the character of its number.
    return value;
  }
}
