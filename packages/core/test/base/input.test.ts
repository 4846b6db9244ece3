// wsgi.input against a plain Buffer: any content, cut anywhere, read in any way.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Input } from '../../src/base/input.ts';
import type { Exchange } from '../../src/http/exchange.ts';
import { RequestBody } from '../../src/http/request-body.ts';
import { ALIVE, deferred, get, post, serve, within } from '../contract/support.ts';

type Read =
  | { how: 'read'; size: number | undefined }
  | { how: 'readline'; limit: number | undefined }
  | { how: 'readlines'; hint: number | undefined }
  | { how: 'next' };

/** An input whose content arrives in given pieces, each when it is asked for: at once or a turn later. */
function inputOf(pieces: readonly Buffer[], late: readonly boolean[]): Input {
  let at = 0;
  const deliver = (): void => {
    const piece = pieces[at];
    at += 1;
    if (piece === undefined) body.end();
    // The input buffer is used again by the next read.
    else {
      const memory = Buffer.concat([Buffer.from('<'), piece, Buffer.from('>')]);
      body.receive(memory, 1, memory.length - 1, Number.POSITIVE_INFINITY);
      memory.fill(0);
    }
  };
  const body: RequestBody = new RequestBody({
    contentWanted() {
      if (late[at % Math.max(late.length, 1)] === true) setImmediate(deliver);
      else deliver();
    },
  });
  return new Input({ body } as unknown as Exchange);
}

/** What Python's files would give. */
class Model {
  rest: Buffer;
  constructor(content: Buffer) {
    this.rest = content;
  }

  take(size: number): Buffer {
    const taken = this.rest.subarray(0, size);
    this.rest = this.rest.subarray(taken.length);
    return taken;
  }

  readline(limit: number | undefined): Buffer {
    const lineFeed = this.rest.indexOf('\n');
    const end = lineFeed === -1 ? this.rest.length : lineFeed + 1;
    return this.take(limit === undefined || limit < 0 ? end : Math.min(end, limit));
  }

  readlines(hint: number | undefined): Buffer[] {
    const lines: Buffer[] = [];
    let octets = 0;
    while (this.rest.length > 0) {
      const line = this.readline(undefined);
      lines.push(line);
      octets += line.length;
      if (hint !== undefined && hint > 0 && octets >= hint) break;
    }
    return lines;
  }
}

const size = fc.option(fc.integer({ min: -1, max: 12 }), { nil: undefined });
const read: fc.Arbitrary<Read> = fc.oneof(
  fc.record({ how: fc.constant('read' as const), size }),
  fc.record({ how: fc.constant('readline' as const), limit: size }),
  fc.record({ how: fc.constant('readlines' as const), hint: size }),
  fc.record({ how: fc.constant('next' as const) }),
);
/** Octets with many line ends. */
const piece = fc
  .array(fc.constantFrom(0x0a, 0x0d, 0x61, 0xff), { minLength: 1, maxLength: 9 })
  .map(octets => Buffer.from(octets));

const ask = (input: Input, iterator: AsyncIterator<Uint8Array>, what: Read): Promise<unknown> => {
  switch (what.how) {
    case 'read':
      return input.read(what.size);
    case 'readline':
      return input.readline(what.limit);
    case 'readlines':
      return input.readlines(what.hint);
    case 'next':
      return iterator.next();
  }
};

const check = (model: Model, what: Read, got: unknown): void => {
  switch (what.how) {
    case 'read':
      expect(Buffer.from(got as Uint8Array)).toEqual(
        model.take(what.size === undefined || what.size < 0 ? Number.POSITIVE_INFINITY : what.size),
      );
      break;
    case 'readline':
      expect(Buffer.from(got as Uint8Array)).toEqual(model.readline(what.limit));
      break;
    case 'readlines':
      expect((got as Uint8Array[]).map(line => Buffer.from(line))).toEqual(model.readlines(what.hint));
      break;
    case 'next': {
      // How much comes at a time is not said; only that it is what comes next.
      const { done, value } = got as IteratorResult<Uint8Array>;
      expect(done === true).toBe(model.rest.length === 0);
      if (done !== true) {
        expect(value.length).toBeGreaterThan(0);
        expect(Buffer.from(value)).toEqual(model.take(value.length));
      }
    }
  }
};

