// Which media types are worth compressing, by mime-db. It must not know of requests.

import db from 'mime-db';

/** What is text by its name is text, also where mime-db does not know it. */
const textual = /^text\/|\+(?:json|text|xml|yaml)$/;

/**
 * Whether content of a type gets smaller: what mime-db says, else by the name.
 *
 * @param type in lower case, without parameters: `text/html`
 */
export function compressible(type: string): boolean {
  const known = Object.hasOwn(db, type) ? db[type]?.compressible : undefined;
  return known ?? textual.test(type);
}

/** Values of Content-Type that are remembered; an application that makes them up costs time, not memory. */
const mostRemembered = 256;
const longestRemembered = 256;

/** Answers by Content-Type as it stands in the header, remembered. */
export class Types {
  readonly #worthwhile: (type: string) => boolean;
  readonly #remembered = new Map<string, boolean>();

  constructor(worthwhile: (type: string) => boolean) {
    this.#worthwhile = worthwhile;
  }

  /** HOT. */
  has(contentType: string): boolean {
    const known = this.#remembered.get(contentType);
    if (known !== undefined) return known;
    const semicolon = contentType.indexOf(';');
    const type = (semicolon === -1 ? contentType : contentType.slice(0, semicolon)).trim().toLowerCase();
    const answer = this.#worthwhile(type) === true;
    if (contentType.length <= longestRemembered) {
      if (this.#remembered.size >= mostRemembered) this.#remembered.clear();
      this.#remembered.set(contentType, answer);
    }
    return answer;
  }
}
