// Kinds of results and of their pieces, and what they come to in octets.

import { Buffer } from 'node:buffer';
import type { Chunk, Result } from '@fapws/core';

/** Octets that are compressed in one go: of a large piece no more than that is there twice. */
const sliceLength = 65_536;

export function isChunk(value: unknown): value is Chunk {
  return typeof value === 'string' || value instanceof Uint8Array;
}

export function isPromise(value: unknown): value is PromiseLike<Result> {
  return (
    typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
  );
}

export function isIterable(value: unknown): value is Iterable<unknown> | AsyncIterable<unknown> {
  return (
    typeof value === 'object' && value !== null && (Symbol.asyncIterator in value || Symbol.iterator in value)
  );
}

/** HOT. Octets of a result that is all there; null for any other. */
export function lengthOf(result: Result): number | null {
  if (typeof result === 'string') return Buffer.byteLength(result);
  if (result instanceof Uint8Array) return result.length;
  if (result === null || result === undefined) return 0;
  if (!Array.isArray(result)) return null;
  let length = 0;
  for (const piece of result as readonly unknown[]) {
    if (typeof piece === 'string') length += Buffer.byteLength(piece);
    else if (piece instanceof Uint8Array) length += piece.length;
    else if (piece !== null && piece !== undefined) return null;
  }
  return length;
}

/** HOT. The octets of a result for which `lengthOf` gave a number, or of a piece. */
export function bytesOf(result: Result): Uint8Array {
  if (typeof result === 'string') return Buffer.from(result);
  if (result instanceof Uint8Array) return result;
  if (!Array.isArray(result)) return Buffer.alloc(0);
  const pieces = (result as readonly (Chunk | null | undefined)[]).filter(isChunk);
  return pieces.length === 1 ? bytesOf(pieces[0]) : Buffer.concat(pieces.map(bytesOf));
}

export function* slicesOf(content: Uint8Array): Generator<Uint8Array, void, void> {
  for (let at = 0; at < content.length; at += sliceLength) yield content.subarray(at, at + sliceLength);
}

/** Other content in the place of a result, which is closed all the same. */
export function withClose(content: Uint8Array, result: Result): Result {
  const { close } = (result ?? {}) as { close?: unknown };
  if (!Array.isArray(result) || typeof close !== 'function') return content;
  return Object.assign([content], { close: () => close.call(result) as unknown });
}
