// A stream of zlib that compresses one content after the other, at once. Setting one up costs as much as compressing some
// kilobytes, and zlib's public functions set one up each time.

import type { Buffer } from 'node:buffer';
import { atOnce } from './at-once.ts';
import { codings, type Encoding, unknownSize } from './codings.ts';
import { isDecoded, samples } from './trial.ts';

/** Compresses whole content. */
export type Compress = (content: Uint8Array) => Buffer;

/** Larger than most of what comes out, so that it comes in one piece. */
const chunkSize = 32_768;

/**
 * A function that compresses on one stream again and again, or null where that does not work: Brotli forgets its level at a
 * reset, and so does zstd before Node 26, which matters unless its own default is what is wanted.
 * It throws if the stream has failed, and is of no use from then on.
 */
export function reuse(encoding: Encoding, level: number): Compress | null {
  try {
    const { keepsLevel, lowest, usual } = codings[encoding];
    if (!keepsLevel) return null;
    // A level close to the default may look right on the samples when it is forgotten; the lowest one does not.
    if (level !== usual && !isRight(onOneStream(encoding, lowest), encoding)) return null;
    const compress = onOneStream(encoding, level);
    return isRight(compress, encoding) ? compress : null;
  } catch {
    // Whatever this Node does differently: there is the public way.
    return null;
  }
}

function onOneStream(encoding: Encoding, level: number): Compress | null {
  const { create, finish, parameters } = codings[encoding];
  const stream = create?.({ ...parameters(level, unknownSize), chunkSize });
  const process = stream && atOnce(stream);
  if (stream === undefined || !process) return null;
  return content => {
    const compressed = process(content, finish);
    // Not in the types of all of them.
    (stream as unknown as { reset(): void }).reset();
    return compressed;
  };
}

/** Whether what comes out is right, and the same each time. */
function isRight(compress: Compress | null, encoding: Encoding): boolean {
  if (compress === null) return false;
  const contents = samples();
  const first = contents.map(compress);
  const second = contents.map(compress);
  return contents.every(
    (content, at) =>
      first[at]?.equals(second[at] as Buffer) === true && isDecoded(encoding, first[at], content),
  );
}
