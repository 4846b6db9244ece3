// Forms of any content come back as they were, however they are split on their way.

import { Buffer } from 'node:buffer';
import type { Environ } from '@fapws/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FormError, readForm } from '../src/index.ts';
import {
  boundary,
  file,
  multipart,
  multipartType,
  type Part,
  seenOf,
  temporaryFolder,
  text,
  urlencodedType,
} from './posting.ts';

const folder = temporaryFolder();
const directory = folder.path;

function environOf(type: string, pieces: Uint8Array[]): Environ {
  return { CONTENT_TYPE: type, 'wsgi.input': pieces } as unknown as Environ;
}

/** Splits at the places given as parts of the whole. */
function split(content: Buffer, places: number[]): Uint8Array[] {
  const at = [
    0,
    ...places.map(place => Math.floor(place * content.length)).sort((a, b) => a - b),
    content.length,
  ];
  return at.slice(1).map((end, index) => content.subarray(at[index], end));
}

const places = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 8 });
const anyText = fc.string({ unit: 'grapheme', maxLength: 20 });
/** In names these can't be told from what they stand for; in content they can. */
const nameText = anyText.filter(name => !/%(?:22|0a|0d)/i.test(name));
const escaped = (name: string): string =>
  name.replace(/["\r\n]/g, character => ({ '"': '%22', '\r': '%0D', '\n': '%0A' })[character] as string);

/** Octets that look like boundaries. */
const treacherous = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '\r\n',
        '--',
        '-',
        '\r',
        '\n',
        boundary,
        `\r\n--${boundary.slice(0, 5)}`,
        `--${boundary}`,
        '\0',
      ),
      fc.string({ unit: 'binary-ascii', maxLength: 5 }),
    ),
    { maxLength: 12 },
  )
  .map(pieces => pieces.join(''))
  // What no sender may write: its boundary at the beginning of a line.
  .filter(content => !`\r\n${content}`.includes(`\r\n--${boundary}`));

test('multipart', async () => {
  const field = fc.record({ name: nameText, value: fc.oneof(anyText, treacherous) });
  const upload = fc.record({
    name: nameText,
    fileName: nameText.filter(name => name !== ''),
    content: fc.oneof(
      treacherous,
      fc.string({ unit: 'binary-ascii', minLength: 60_000, maxLength: 140_000 }),
    ),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(fc.oneof(field, upload), { maxLength: 6 }), places, async (entries, at) => {
      const parts = entries.map(
        (entry): Part =>
          'value' in entry
            ? text(escaped(entry.name), entry.value)
            : file(escaped(entry.name), escaped(entry.fileName), entry.content),
      );
      await using form = await readForm(environOf(multipartType, split(multipart(parts), at)), { directory });
      const { fields, files } = await seenOf(form);
      expect(fields).toEqual(entries.flatMap(entry => ('value' in entry ? [[entry.name, entry.value]] : [])));
      expect(files.map(({ field, sentName, content }) => [field, sentName, content])).toEqual(
        entries.flatMap(entry => ('value' in entry ? [] : [[entry.name, entry.fileName, entry.content]])),
      );
    }),
    { numRuns: 100 },
  );
  expect(folder.left()).toEqual([]);
}, 60_000);

test('urlencoded', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(anyText, anyText)), places, async (entries, at) => {
      const content = Buffer.from(new URLSearchParams(entries).toString());
      const environ = {
        CONTENT_TYPE: urlencodedType,
        'wsgi.input': split(content, at),
      } as unknown as Environ;
      const form = await readForm(environ);
      expect([...form]).toEqual(entries);
      for (const [name] of entries) {
        expect(form.getAll(name)).toEqual(
          entries.filter(([other]) => other === name).map(([, value]) => value),
        );
      }
    }),
  );
});

test('whatever comes, it is a form or a FormError, and nothing is left of it', async () => {
  const token = fc.constantFrom(
    `--${boundary}`,
    `\r\n--${boundary}\r\n`,
    `--${boundary}--`,
    '--',
    '-',
    '\r\n',
    '\r\n\r\n',
    '\r',
    '\n',
    'Content-Disposition: form-data; name="a"',
    '; filename="b"',
    'content-type: text/plain; charset=',
    'X',
    ':',
    ' ',
    '"',
    ';',
    '\0',
    'é',
    'x'.repeat(5000),
  );
  const sent = fc.array(fc.oneof(token, fc.string({ unit: 'binary', maxLength: 3 })), { maxLength: 30 });
  await fc.assert(
    fc.asyncProperty(sent, places, async (tokens, at) => {
      const content = Buffer.from(tokens.join(''));
      const whole = await outcome(environOf(multipartType, [content]));
      const pieces = await outcome(environOf(multipartType, split(content, at)));
      // Which error it is may depend on how far it was read.
      expect(pieces instanceof FormError).toBe(whole instanceof FormError);
      if (!(whole instanceof FormError)) expect(pieces).toEqual(whole);
      expect(folder.left()).toEqual([]);
    }),
    { numRuns: 500 },
  );
}, 60_000);

async function outcome(environ: Environ): Promise<unknown> {
  try {
    await using form = await readForm(environ, { directory });
    return await seenOf(form);
  } catch (error) {
    if (error instanceof FormError) return error;
    throw error;
  }
}
