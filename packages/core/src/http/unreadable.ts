// What llhttp could not read, and how that is answered.

import * as parserCodes from '../parser/codes.ts';
import type { Parser } from '../parser/parser.ts';
import { Refusal } from './refusal.ts';

/**
 * The answer to a head that llhttp could not read.
 * @param text what it could read
 */
export function refusalOf(code: number, parser: Parser, text: string): Refusal {
  switch (code) {
    case parserCodes.InvalidMethod: {
      // A token, or octets above 7F as an exotic method has them: not known here (RFC 9110 9.1). Else garbage.
      const octet = parser.memory[parser.position] as number;
      const isMethod = octet === 0x20 ? /[^\r\n]$/.test(text) : isTokenOctet(octet);
      return isMethod ? Refusal.method : Refusal.badRequest;
    }
    case parserCodes.InvalidConstant:
      return parser.reason === 'Invalid method for HTTP/x.x request' ? Refusal.method : Refusal.badRequest;
    case parserCodes.InvalidContentLength:
      // RFC 9110 8.6: more digits than any number has, which is too much, not wrong.
      return parser.reason === 'Content-Length overflow' ? Refusal.contentTooLarge : Refusal.badRequest;
    case parserCodes.InvalidVersion:
      return parser.reason === 'Invalid HTTP version' ? Refusal.version : Refusal.badRequest;
    case parserCodes.PausedForHttp2:
      return Refusal.version;
    default:
      return Refusal.badRequest;
  }
}

function isTokenOctet(octet: number): boolean {
  return octet > 0x20 && octet !== 0x7f && !'(),/:;<=>?@[\\]{}"'.includes(String.fromCharCode(octet));
}
