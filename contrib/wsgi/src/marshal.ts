// The environ as Python's marshal has it: a dict of str, which a worker decodes at the speed of C.
// marshal is Python's own format for compiled modules. Types of version 2 and older are enough here, and every Python reads them.

import { Buffer } from 'node:buffer';
import { type Environ, visitEnviron } from '@fapws/core';
import type { Output } from './output.ts';

const DICT = 0x7b; // '{'
const NULL = 0x30; // '0', the end of a dict
const UNICODE = 0x75; // 'u': length (4), UTF-8
const TRUE = 0x54; // 'T'
const FALSE = 0x46; // 'F'
const INTEGER = 0x69; // 'i': 32 bits, signed
const FLOAT = 0x67; // 'g': IEEE 754

/** A key in front of its value. */
interface Key {
  readonly name: string;
  readonly octets: Buffer;
  /** Whether a value is a path: text in UTF-8 whose octets Python wants as code points (PEP 3333: "Unicode Issues"). */
  readonly isPath: boolean;
  /** Whether it is a CGI variable, which has to be a string. */
  readonly isVariable: boolean;
  /** Whether other keys depend on it. */
  readonly matters: boolean;
}

/**
 * Keys of core and of the contract that make sense only in this process, or that the worker sets itself. `fapws.*` and
 * `wsgiorg.*` are for callbacks here.
 */
function isLocal(name: string): boolean {
  return (
    name.startsWith('fapws.') ||
    name === 'wsgiorg.routing_args' ||
    (name.startsWith('wsgi.') && name !== 'wsgi.url_scheme')
  );
}

/** null for keys that do not go to Python. Clients make up header names, so all are forgotten when there are too many. */
const keys = new Map<string, Key | null>();
const MOST_KEYS = 512;

function keyOf(name: string): Key | null {
  const known = keys.get(name);
  if (known !== undefined) return known;
  const key = isLocal(name)
    ? null
    : {
        name,
        octets: encodedKey(name),
        isPath: name === 'PATH_INFO' || name === 'SCRIPT_NAME',
        isVariable: !name.includes('.'),
        matters: decisive.has(name),
      };
  if (keys.size >= MOST_KEYS) keys.clear();
  keys.set(name, key);
  return key;
}

const decisive: ReadonlySet<string> = new Set([
  'CONTENT_LENGTH',
  'HTTP_TRANSFER_ENCODING',
  'HTTPS',
  'wsgi.url_scheme',
]);

function encodedKey(name: string): Buffer {
  const text = Buffer.from(name);
  const head = Buffer.alloc(5);
  head[0] = UNICODE;
  head.writeUInt32LE(text.length, 1);
  return Buffer.concat([head, text]);
}

/** Where an environ is being written: one at a time. */
let target: Output;
let octets = 0;
/** Octets of content that are all here, or -1. */
let contentOctets = -1;
let hasLength = false;
let isHttps = false;
let hasHttps = false;

/**
 * HOT. Writes `environ` behind the end of `output`, `offset` octets further.
 * @param content octets of content that are all here; -1 where there is none, or it is still to come
 * @returns its octets
 */
export function writeEnviron(output: Output, offset: number, environ: Environ, content: number): number {
  output.reserve(offset + 2);
  output.block[output.end + offset] = DICT;
  target = output;
  octets = offset + 1;
  contentOctets = content;
  hasLength = false;
  isHttps = false;
  hasHttps = false;
  visitEnviron(environ, write);
  if (content !== -1 && !hasLength) write('CONTENT_LENGTH', String(content));
  // A variable that CGI programs know HTTPS by (PEP 3333: "environ Variables").
  if (isHttps && !hasHttps) write('HTTPS', 'on');
  output.reserve(octets + 1);
  output.block[output.end + octets] = NULL;
  return octets + 1 - offset;
}

/** HOT. */
function write(name: string, value: string | number | boolean): void {
  const key = keyOf(name);
  if (key === null || (key.matters && !isWanted(name, value))) return;
  octets =
    typeof value === 'string'
      ? writeText(target, octets, key, value)
      : writeOther(target, octets, key, value);
}

function isWanted(name: string, value: string | number | boolean): boolean {
  if (name === 'CONTENT_LENGTH') hasLength = true;
  else if (name === 'HTTPS') hasHttps = true;
  else if (name === 'wsgi.url_scheme') isHttps = value === 'https';
  // Content that is all here has a length, however it was sent; whoever handed both on would say two things.
  else return contentOctets === -1;
  return true;
}

/** Code units up to which a text is written one by one: below, a call into C++ takes longer. */
const SHORT = 80;

/** HOT. */
function writeText(output: Output, octets: number, key: Key, text: string): number {
  const { length } = text;
  const size = key.octets.length;
  // Twice UTF-8: what has to become octets becomes up to three octets, each of which then is a code point.
  output.reserve(octets + size + 5 + 6 * length);
  const { block } = output;
  const start = output.end + octets;
  const head = start + size;
  for (let at = 0; at < size; at += 1) block[start + at] = key.octets[at] as number;
  block[head] = UNICODE;
  let written = length <= SHORT ? writeShort(block, head + 5, text) : 0;
  if (written !== length) {
    written = block.write(text, head + 5);
    if (written !== length && needsOctets(key, text)) {
      written = block.write(Buffer.from(text).toString('latin1'), head + 5);
    }
  }
  block.writeUInt32LE(written, head + 1);
  return octets + size + 5 + written;
}

/** HOT. Writes a text up to what is not ASCII. @returns octets */
function writeShort(block: Buffer, start: number, text: string): number {
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code > 0x7f) return at;
    block[start + at] = code;
  }
  return text.length;
}

/** A code point of a header's value is an octet already. What a middleware has put there and is no octet becomes UTF-8. */
function needsOctets(key: Key, text: string): boolean {
  return key.isPath || (key.isVariable && /[^\0-\xff]/.test(text));
}

function writeOther(output: Output, octets: number, key: Key, value: boolean | number): number {
  // PEP 3333: a variable is a string.
  if (key.isVariable) return writeText(output, octets, key, String(value));
  const size = key.octets.length;
  output.reserve(octets + size + 9);
  const { block } = output;
  const start = output.end + octets;
  block.set(key.octets, start);
  if (typeof value === 'boolean') {
    block[start + size] = value ? TRUE : FALSE;
    return octets + size + 1;
  }
  if ((value | 0) === value) {
    block[start + size] = INTEGER;
    block.writeInt32LE(value, start + size + 1);
    return octets + size + 5;
  }
  block[start + size] = FLOAT;
  block.writeDoubleLE(value, start + size + 1);
  return octets + size + 9;
}
