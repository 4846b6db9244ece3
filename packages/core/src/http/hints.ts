// Interim answers of the application: 103 Early Hints (RFC 8297).

import type { Exchange } from './exchange.ts';
import { type Header, responseHeadOf } from './response-head.ts';

/**
 * Sends fields ahead of the answer, if there is a client that understands it and waits for the answer.
 * @throws {ContractError} when something in them can't be sent
 */
export function sendHints(exchange: Exchange, headers: readonly Header[]): void {
  const { connection, head } = exchange;
  // Checked as those of an answer that, like an interim one, must not have a Content-Length (RFC 9110 8.6).
  const { lines } = responseHeadOf('204 No Content', headers);
  if (head.minorVersion === 0 || exchange.started) return;
  if (!connection.transport.write(`HTTP/1.1 103 Early Hints\r\n${lines}\r\n`)) connection.stalled();
}
