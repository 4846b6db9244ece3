// Ten million octets that nobody holds: a block is made when the client has taken the ones before it. A slow client slows
// only its own answer down, and costs no memory.

import type { Application } from '@fapws/core';

const LINE_LENGTH = 100;
const LINES_PER_BLOCK = 1000;
const BLOCKS = 100;

export const download: Application = (_environ, startResponse) => {
  startResponse('200 OK', [
    ['Content-Type', 'text/plain; charset=utf-8'],
    ['Content-Disposition', 'attachment; filename="ten-megabytes.txt"'],
    // Known beforehand: with it the client can show how far it is. Without it the answer is sent in chunks.
    ['Content-Length', String(LINE_LENGTH * LINES_PER_BLOCK * BLOCKS)],
  ]);
  return blocks();
};

function* blocks(): Generator<string> {
  for (let block = 0; block < BLOCKS; block += 1) {
    let text = '';
    for (let line = 1; line <= LINES_PER_BLOCK; line += 1) {
      text += `${`Line ${block * LINES_PER_BLOCK + line} of ${BLOCKS * LINES_PER_BLOCK} `.padEnd(LINE_LENGTH - 1, '.')}\n`;
    }
    yield text;
  }
}
