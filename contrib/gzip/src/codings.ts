// The content codings that there are (RFC 9110 8.4.1), what zlib calls them, and the parameters that suit a size of content.

import type { Transform } from 'node:stream';
import zlib from 'node:zlib';

/** A content coding by its name in HTTP. `deflate` is the zlib format of RFC 1950, not bare deflate. */
export type Encoding = 'zstd' | 'br' | 'gzip' | 'deflate';

/** In the order in which they are preferred: the cheapest for its size first, the ambiguous one last. */
export const allEncodings: readonly Encoding[] = ['zstd', 'br', 'gzip', 'deflate'];

/** The size of content that is not known before its end. */
export const unknownSize: number = Number.POSITIVE_INFINITY;

/** A stream of zlib, as far as it is used here. */
export type ZlibStream = Transform;

/** Options that all of zlib's functions understand in their own ways. */
interface Parameters {
  chunkSize: number;
  flush?: number;
  level?: number;
  windowBits?: number;
  params?: Record<number, number>;
  pledgedSrcSize?: number;
}

interface Coding {
  /** Levels that can be asked for. */
  readonly lowest: number;
  readonly highest: number;
  /** The level where none is asked for: what does most for its time on text of some kilobytes. */
  readonly usual: number;
  /** The operation that lets out all that has been put in. */
  readonly flush: number;
  /** The operation that ends the content. */
  readonly finish: number;
  /** Whether a reset may leave the level as it is; Brotli's makes it 11, up to Node 26 at least. */
  readonly keepsLevel: boolean;
  parameters(level: number, size: number): Omit<Parameters, 'chunkSize'>;
  /** Absent where this Node does not have it. */
  readonly create: ((parameters: Parameters) => ZlibStream) | undefined;
  readonly compressSync: ((content: Uint8Array, parameters: Parameters) => Buffer) | undefined;
}

// Node 22.15 and later; the types here are those of Node 20.
const newer = zlib as unknown as {
  readonly constants: Readonly<Record<string, number>>;
  readonly createZstdCompress?: Coding['create'];
  readonly zstdCompressSync?: Coding['compressSync'];
};
const constants = newer.constants;
const constant = (name: string): number => constants[name] ?? 0;

/** Bits of a window that holds all of the content: a larger one costs time to set up and gains nothing. */
function windowOf(size: number, least: number, most: number): number {
  // A window of deflate loses 262 octets to its look-ahead.
  return Math.min(most, Math.max(least, Math.ceil(Math.log2(size + 262))));
}

/** Of a stream whose length nobody knows: 512 KiB, so that it does not grow to megabytes for each client. */
const streamWindow = 19;

const deflating = {
  lowest: 1,
  highest: 9,
  usual: 6,
  flush: zlib.constants.Z_SYNC_FLUSH,
  finish: zlib.constants.Z_FINISH,
  keepsLevel: true,
  parameters: (level: number, size: number) => ({ level, windowBits: windowOf(size, 9, 15) }),
};

export const codings: Readonly<Record<Encoding, Coding>> = {
  gzip: {
    ...deflating,
    create: zlib.createGzip as Coding['create'],
    compressSync: zlib.gzipSync as Coding['compressSync'],
  },
  deflate: {
    ...deflating,
    create: zlib.createDeflate as Coding['create'],
    compressSync: zlib.deflateSync as Coding['compressSync'],
  },
  br: {
    lowest: 0,
    highest: 11,
    usual: 4,
    flush: zlib.constants.BROTLI_OPERATION_FLUSH,
    finish: zlib.constants.BROTLI_OPERATION_FINISH,
    keepsLevel: false,
    parameters: (level, size) => ({
      params: {
        [constant('BROTLI_PARAM_QUALITY')]: level,
        [constant('BROTLI_PARAM_LGWIN')]: size === unknownSize ? streamWindow : windowOf(size, 10, 22),
        ...(size === unknownSize ? {} : { [constant('BROTLI_PARAM_SIZE_HINT')]: size }),
      },
    }),
    create: zlib.createBrotliCompress as Coding['create'],
    compressSync: zlib.brotliCompressSync as Coding['compressSync'],
  },
  zstd: {
    lowest: 1,
    // Beyond 19 the window may exceed the 8 MiB that a client has to support (RFC 9659).
    highest: 19,
    usual: 3,
    flush: constant('ZSTD_e_flush'),
    finish: constant('ZSTD_e_end'),
    keepsLevel: true,
    parameters: (level, size) => ({
      params: {
        [constant('ZSTD_c_compressionLevel')]: level,
        ...(size === unknownSize ? { [constant('ZSTD_c_windowLog')]: streamWindow } : {}),
      },
      ...(size === unknownSize ? {} : { pledgedSrcSize: size }),
    }),
    create: newer.createZstdCompress,
    compressSync: newer.zstdCompressSync,
  },
};

/** Whether this Node has it. */
export function isAvailable(encoding: Encoding): boolean {
  return codings[encoding].create !== undefined && codings[encoding].compressSync !== undefined;
}

/**
 * A stream that compresses.
 *
 * @param size octets of all the content, or unknownSize: then each chunk is let out as it comes
 */
export function createStream(encoding: Encoding, level: number, size: number): ZlibStream {
  const { create, flush, parameters } = codings[encoding];
  if (create === undefined) throw new Error(`this Node has no ${encoding}`);
  const stream = size === unknownSize ? { flush, chunkSize: 16_384 } : { chunkSize: 65_536 };
  return create({ ...parameters(level, size), ...stream });
}

/** Compresses at once, by what is public of zlib. */
export function compressAtOnce(encoding: Encoding, level: number, content: Uint8Array): Buffer {
  const { compressSync, parameters } = codings[encoding];
  if (compressSync === undefined) throw new Error(`this Node has no ${encoding}`);
  const chunkSize = Math.min(Math.max(1024, content.length), 65_536);
  return compressSync(content, { ...parameters(level, content.length), chunkSize });
}
