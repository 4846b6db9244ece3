// Octets to text. What is not valid is refused: replacement characters in a database can never be mended.

import { Buffer } from 'node:buffer';
import { TextDecoder } from 'node:util';
import { FormError, malformed } from './errors.ts';

const utf8: TextDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * @param label what the client calls the encoding
 * @throws {FormError} 415 for an encoding that is not known
 */
export function decoderOf(label: string | undefined): TextDecoder {
  if (label === undefined) return utf8;
  try {
    const decoder = new TextDecoder(label, { fatal: true, ignoreBOM: true });
    return decoder.encoding === 'utf-8' ? utf8 : decoder;
  } catch {
    throw new FormError('charset', 'The character encoding of a field is not known here. Send UTF-8.');
  }
}

/** @throws {FormError} 400 for octets that are no text in this encoding */
export function decodeText(octets: Uint8Array, decoder: TextDecoder = utf8): string {
  try {
    return decoder.decode(octets);
  } catch {
    throw malformed('A field is not valid text in its character encoding. Send UTF-8.');
  }
}

/** Text of a header, one code point per octet, as what its octets say in UTF-8. */
export function decodeHeaderText(text: string): string {
  for (let at = 0; at < text.length; at += 1) {
    if (text.charCodeAt(at) > 0x7f) return decodeText(Buffer.from(text, 'latin1'));
  }
  return text;
}

const strayPercent = /%(?![0-9A-Fa-f]{2})/g;

/**
 * Percent-decodes as UTF-8. A percent sign that begins nothing is itself, as browsers have it.
 * @throws {FormError} 400 for what is not UTF-8
 */
export function percentDecode(text: string): string {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text.replace(strayPercent, '%25'));
  } catch {
    throw malformed('A field is not valid text in UTF-8.');
  }
}