describe('any content, cut anywhere', () => {
  test('gives what a file would give, one read after the other', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(piece, { maxLength: 8 }),
        fc.array(fc.boolean(), { maxLength: 4 }),
        fc.array(read, { maxLength: 12 }),
        async (pieces, late, reads) => {
          const input = inputOf(pieces, late);
          const iterator = input[Symbol.asyncIterator]();
          const model = new Model(Buffer.concat(pieces));
          for (const what of reads) check(model, what, await ask(input, iterator, what));
          check(model, { how: 'read', size: undefined }, await input.read());
          check(model, { how: 'read', size: undefined }, await input.read());
        },
      ),
      { numRuns: 500 },
    );
  });

  test('gives the same when all reads are asked for at once: each its part, in the order of the calls', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(piece, { maxLength: 8 }),
        fc.array(fc.boolean(), { maxLength: 4 }),
        fc.array(read, { maxLength: 8 }),
        async (pieces, late, reads) => {
          const input = inputOf(pieces, late);
          const iterator = input[Symbol.asyncIterator]();
          const model = new Model(Buffer.concat(pieces));
          const answers = await Promise.all(reads.map(what => ask(input, iterator, what)));
          for (const [at, what] of reads.entries()) check(model, what, answers[at]);
        },
      ),
      { numRuns: 500 },
    );
  });

  test('is text in UTF-8, also where a character is cut', async () => {
    const text = 'é€🐝\ufeffa';
    const octets = Buffer.from(text);
    for (let at = 1; at < octets.length; at += 1) {
      expect(await inputOf([octets.subarray(0, at), octets.subarray(at)], [true]).text()).toBe(text);
    }
    expect(await inputOf([], []).text()).toBe('');
  });

  test('can be iterated, left and gone on with', async () => {
    const input = inputOf([Buffer.from('ab'), Buffer.from('cd'), Buffer.from('ef')], [true]);
    for await (const chunk of input) {
      expect(Buffer.from(chunk).toString()).toBe('ab');
      break;
    }
    expect(Buffer.from(await input.read(1)).toString()).toBe('c');
    const rest: string[] = [];
    for await (const chunk of input) rest.push(Buffer.from(chunk).toString());
    expect(rest.join('')).toBe('def');
  });

  test('takes what is no size for no bound, never for the end of the content', async () => {
    for (const odd of [Number.NaN, -1, -Infinity, null, undefined, 'x', {}]) {
      expect(Buffer.from(await inputOf([Buffer.from('a\nb')], []).read(odd as number)).toString()).toBe(
        'a\nb',
      );
      expect(Buffer.from(await inputOf([Buffer.from('a\nb')], []).readline(odd as number)).toString()).toBe(
        'a\n',
      );
      expect(await inputOf([Buffer.from('a\nb')], []).readlines(odd as number)).toHaveLength(2);
    }
  });
});

