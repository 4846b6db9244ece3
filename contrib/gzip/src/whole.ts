// Compresses content that is all there: small content at once, more beside the event loop; what is kept is not compressed again.

import { Buffer } from 'node:buffer';
import { Cache } from './cache.ts';
import { compressAtOnce, type Encoding } from './codings.ts';
import { Encoder } from './encoder.ts';
import type { Settings } from './options.ts';
import { type Compress, reuse } from './reused.ts';

/** Streams are reused by all middlewares of a process that have the same level; null where they can't be. */
const reused = new Map<string, Compress | null>();

export class WholeCompressor {
  readonly #settings: Settings;
  readonly #cache: Cache | null;

  constructor(settings: Settings) {
    this.#settings = settings;
    this.#cache = settings.cache === 0 ? null : new Cache(settings.cache);
  }

  /**
   * Compresses all of an answer.
   *
   * @param began is given the encoder, where one is needed
   * @returns the octets; a promise of them when they are made beside the event loop
   */
  compress(
    content: Uint8Array,
    encoding: Encoding,
    began: (encoder: Encoder) => void,
  ): Buffer | Promise<Buffer> {
    const cache = this.#cache;
    const { levels, syncLimit } = this.#settings;
    const key = cache === null ? '' : cache.keyOf(content, encoding);
    const kept = cache?.get(key);
    if (kept !== undefined) return kept;
    if (content.length <= syncLimit) {
      const compressed = compressNow(content, encoding, levels[encoding]);
      cache?.set(key, compressed);
      return compressed;
    }
    const encoder = new Encoder(encoding, levels[encoding], content.length);
    began(encoder);
    return encoder.finish(content).then(pieces => {
      const compressed = Buffer.concat(pieces);
      cache?.set(key, compressed);
      return compressed;
    });
  }
}

/** HOT. */
function compressNow(content: Uint8Array, encoding: Encoding, level: number): Buffer {
  const name = `${encoding} ${level}`;
  let compress = reused.get(name);
  if (compress === undefined) {
    compress = reuse(encoding, level);
    reused.set(name, compress);
  }
  if (compress !== null) {
    try {
      return compress(content);
    } catch {
      // Out of memory, or an internal that is not what it was: that stream is done with, the public way is left.
      reused.set(name, null);
    }
  }
  return compressAtOnce(encoding, level, content);
}
