// The head of an answer: what in it speaks for compressing and against it, and what has to change in it when that is done.

import type { Headers, WsgiResponse } from '@fapws/core';
import type { Encoding } from './codings.ts';
import type { Types } from './compressible.ts';

/** A head that can still be changed: that of the server's response, or one that is held back. */
export type Head = Pick<WsgiResponse, 'status' | 'headers' | 'setStatus' | 'setHeader' | 'removeHeader'>;

/** A head that waits here, where no response can be reached because a middleware further out has replaced startResponse. */
export class HeldHead implements Head {
  status: string;
  headers: Headers;
  /** Whether it has the form of a head at all; if not, that is for the server to complain of. */
  readonly isSound: boolean;

  constructor(status: string, headers: Headers) {
    this.status = status;
    // The caller may change its array afterwards.
    this.headers = Array.isArray(headers) ? [...headers] : headers;
    this.isSound = typeof status === 'string' && Array.isArray(headers) && headers.every(isPairOfStrings);
  }

  setStatus(status: string): void {
    this.status = status;
  }

  setHeader(name: string, value: string): void {
    this.removeHeader(name);
    this.headers = [...this.headers, [name, value]];
  }

  removeHeader(name: string): void {
    const unwanted = name.toLowerCase();
    this.headers = this.headers.filter(([known]) => known.toLowerCase() !== unwanted);
  }
}

function isPairOfStrings(header: unknown): boolean {
  return Array.isArray(header) && header.length === 2 && header.every(part => typeof part === 'string');
}

/** What a head says that matters here. */
export interface Facts {
  /** Whether it forbids to change the content, or has none. */
  readonly closed: boolean;
  readonly notModified: boolean;
  readonly compressible: boolean;
  /** Content-Length, or -1. */
  readonly length: number;
  /** ETag; empty if there is none. */
  readonly tag: string;
  /** Vary, its lines joined; empty if there is none. */
  readonly vary: string;
  readonly hasRanges: boolean;
}

/** Fields that are about the very octets of the content, by RFC 9110, RFC 9530 and their predecessors. */
const digests = new Set(['content-digest', 'repr-digest', 'digest', 'content-md5']);

/** HOT. */
export function factsOf({ status, headers }: Head, types: Types): Facts {
  let closed = status.startsWith('20') ? '456'.includes(status.charAt(2)) : status.startsWith('304');
  let compressible = false;
  let length = -1;
  let tag = '';
  let vary = '';
  let hasRanges = false;
  for (const [name, value] of headers) {
    switch (name.toLowerCase()) {
      case 'content-type':
        compressible = types.has(value);
        break;
      case 'content-length':
        length = Number(value);
        break;
      case 'content-encoding':
      case 'content-range':
        closed = true;
        break;
      case 'cache-control':
        // RFC 9111 5.2.2.6.
        if (/(?:^|[,\t ])no-transform(?:$|[,\t ])/i.test(value)) closed = true;
        break;
      case 'etag':
        tag = value;
        break;
      case 'vary':
        vary = vary === '' ? value : `${vary}, ${value}`;
        break;
      case 'accept-ranges':
        hasRanges = true;
        break;
      default:
        if (digests.has(name.toLowerCase())) closed = true;
    }
  }
  return { closed, notModified: status.startsWith('304'), compressible, length, tag, vary, hasRanges };
}

/** HOT. Says that the answer depends on Accept-Encoding, if nothing else says so. */
export function addVary(head: Head, { vary }: Facts): void {
  if (vary === '') head.setHeader('Vary', 'Accept-Encoding');
  else if (!/(?:^|,)[\t ]*(?:\*|accept-encoding)[\t ]*(?:$|,)/i.test(vary)) {
    head.setHeader('Vary', `${vary}, Accept-Encoding`);
  }
}

/** Makes a head one of coded content. */
export function makeCoded(head: Head, facts: Facts, encoding: Encoding): void {
  if (facts.length !== -1) head.removeHeader('Content-Length');
  // Parts of the plain content can't be joined to a part of the coded one, and nobody can ask for parts of that.
  if (facts.hasRanges) head.removeHeader('Accept-Ranges');
  weaken(head, facts);
  addVary(head, facts);
  head.setHeader('Content-Encoding', encoding);
}

/** RFC 9110 8.8.1: the octets differ from those of the plain content, so the validator of both is a weak one. */
function weaken(head: Head, { tag }: Facts): void {
  if (tag.startsWith('"')) head.setHeader('ETag', `W/${tag}`);
}

/**
 * Makes a head of 304 say what one of 200 would have said: a client that has the coded content knows it by the weak
 * validator (RFC 9110 15.4.5, RFC 9111 4.3.4).
 *
 * @param condition If-None-Match of the request
 */
export function makeNotModified(head: Head, facts: Facts, condition: string): void {
  if (facts.tag.startsWith('"') && condition.includes(`W/${facts.tag}`)) weaken(head, facts);
  addVary(head, facts);
}
