// What a script writes to standard error, on its way to the log: line by line, said whose it is, and not more than is bearable.

import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import type { ErrorStream } from '@fapws/core';

/** Characters of one line. */
const LONGEST = 2048;

/**
 * Passes lines on until the stream ends.
 * @param limit octets that are passed on; of the rest only how many they were
 */
export function logErrors(stream: Readable, errors: ErrorStream, script: string, limit: number): void {
  const decoder = new StringDecoder('utf8');
  let line = '';
  let left = limit;
  let lost = 0;
  const tell = (text: string): void => {
    try {
      errors.write(`cgi: ${script}: ${shownLine(text)}\n`);
    } catch {
      // A broken log must not take the server down, and there is no other place to tell of it.
    }
  };
  const take = (text: string): void => {
    const lines = (line + text).split('\n');
    line = lines.pop() as string;
    for (const whole of lines) tell(whole);
    // A line without an end is told in parts.
    for (; line.length > LONGEST; line = line.slice(LONGEST)) tell(line.slice(0, LONGEST));
  };
  stream.on('data', (octets: Buffer) => {
    const allowed = octets.subarray(0, left);
    left -= allowed.length;
    lost += octets.length - allowed.length;
    take(decoder.write(allowed));
  });
  stream.on('error', error => tell(`standard error can't be read: ${error.message}`));
  stream.once('close', () => {
    take(decoder.end());
    if (line !== '') tell(line);
    if (lost > 0) tell(`wrote ${lost} octets more to standard error, which are left out`);
  });
}

/** Control characters could move the cursor of whoever reads the log, or look like lines of other scripts. */
function shownLine(line: string): string {
  return line
    .slice(0, LONGEST)
    .replace(/\r$/, '')
    .replace(/(?!\t)\p{Cc}/gu, character => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
