// What costs a client little and could cost the server much. What could lead astray is in the tests of each part.

import { Buffer } from 'node:buffer';
import { setImmediate } from 'node:timers/promises';
import type { Environ } from '@fapws/core';
import { expect, test } from 'vitest';
import { type Form, FormError, type ReadFormOptions, readForm } from '../src/index.ts';
import { held } from './memory.ts';
import {
  boundary,
  file,
  multipart,
  multipartType,
  type Part,
  temporaryFolder,
  text,
  urlencodedType,
} from './posting.ts';

const folder = temporaryFolder();

/** Reads a form that comes in these pieces, and tells how long it took, in milliseconds of this process's CPU. */
async function cost(
  type: string,
  pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  options: ReadFormOptions = {},
): Promise<{ cpu: number; result: unknown }> {
  const before = process.cpuUsage();
  const environ = { CONTENT_TYPE: type, 'wsgi.input': pieces } as unknown as Environ;
  const result = await readForm(environ, { directory: folder.path, ...options }).catch(
    (error: unknown) => error,
  );
  const { user, system } = process.cpuUsage(before);
  return { cpu: (user + system) / 1000, result };
}

test.each([
  ['urlencoded', urlencodedType, Buffer.from(`a=${'x'.repeat(300_000)}`)],
  ['multipart', multipartType, multipart([text('a', 'x'.repeat(300_000))])],
])('%s, each octet in a chunk of its own: held once, not as a list', async (_, type, content) => {
  const before = held();
  let most = 0;
  async function* watched(): AsyncGenerator<Uint8Array> {
    let count = 0;
    for (const octet of content) {
      count += 1;
      // As many as a read of a socket can bring, and then the turn of others.
      if (count % 10_000 === 0) await setImmediate();
      if (count % 50_000 === 0) most = Math.max(most, held() - before);
      yield Uint8Array.of(octet);
    }
  }
  const { cpu, result } = await cost(type, watched());
  expect((result as Form).get('a')).toHaveLength(300_000);
  // A list of 300 000 pieces is 30 MB and more.
  expect(most).toBeLessThan(5_000_000);
  expect(cpu).toBeLessThan(10_000);
});

test('a flood of parts ends at the limit, not at the end of the content', async () => {
  let pieces = 0;
  const part = Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name=a\r\n\r\n\r\n`);
  const block = Buffer.concat(Array(800).fill(part));
  function* endless(): Generator<Uint8Array> {
    for (;;) {
      pieces += 1;
      yield block;
    }
  }
  const { result } = await cost(multipartType, endless());
  expect(result).toMatchObject({ limit: 'fields' });
  expect(pieces).toBeLessThan(4);
});

test.each<[string, string, string]>([
  ['a part’s header', `--${boundary}\r\n`, 'X: y\r\n'.repeat(1000)],
  ['a line of a part’s header', `--${boundary}\r\nX: `, 'x'.repeat(10_000)],
  ['a line without a colon', `--${boundary}\r\n`, 'x'.repeat(10_000)],
  ['a name', `--${boundary}\r\nContent-Disposition: form-data; name="`, 'x'.repeat(10_000)],
  [
    'an empty file input',
    multipart([file('f', '', '')], '').toString(),
    multipart([file('f', '', '')], '').toString(),
  ],
  ['a text field', `--${boundary}\r\nContent-Disposition: form-data; name=a\r\n\r\n`, 'x'.repeat(60_000)],
  [
    'a file',
    `--${boundary}\r\nContent-Disposition: form-data; name=a; filename=b\r\n\r\n`,
    'x'.repeat(60_000),
  ],
])('%s without an end is refused at its limit', async (_, first, again) => {
  let sent = 0;
  function* endless(): Generator<Uint8Array> {
    yield Buffer.from(first);
    for (;;) {
      sent += again.length;
      yield Buffer.from(again);
    }
  }
  const { result } = await cost(multipartType, endless(), { limits: { field: 100_000, file: 100_000 } });
  expect(result).toMatchObject({ reason: 'limit' });
  expect(sent).toBeLessThan(500_000);
  await expect.poll(folder.left).toEqual([]);
});

test.each<[string, Part]>([
  ['semicolons', [`Content-Disposition: form-data; name=a${';'.repeat(3900)}`, '']],
  ['blanks', [`Content-Disposition: form-data; name=a${'; '.repeat(1900)}x`, '']],
  ['tabs', [`Content-Disposition: form-data; name=a${'\t'.repeat(3900)}x`, '']],
  ['quotes', [`Content-Disposition: form-data; name=a${';x="'.repeat(900)}`, '']],
  [
    'percent signs in filename*',
    [`Content-Disposition: form-data; name=a; filename*=UTF-8''${'%4'.repeat(1900)}`, ''],
  ],
  ['dots', [`Content-Disposition: form-data; name=a; filename="${'. '.repeat(1900)}x. ."`, '']],
])('a header of many %s is no work', async (_, part) => {
  const { cpu } = await cost(multipartType, [multipart(Array(100).fill(part))]);
  // A few milliseconds; what is not linear takes seconds.
  expect(cpu).toBeLessThan(2000);
});

test('a content of almost boundaries is no work', async () => {
  const almost = `\r\n--${boundary.slice(0, -1)}`.repeat(60_000);
  const { cpu, result } = await cost(multipartType, [multipart([file('f', 'x', almost)])], {
    onFile: () => null,
  });
  expect(result).not.toBeInstanceOf(FormError);
  expect(cpu).toBeLessThan(3000);
});

test('many stray percent signs are no work', async () => {
  const { cpu } = await cost(urlencodedType, [Buffer.from(`a=${'%'.repeat(1_000_000)}`)]);
  expect(cpu).toBeLessThan(3000);
});
