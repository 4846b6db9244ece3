// What internals of zlib are tried out with, before they are used.

import { Buffer } from 'node:buffer';
import zlib from 'node:zlib';
import type { Encoding } from './codings.ts';

/**
 * Content that fits into one chunk of zlib's, and content that does not. Of the first, the lowest level makes something else
 * than the default one.
 */
export function samples(): Buffer[] {
  const words = Array.from({ length: 2500 }, (_, at) => `word${(at * at * 7919) % 1013}`);
  const text = Buffer.from(words.join(' '));
  const noise = Buffer.alloc(40_000);
  for (let at = 0, state = 1; at < noise.length; at += 1) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    noise[at] = state >>> 24;
  }
  return [text, noise, Buffer.alloc(0), text];
}

const decompress: Readonly<Record<Encoding, ((content: Uint8Array) => Buffer) | undefined>> = {
  gzip: zlib.gunzipSync,
  deflate: zlib.inflateSync,
  br: zlib.brotliDecompressSync,
  zstd: (zlib as { zstdDecompressSync?: (content: Uint8Array) => Buffer }).zstdDecompressSync,
};

export function isDecoded(encoding: Encoding, compressed: Uint8Array, content: Uint8Array): boolean {
  return decompress[encoding]?.(compressed).equals(content) === true;
}
