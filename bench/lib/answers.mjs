/**
 * What every server answers. Servers build their answers from here and the checks compare with it, so that no
 * contestant can be fast by answering something else.
 */

export const HELLO = 'Hello World!!';

/** A new object for every request: what is measured includes building and serialising it. */
export const article = () => ({
  id: 42,
  title: 'Hello World!!',
  author: { name: 'Ada', verified: true },
  tags: ['server', 'wsgi', 'fast'],
  likes: 1815,
});

/** The answer of the route with parameters. */
export const postOfUser = (/** @type {string} */ id, /** @type {string} */ post) =>
  `user ${id}, post ${post}`;

export const CHUNKS = 64;
const chunk = Buffer.alloc(1024, 'fapws ');
export const CHUNK_SIZE = chunk.length;

/** The source of the streamed answer: 64 chunks of 1 KiB, one after the other. */
export function* chunks() {
  for (let sent = 0; sent < CHUNKS; sent++) yield chunk;
}
