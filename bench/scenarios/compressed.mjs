import assert from 'node:assert/strict';
import zlib from 'node:zlib';
import { ask } from '../lib/client.mjs';
import { defineLoad } from '../lib/load.mjs';
import { PAGES, PIECES } from '../lib/pages.mjs';
import { defineLoadScenario } from '../lib/scenario.mjs';

const decoders = { gzip: zlib.gunzipSync, br: zlib.brotliDecompressSync };

const scenario = ({ path, coding, content, ...about }) => {
  const load = defineLoad({ path, headers: { 'Accept-Encoding': coding } });
  return defineLoadScenario({
    field: 'compressed',
    subject: 'fapws-gzip',
    baseline: 'compression',
    ...about,
    load,
    async check(port) {
      const { status, headers, body } = await ask(port, load);
      assert.equal(status, 200, `status ${status} instead of 200`);
      const coded = headers['content-encoding'];
      assert.equal(coded, coding === 'identity' ? undefined : coding, `Content-Encoding is ${coded}`);
      const decoded = coded === undefined ? body : decoders[coded](body);
      assert.ok(decoded.equals(Buffer.from(content)), 'the content differs');
    },
  });
};

export const compressed = [
  scenario({
    name: 'gzip-2k',
    title: '2 KiB in gzip',
    shows: 'A small page or an answer of an API: what compressing costs besides compressing.',
    path: '/2k',
    coding: 'gzip',
    content: PAGES['2k'],
  }),
  scenario({
    name: 'gzip-20k',
    title: '20 KiB in gzip',
    shows: 'A page.',
    path: '/20k',
    coding: 'gzip',
    content: PAGES['20k'],
  }),
  scenario({
    name: 'gzip-200k',
    title: '200 KiB in gzip',
    shows: 'A large page: almost all of the time is zlib’s, which is the same for all.',
    path: '/200k',
    coding: 'gzip',
    content: PAGES['200k'],
  }),
  scenario({
    name: 'br-2k',
    title: '2 KiB in Brotli',
    shows: 'A small page, as browsers ask for it.',
    path: '/2k',
    coding: 'br',
    content: PAGES['2k'],
  }),
  scenario({
    name: 'gzip-stream',
    title: 'A stream in gzip',
    shows:
      '64 pieces of 1 KiB. Fapws and compression (which is told to) let out each one as it comes; @fastify/compress does not.',
    path: '/stream',
    coding: 'gzip',
    content: Buffer.concat(PIECES),
  }),
  scenario({
    name: 'not-compressed',
    title: '2 KiB as it is',
    shows:
      'A client that does not take compressed content: what the middleware costs that has nothing to do.',
    path: '/2k',
    coding: 'identity',
    content: PAGES['2k'],
  }),
];
