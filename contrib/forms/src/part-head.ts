// The header of one part of a multipart form (RFC 7578 4.2): what the field is called, and whether it is a file.

import { Buffer } from 'node:buffer';
import type { TextDecoder } from 'node:util';
import { decodeHeaderText, decoderOf, decodeText } from './charset.ts';
import { FormError, malformed } from './errors.ts';
import { parseParameterised } from './parameters.ts';

/** Values by field name in lower case, one code point per octet. */
export type PartFields = Readonly<Record<string, readonly string[] | undefined>>;

export interface PartHead {
  readonly name: string;
  /** The name of the file as it was sent; null for a text field. */
  readonly fileName: string | null;
  /** Media type in lower case, without parameters. */
  readonly type: string;
  /** For the value of a text field. */
  readonly decoder: TextDecoder;
}

const OCTET_STREAM = 'application/octet-stream';
const mediaType = /^[!#$&\-^_.+0-9a-z]+\/[!#$&\-^_.+0-9a-z]+$/;
/** Those that change nothing. RFC 7578 4.7 deprecates the field; no browser sends it. */
const plainEncodings = new Set(['7bit', '8bit', 'binary']);

/** @throws {FormError} 400, or 415 for what is not read here */
export function partHeadOf(fields: PartFields): PartHead {
  const disposition = parseParameterised(single(fields, 'content-disposition') ?? '');
  const encodedName = disposition?.parameters.get('name');
  if (disposition?.value !== 'form-data' || encodedName === undefined) {
    throw malformed('A part of the form has no well-formed Content-Disposition: form-data with a name.');
  }
  const encoding = single(fields, 'content-transfer-encoding');
  if (encoding !== undefined && !plainEncodings.has(encoding.trim().toLowerCase())) {
    throw new FormError(
      'type',
      'A part of the form has a Content-Transfer-Encoding. Send parts as they are.',
    );
  }
  const contentType = parseParameterised(single(fields, 'content-type') ?? '');
  const sentName = fileNameOf(disposition.parameters);
  const type = contentType?.value ?? '';
  const isFile = sentName !== null || type === OCTET_STREAM;
  if (!isFile && type.startsWith('multipart/')) {
    throw new FormError(
      'type',
      'A part of the form is itself multipart. Send its files as parts of their own.',
    );
  }
  return {
    name: decodeName(encodedName),
    fileName: isFile ? (sentName ?? '') : null,
    type: mediaType.test(type) ? type : isFile ? OCTET_STREAM : 'text/plain',
    decoder: decoderOf(isFile ? undefined : contentType?.parameters.get('charset')),
  };
}

function single(fields: PartFields, name: string): string | undefined {
  const values = fields[name];
  if (values !== undefined && values.length > 1) throw malformed(`A part of the form has ${name} twice.`);
  return values?.[0];
}

/**
 * `filename*` (RFC 8187) has no place in forms, but some clients (.NET) send it beside a mangled `filename`: it is the better one.
 */
function fileNameOf(parameters: ReadonlyMap<string, string>): string | null {
  const extended = parameters.get('filename*');
  if (extended !== undefined) return decodeExtended(extended);
  const plain = parameters.get('filename');
  return plain === undefined ? null : decodeName(plain);
}

/** The HTML standard has browsers escape three characters in names, and nothing else. */
function decodeName(text: string): string {
  return decodeHeaderText(text).replace(
    /%0A|%0D|%22/gi,
    sequence => ({ '%0A': '\n', '%0D': '\r', '%22': '"' })[sequence.toUpperCase()] as string,
  );
}

/** `UTF-8'en'na%C3%AFve.txt` */
function decodeExtended(text: string): string {
  const found = /^(utf-8|iso-8859-1)'[^']*'((?:[!#$&+\-.^_`|~0-9A-Za-z]|%[0-9A-Fa-f]{2})*)$/i.exec(text);
  if (found === null) throw malformed('A part of the form has a malformed filename*.');
  const octets = Buffer.from(
    (found[2] as string).replace(/%([0-9A-Fa-f]{2})/g, (_, digits: string) =>
      String.fromCharCode(Number.parseInt(digits, 16)),
    ),
    'latin1',
  );
  return decodeText(octets, decoderOf(found[1]));
}
