// Who takes part. A new peer is one entry here and one file in `servers/` which listens on 127.0.0.1:PORT.
import { createRequire } from 'node:module';
import { pythonContestants } from './python-contestants.mjs';

const { resolve } = createRequire(import.meta.url);

/**
 * @typedef {object} Contestant
 * @property {string} name the word for `--server`; `servers/<name>.mjs` is the program
 * @property {string} title as printed
 * @property {string[]} packages whose versions are stated beside the results
 * @property {() => string} [runtime] path of what runs the program instead of this Node; throws an Error that tells
 *   why it is not available
 * @property {Record<string, string>} [env] added to the program's environment
 * @property {string} [program] the file in `servers/`, where it is not the name with `.mjs` behind it
 * @property {() => Record<string, string>} [versions] of what is no package
 * @property {string} [field] a word for those who answer another kind of scenario than hello and its like
 */

/** @type {Contestant[]} */
export const contestants = [
  { name: 'fapws', title: 'Fapws', packages: ['@fapws/core'] },
  { name: 'node-http', title: 'node:http', packages: [] },
  { name: 'fastify', title: 'Fastify', packages: ['fastify'] },
  { name: 'hono', title: 'Hono on Node', packages: ['hono', '@hono/node-server'] },
  { name: 'polka', title: 'polka', packages: ['polka'] },
  { name: 'bun', title: 'Bun', packages: [`@oven/bun-linux-${bunArchitecture()}`], runtime: bun },

  { name: 'fapws-static', title: '@fapws/static', packages: ['@fapws/static'], field: 'files' },
  { name: 'sirv', title: 'sirv', packages: ['sirv'], field: 'files' },
  { name: 'send', title: 'send', packages: ['send'], field: 'files' },
  { name: 'fastify-static', title: '@fastify/static', packages: ['@fastify/static'], field: 'files' },
  { name: 'nginx', title: 'nginx', packages: [], field: 'files' },

  { name: 'fapws-gzip', title: '@fapws/gzip', packages: ['@fapws/gzip'], field: 'compressed' },
  {
    name: 'fapws-gzip-cache',
    title: '@fapws/gzip, with its cache',
    packages: ['@fapws/gzip'],
    field: 'compressed',
  },
  { name: 'compression', title: 'compression', packages: ['compression'], field: 'compressed' },
  {
    name: 'fastify-compress',
    title: '@fastify/compress',
    packages: ['@fastify/compress'],
    field: 'compressed',
  },
  ...pythonContestants,
];

/** Whom the benchmark is about, and whom the ratios are taken against. */
export const SUBJECT = 'fapws';
export const BASELINE = 'node-http';

function bunArchitecture() {
  return process.arch === 'arm64' ? 'aarch64' : 'x64';
}

// The package `bun` fetches its binary in a postinstall script, which this repository does not allow; the package with
// the binary is an optional dependency instead.
function bun() {
  const binary = `@oven/bun-linux-${bunArchitecture()}/bin/bun`;
  try {
    return resolve(binary);
  } catch {
    throw new Error(`${binary} is not installed (there is no Bun of that name for ${process.platform})`);
  }
}
