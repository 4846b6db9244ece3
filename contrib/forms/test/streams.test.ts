// Files that go to streams of the callback's.

import { Buffer } from 'node:buffer';
import { Writable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import type { FileDestination, IncomingFile } from '../src/index.ts';
import { file, multipart, multipartType, post, postParts, seen, temporaryFolder, text } from './posting.ts';

const folder = temporaryFolder();
const directory = folder.path;

/** A stream that takes its time, and remembers. */
class Collector extends Writable {
  readonly chunks: Buffer[] = [];
  most = 0;

  constructor() {
    super({ highWaterMark: 1024 });
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.most = Math.max(this.most, this.writableLength);
    setImmediate(() => {
      this.chunks.push(chunk);
      done();
    });
  }

  get text(): string {
    return Buffer.concat(this.chunks).toString('latin1');
  }
}

const content = 'x'.repeat(1_000_000);

test('a stream gets the content at its pace, and nothing is on disk', async () => {
  const collector = new Collector();
  const asked: IncomingFile[] = [];
  const onFile = (incoming: IncomingFile): FileDestination => {
    asked.push(incoming);
    return collector;
  };
  const response = await postParts(
    [file('f', 'a/b.txt', content), text('a', '1')],
    { directory, onFile },
    form => [[...form], form.files, form.files[0]?.path, folder.left()],
  );
  const incoming = { field: 'f', name: 'b.txt', sentName: 'a/b.txt', type: 'text/plain' };
  expect(response.json()).toEqual([[['a', '1']], [{ ...incoming, size: content.length }], null, []]);
  expect(asked).toEqual([incoming]);
  expect(collector.text === content).toBe(true);
  expect(collector.writableFinished).toBe(true);
  // What one read of the socket brought.
  expect(collector.most).toBeLessThan(70_000);
});

test('a web stream does, too', async () => {
  let octets = 0;
  let closed = false;
  const stream = new WritableStream<Uint8Array>({
    async write(chunk) {
      octets += chunk.length;
    },
    close() {
      closed = true;
    },
  });
  await postParts([file('f', 'x', content)], { onFile: async () => stream });
  expect([octets, closed]).toEqual([content.length, true]);
});

test('each file goes where it is wanted; what goes nowhere is not in the form', async () => {
  const collector = new Collector();
  const destinations: Record<string, FileDestination> = { a: collector, b: null, c: undefined };
  const response = await postParts(
    ['a', 'b', 'c'].map(name => file(name, name, name)),
    { directory, onFile: ({ field }) => destinations[field] },
  );
  expect(seen(response).files).toMatchObject([
    { field: 'a', content: null },
    { field: 'c', content: 'c' },
  ]);
  expect(collector.text).toBe('a');
});

describe('a file that is not whole', () => {
  test.each<[string, Uint8Array, number]>([
    ['too large', multipart([file('f', 'x', content)]), 413],
    ['cut', multipart([file('f', 'x', content.slice(0, 5000))], '').subarray(0, -100), 400],
  ])('%s: the stream is destroyed with the reason', async (_, body, status) => {
    const collector = new Collector();
    const response = await post(multipartType, body, { onFile: () => collector, limits: { file: 900_000 } });
    expect(response.statusCode).toBe(status);
    expect([collector.destroyed, collector.writableFinished]).toEqual([true, false]);
    expect(collector.errored).toMatchObject({ name: 'FormError' });
  });
});

describe('a stream that fails', () => {
  const failing = (when: 'first' | 'late' | 'end'): Writable =>
    new Writable({
      write(_chunk, _encoding, done) {
        if (when === 'first') done(new Error('full'));
        else if (when === 'late') setImmediate(done, new Error('full'));
        else done();
      },
      final: done => done(when === 'end' ? new Error('full') : null),
    });

  test.each(['first', 'late', 'end'] as const)('%s: the reading fails with its error', async when => {
    let error: unknown;
    const parts = [file('g', 'kept', 'y'), file('f', 'x', content)];
    const onFile = ({ field }: IncomingFile): FileDestination => (field === 'f' ? failing(when) : undefined);
    const response = await postParts(parts, { directory, onFile }).catch((caught: unknown) => {
      error = caught;
      return null;
    });
    expect([error, response?.statusCode]).toEqual([undefined, 500]);
    await expect.poll(folder.left).toEqual([]);
  });

  test.each<[string, () => Writable]>([
    ['that is closed already', () => new Collector().destroy()],
    ['that has ended already', () => new Collector().end()],
    [
      'that closes without a word',
      () => {
        const stream = new Collector();
        setImmediate(() => stream.destroy());
        return stream;
      },
    ],
  ])('%s', async (_, make) => {
    const response = await postParts([file('f', 'x', content)], { onFile: make });
    expect(response.statusCode).toBe(500);
  });

  test('onFile that throws', async () => {
    const onFile = (): never => {
      throw new Error('no');
    };
    expect((await postParts([file('f', 'x', content)], { onFile })).statusCode).toBe(500);
  });

  test('onFile that gives no stream', async () => {
    const onFile = () => 'x' as unknown as Writable;
    expect((await postParts([file('f', 'x', content)], { onFile })).statusCode).toBe(500);
  });
});
