import assert from 'node:assert/strict';
import { checkAnswer } from '../lib/check.mjs';
import { ask } from '../lib/client.mjs';
import { contentOf, MANY } from '../lib/files.mjs';
import { defineLoad } from '../lib/load.mjs';
import { defineLoadScenario } from '../lib/scenario.mjs';

const field = { field: 'files', subject: 'fapws-static', baseline: 'sirv' };

const scenario = ({ file, type, connections = 64, ...about }) => {
  const load = defineLoad({ path: `/${file}`, connections });
  return defineLoadScenario({
    ...field,
    ...about,
    load,
    check: port => checkAnswer(port, load, { type, body: contentOf(file) }),
  });
};

export const file1k = scenario({
  name: 'file-1k',
  title: 'A file of 1 KiB',
  shows: 'A small page, asked for again and again.',
  file: '1k.html',
  type: 'text/html',
  target: { atLeast: 3 },
});

export const file100k = scenario({
  name: 'file-100k',
  title: 'A file of 100 KiB',
  shows: 'A style sheet, a script, an image.',
  file: '100k.css',
  type: 'text/css',
  target: { atLeast: 1.5 },
});

export const file10m = scenario({
  name: 'file-10m',
  title: 'A file of 10 MiB',
  shows: 'What nobody keeps in memory, over 8 connections.',
  file: '10m.bin',
  type: 'application/octet-stream',
  connections: 8,
  target: { atLeast: 1.2 },
});

const page = defineLoad({ path: '/1k.html' });

/** Each server makes its own tags. */
async function conditional(port) {
  const { headers } = await ask(port, page);
  return { ...page, headers: { 'If-None-Match': headers.etag } };
}

export const fileNotModified = defineLoadScenario({
  ...field,
  name: 'file-304',
  title: 'A file that the client has',
  shows: 'A conditional request, answered 304: what a reload of a page consists of.',
  load: page,
  loadFor: conditional,
  async check(port) {
    const { status, body } = await ask(port, await conditional(port));
    assert.equal(status, 304, `status ${status} instead of 304`);
    assert.equal(body.length, 0, 'a 304 with content');
  },
  target: { atLeast: 3 },
});

/** Different ones, one after the other: what is prepared for one file helps with the others only if there is room for all. */
export const filesMany = defineLoadScenario({
  ...field,
  name: 'files-many',
  title: `${MANY} files of 1 KiB`,
  shows: 'A site of many small files, each as often as the others.',
  load: defineLoad({ path: '/files/*.html', variants: MANY }),
  check: port =>
    checkAnswer(port, defineLoad({ path: '/files/7.html' }), {
      type: 'text/html',
      body: contentOf('files/7.html', 1024),
    }),
});