describe('over a connection', () => {
  test('at most what one read brought waits here; the client is held up by who does not read', async () => {
    const go = deferred();
    const serving = await serve(async (environ, startResponse) => {
      await go.promise;
      let octets = 0;
      for await (const chunk of environ['wsgi.input']) octets += chunk.length;
      startResponse('200 OK', []);
      return String(octets);
    });
    const client = await serving.connect();
    const octets = 12_000_000;
    client.send(get('/', { method: 'POST', headers: [`Content-Length: ${octets}`] }));
    const block = Buffer.alloc(1_000_000);
    for (let sent = 0; sent < octets; sent += block.length) client.send(block);
    for (let round = 0; round < 50; round += 1) await serving.alive();
    // The kernels' buffers take some millions; the rest is still at the client.
    expect(client.socket.writableLength).toBeGreaterThan(0);
    go.resolve();
    expect((await client.answer()).text).toBe(String(octets));
  });

  const failing: [string, (octets: Buffer) => Buffer, string][] = [
    [
      'malformed',
      octets => Buffer.concat([octets, Buffer.from('5\r\nabcdefgh\r\n')]),
      'FAPWS_CONTENT_MALFORMED',
    ],
    [
      'too large',
      octets => Buffer.concat([octets, Buffer.from(`ffff\r\n${'x'.repeat(0xffff)}\r\n`)]),
      'FAPWS_CONTENT_TOO_LARGE',
    ],
  ];
  test.each(failing)(
    'content that is %s fails every read, with the reason; the client is told',
    async (_name, make, code) => {
      const errors: unknown[] = [];
      const over = deferred();
      const serving = await serve(
        async environ => {
          const input = environ['wsgi.input'];
          for (const reading of [input.read(), input.readline(), input.text(), input.readlines()]) {
            await reading.catch((error: { code: string }) => errors.push(error.code));
          }
          await input.read().catch((error: { code: string }) => errors.push(error.code));
          over.resolve();
          return 'never';
        },
        { options: { limits: { content: 1000 } } },
      );
      const head = Buffer.from(get('/', { method: 'POST', headers: ['Transfer-Encoding: chunked'] }));
      const client = await serving.connect();
      client.send(make(head));
      const answer = await client.answer();
      expect(answer.code).toBe(code === 'FAPWS_CONTENT_TOO_LARGE' ? 413 : 400);
      await within('the reads', over.promise);
      expect(errors).toEqual([code, code, code, code, code]);
    },
  );

  test('a read that nobody waits for ends nothing when it fails', async () => {
    const unhandled: unknown[] = [];
    const listener = (error: unknown): void => void unhandled.push(error);
    process.on('unhandledRejection', listener);
    try {
      const serving = await serve((environ, startResponse) => {
        void environ['wsgi.input'].read();
        void environ['wsgi.input'].readline();
        startResponse('401 Unauthorized', []);
        return 'not you';
      });
      const client = await serving.connect();
      client.send(post('0123456789').subarray(0, -1));
      expect((await client.answer()).code).toBe(401);
      client.send('9');
      client.send(get(ALIVE));
      expect((await client.answer()).text).toBe('alive');
      const leaving = await serving.connect();
      leaving.send(post('0123456789').subarray(0, -1));
      await leaving.answer();
      leaving.leave();
      await serving.alive();
    } finally {
      process.off('unhandledRejection', listener);
    }
    expect(unhandled).toEqual([]);
  });
});

describe('a client that sends each octet as a chunk of its own', () => {
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  const held = (): number => {
    collectGarbage();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  };

  test.each<[string, (input: Input) => Promise<Uint8Array | Uint8Array[]>]>([
    ['read()', input => input.read()],
    ['readline()', input => input.readline()],
    ['readlines()', input => input.readlines()],
  ])('costs %s no more memory than the octets', async (_, read) => {
    const body = new RequestBody({ contentWanted: () => {} });
    const reading = read(new Input({ body } as unknown as Exchange));
    const octets = Buffer.from('0123456789');
    const before = held();
    for (let count = 0; count < 300_000; count += 1)
      body.receive(octets, count % 10, (count % 10) + 1, Number.POSITIVE_INFINITY);
    // As a list of pieces they would take 30 MB and more.
    expect(held() - before).toBeLessThan(3_000_000);
    body.end();
    const content = await reading;
    expect(Buffer.concat([content].flat()).equals(Buffer.from('0123456789'.repeat(30_000)))).toBe(true);
  });
});

test('many pieces, small and large, keep their order', async () => {
  const body = new RequestBody({ contentWanted: () => {} });
  const reading = new Input({ body } as unknown as Exchange).read();
  const pieces = Array.from({ length: 5000 }, (_, at) => Buffer.alloc(at < 2048 ? 1 : 2000, String(at)));
  for (const piece of pieces) body.receive(piece, 0, piece.length, Number.POSITIVE_INFINITY);
  body.end();
  expect(Buffer.concat(pieces).equals(await reading)).toBe(true);
});
