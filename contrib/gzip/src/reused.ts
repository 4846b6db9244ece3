// A stream of zlib that compresses one content after the other, at once. Setting one up costs more than a few kilobytes do to
// compress, and zlib's public functions set one up each time.
//
// zlib has no public way to do that synchronously. What is used here is what minizlib, and so npm itself, relies on:
// `_processChunk`, with the end of the stream held off, and `reset()`. It is tried out before it is used, on each Node and
// for each coding: Brotli, for one, forgets its level at a reset. Where it does not do, `null` says so.

import { Buffer } from 'node:buffer';
import zlib from 'node:zlib';
import { codings, type Encoding, unknownSize } from './codings.ts';

interface Handle {
  close(): void;
}

/** What there is of a stream besides what is documented. */
interface Internals {
  _handle: Handle | null;
  _processChunk(chunk: Uint8Array, flushFlag: number): Uint8Array;
  reset(): void;
  close(): void;
  removeAllListeners(event: string): void;
}

/** Compresses whole content. */
export type Compress = (content: Uint8Array) => Buffer;

const newer = zlib.constants as unknown as Readonly<Record<string, number>>;

/** The operation that ends a stream. */
const finish: Readonly<Record<Encoding, number | undefined>> = {
  gzip: zlib.constants.Z_FINISH,
  deflate: zlib.constants.Z_FINISH,
  br: zlib.constants.BROTLI_OPERATION_FINISH,
  zstd: newer['ZSTD_e_end'],
};

/** Larger than most of what is compressed, so that it comes in one piece. */
const chunkSize = 32_768;

/**
 * A function that compresses on one stream again and again, or null where that does not work.
 * It must not be called by itself, and it throws if the stream has failed: it is of no use from then on.
 */
export function reuse(encoding: Encoding, level: number): Compress | null {
  try {
    const compress = onOneStream(encoding, level);
    return compress !== null && isRight(compress, encoding) ? compress : null;
  } catch {
    // Whatever this Node does differently: there is the public way.
    return null;
  }
}

function onOneStream(encoding: Encoding, level: number): Compress | null {
  const { create, parameters } = codings[encoding];
  const flag = finish[encoding];
  if (create === undefined || flag === undefined) return null;
  const stream = create({ ...parameters(level, unknownSize), chunkSize }) as unknown as Internals;
  const handle = stream._handle;
  if (typeof stream._processChunk !== 'function' || typeof stream.reset !== 'function' || handle === null) {
    return null;
  }
  const { close } = stream;
  const closeHandle = handle.close;
  const stayOpen = (): void => {};
  return content => {
    // It would close itself when the content is done.
    stream.close = stayOpen;
    handle.close = stayOpen;
    let compressed: Uint8Array;
    try {
      compressed = stream._processChunk(content, flag);
    } finally {
      stream._handle = handle;
      stream.close = close;
      handle.close = closeHandle;
      stream.removeAllListeners('error');
    }
    stream.reset();
    // It lies in the buffer that the next one is written to.
    return Buffer.from(compressed);
  };
}

const decompress: Readonly<Record<Encoding, ((content: Uint8Array) => Buffer) | undefined>> = {
  gzip: zlib.gunzipSync,
  deflate: zlib.inflateSync,
  br: zlib.brotliDecompressSync,
  zstd: (zlib as { zstdDecompressSync?: (content: Uint8Array) => Buffer }).zstdDecompressSync,
};

/** Whether what comes out is right, and the same each time, for content that fits into one chunk and for more. */
function isRight(compress: Compress, encoding: Encoding): boolean {
  const text = Buffer.from(
    '<li class="item">Fapws, the simplest and the fastest: number 1815.</li>\n'.repeat(30),
  );
  const noise = Buffer.alloc(2 * chunkSize);
  for (let at = 0, state = 1; at < noise.length; at += 1) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    noise[at] = state >>> 24;
  }
  const contents = [text, noise, Buffer.alloc(0), text];
  const first = contents.map(compress);
  const second = contents.map(compress);
  return contents.every(
    (content, at) =>
      first[at]?.equals(second[at] as Buffer) === true &&
      decompress[encoding]?.(first[at]).equals(content) === true,
  );
}
