// `a=1&b=2&a=3`: queries, and forms without files.

import { Buffer } from 'node:buffer';
import { percentDecode } from './charset.ts';
import { checkLimit, type FormLimits } from './limits.ts';

/**
 * @throws {FormError} 400 for what is not UTF-8, 413 beyond a limit
 */
export function parseUrlencoded(text: string, limits: FormLimits): [string, string][] {
  const entries: [string, string][] = [];
  for (let from = 0; from < text.length; ) {
    const ampersand = text.indexOf('&', from);
    const end = ampersand === -1 ? text.length : ampersand;
    if (end > from) {
      checkLimit(limits, 'fields', entries.length + 1);
      entries.push(entryOf(text.slice(from, end), limits));
    }
    from = end + 1;
  }
  return entries;
}

function entryOf(text: string, limits: FormLimits): [string, string] {
  const equals = text.indexOf('=');
  const name = decode(equals === -1 ? text : text.slice(0, equals));
  const value = equals === -1 ? '' : decode(text.slice(equals + 1));
  checkLimit(limits, 'name', Buffer.byteLength(name));
  checkLimit(limits, 'field', Buffer.byteLength(value));
  return [name, value];
}

function decode(text: string): string {
  return percentDecode(text.replaceAll('+', ' '));
}
