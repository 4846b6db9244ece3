// What goes around the content of an answer: where it ends, and whether the connection goes on behind it.

import { Buffer } from 'node:buffer';
import type { Transport } from '../loop/types.ts';
import { ContractError } from './errors.ts';
import type { Exchange } from './exchange.ts';
import { KnownLength } from './request-head.ts';

/** HOT. Whether another request may follow this one. */
export function mayGoOn(exchange: Exchange): boolean {
  const { head, connection } = exchange;
  if (!head.keepAlive || exchange.gone || connection.isLast) return false;
  if (!exchange.receiving) return true;
  // A client that waits for 100 Continue may now send its content or not: nobody can tell what comes next.
  if (exchange.awaitsInvitation) return false;
  return (
    head.framing !== KnownLength ||
    head.contentLength - exchange.body.received <= connection.protocol.limits.discard
  );
}

/**
 * HOT. Writes a piece of content.
 * @param head what goes before it
 * @param length its octets
 * @returns as `write`
 */
export function writePiece(
  transport: Transport,
  head: string,
  content: string | Uint8Array,
  length: number,
  chunked: boolean,
): boolean {
  // One code unit is one octet: the text can be joined to the framing around it.
  if (typeof content === 'string' && content.length === length) {
    return transport.write(chunked ? `${head}${length.toString(16)}\r\n${content}\r\n` : head + content);
  }
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  if (!chunked) {
    if (head !== '') transport.write(head);
    return transport.write(bytes);
  }
  transport.write(`${head}${length.toString(16)}\r\n`);
  transport.write(bytes);
  return transport.write('\r\n');
}

/** Content-Length lines of short answers, rendered once. */
const lengthLines: string[] = [];
const LONGEST_RENDERED = 4096;

/** HOT. */
export function lengthLine(length: number): string {
  if (length >= LONGEST_RENDERED) return `Content-Length: ${length}\r\n`;
  while (lengthLines.length <= length) lengthLines.push(`Content-Length: ${lengthLines.length}\r\n`);
  return lengthLines[length] as string;
}

export function tooShort(octets: number, declared: number, more = ''): ContractError {
  return new ContractError(
    'FAPWS_CONTENT_LENGTH',
    `The answer has ${octets} octets, but its Content-Length says ${declared}.${more}`,
  );
}

export function tooLong(declared: number): ContractError {
  return new ContractError(
    'FAPWS_CONTENT_LENGTH',
    `The answer is longer than its Content-Length of ${declared}; what was too much is not sent.`,
  );
}
