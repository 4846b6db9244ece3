// What a load is, and what applies it.
import { autocannon } from './autocannon.mjs';
import { wrk } from './wrk.mjs';

/**
 * Requests as fast as they are answered, over a fixed number of connections.
 *
 * @typedef {object} Load
 * @property {string} path
 * @property {string} method
 * @property {Record<string, string>} headers
 * @property {number} bodyBytes
 * @property {number} connections
 * @property {number} variants numbers from 0 that take turns for a `*` in the path
 * @property {number} pipelined requests in flight per connection, sent in one write
 * @property {boolean} oncePerConnection the server is asked to close after the answer
 */

/**
 * @typedef {object} LoadResult
 * @property {number} requests answered
 * @property {number} seconds
 * @property {number | null} p50 latency in microseconds; null where the generator cannot tell
 * @property {number | null} p99 latency in microseconds
 * @property {number} errors connections refused, answers above 399, timeouts
 * @property {number} cuts connections which the server ended without a word
 */

/**
 * @typedef {object} Generator
 * @property {string} title with version
 * @property {(load: Load, port: number, seconds: number) => Promise<LoadResult>} apply
 */

/**
 * @param {Partial<Load> & { path: string }} load
 * @returns {Load}
 */
export const defineLoad = load => ({
  method: 'GET',
  headers: {},
  bodyBytes: 0,
  connections: 64,
  variants: 1,
  pipelined: 1,
  oncePerConnection: false,
  ...load,
});

/** @returns {Generator} */
export const chooseGenerator = () => wrk() ?? autocannon();
