// Lets a stream of zlib process content at once, on the loop, and go on living: for content that is smaller than what a way to
// a thread and back costs (about 100 µs).
//
// zlib has no public way to do that. What is used here is what minizlib, and so npm itself, relies on: `_processChunk`, with
// the end of the stream held off. Whoever uses it tries it out before, on each Node and for each coding: see `reuse` in
// reused.ts, and `worksAtOnce` below.

import { Buffer } from 'node:buffer';
import { codings, createStream, type Encoding, unknownSize, type ZlibStream } from './codings.ts';
import { isDecoded, samples } from './trial.ts';

interface Handle {
  close(): void;
}

/** What there is of a stream besides what is documented. */
interface Internals {
  _handle: Handle | null;
  _processChunk(content: Uint8Array, operation: number): Uint8Array;
}

/** Processes content with an operation such as flush. @throws what zlib throws; the stream is of no use from then on */
export type Process = (content: Uint8Array, operation: number) => Buffer;

/** @returns null where the stream has not what it takes */
export function atOnce(stream: ZlibStream): Process | null {
  const internals = stream as unknown as Internals;
  const handle = internals._handle;
  if (typeof internals._processChunk !== 'function' || typeof handle?.close !== 'function') return null;
  const { close } = stream as unknown as Handle;
  const closeHandle = handle.close;
  const stayOpen = (): void => {};
  return (content, operation) => {
    const listeners = stream.listenerCount('error');
    // It would close itself when the content is done.
    Object.assign(stream, { close: stayOpen });
    handle.close = stayOpen;
    try {
      // What it gives lies in the buffer that the next one is written to.
      return Buffer.from(internals._processChunk(content, operation));
    } finally {
      internals._handle = handle;
      Object.assign(stream, { close });
      handle.close = closeHandle;
      // It has left one behind.
      const all = stream.rawListeners('error') as (() => void)[];
      for (const listener of all.slice(listeners)) stream.removeListener('error', listener);
    }
  };
}

const tried = new Map<Encoding, boolean>();

/** Whether streams of a coding can process pieces at once on this Node, also between pieces that they process in a thread. */
export function worksAtOnce(encoding: Encoding): boolean {
  let works = tried.get(encoding);
  if (works === undefined) {
    works = tryPieces(encoding);
    tried.set(encoding, works);
  }
  return works;
}

function tryPieces(encoding: Encoding): boolean {
  try {
    const { flush, finish, usual } = codings[encoding];
    const stream = createStream(encoding, usual, unknownSize);
    const process = atOnce(stream);
    if (process === null) return false;
    const pieces = samples();
    const compressed = pieces.map(piece => process(piece, flush));
    const isLetOut = pieces.every((piece, at) => piece.length === 0 || compressed[at]?.length !== 0);
    compressed.push(process(Buffer.alloc(0), finish));
    stream.destroy();
    return isLetOut && isDecoded(encoding, Buffer.concat(compressed), Buffer.concat(pieces));
  } catch {
    // Whatever this Node does differently: there is the public way.
    return false;
  }
}
