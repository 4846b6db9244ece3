// Content that is compressed: text as pages have it, in three sizes, and how hard everybody tries.
import zlib from 'node:zlib';

const words =
  'the quick brown fox jumps over a lazy dog while seven wizards mix some very black liquid'.split(' ');

/** Markup whose words come in an order that does not repeat. */
function page(length) {
  const lines = [];
  let octets = 0;
  for (let line = 0, state = 1; octets < length; line += 1) {
    const text = [];
    for (let word = 0; word < 12; word += 1) {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      text.push(words[(state >>> 16) % words.length]);
    }
    lines.push(`<li class="item" id="item-${line}"><a href="/items/${line}">${text.join(' ')}</a></li>\n`);
    octets += lines.at(-1).length;
  }
  return lines.join('').slice(0, length);
}

export const PAGES = { '2k': page(2048), '20k': page(20_480), '200k': page(204_800) };

/** Pieces of a stream, 64 times 1 KiB. */
export const PIECES = Array.from({ length: 64 }, (_, at) =>
  Buffer.from(page(66_000).slice(at * 1024, (at + 1) * 1024)),
);

/** The same for all, so that nobody is ahead by compressing less. */
export const THRESHOLD = 1024;
export const GZIP_LEVEL = 6;
export const BROTLI_QUALITY = 4;
export const brotli = { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY } };
