// Any row of requests, good and bad, answered in any way, cut at any places: the outcome is that of one read.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { malformed } from '../rules/all-malformed.ts';
import { appNames, kinds, server } from './requests.ts';
import { answersIn, cut, outcome } from './wire.ts';

/** A row of requests with what must come of it. */
interface Row {
  octets: string;
  /** Statuses of the final answers, in order. */
  statuses: number[];
  /** Methods and paths, of which an application must see these and no others. */
  seen: string[];
  ends: boolean;
}

const good = fc.record({ kind: fc.nat(kinds.length - 1), app: fc.constantFrom(...appNames) });

const row: fc.Arbitrary<Row> = fc
  .tuple(fc.array(good, { maxLength: 6 }), fc.option(fc.constantFrom(...malformed)), fc.boolean())
  .map(([requests, bad, more]) => {
    const made: Row = { octets: '', statuses: [], seen: [], ends: false };
    for (const { kind, app } of requests) {
      const request = (kinds[kind] as (typeof kinds)[0])(app);
      made.octets += request.octets;
      if (made.ends) continue;
      made.statuses.push(200);
      made.seen.push(`${request.method} ${request.path}`);
      made.ends = request.last;
    }
    if (bad !== null) {
      made.octets += bad.octets;
      if (!made.ends) {
        made.statuses.push(bad.status);
        if (bad.called) made.seen.push('POST /');
      }
      made.ends = true;
    }
    if (more) made.octets += 'GET /more?app=soon HTTP/1.1\r\nHost: a\r\n\r\n';
    if (more && !made.ends) {
      made.statuses.push(200);
      made.seen.push('GET /more');
    }
    return made;
  });

/** Places to cut at, as shares of the whole, so that they fit any length. */
const places = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 40 });

function partsOf(octets: string, shares: readonly number[]): Buffer[] {
  return cut(octets, ...shares.map(share => Math.floor(share * octets.length)));
}

const bounded = { timeout: 60_000 };

describe('rows of requests', bounded, () => {
  test('the outcome is what each request asks for, and does not depend on where reads were cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        row,
        places,
        fc.boolean(),
        async ({ octets, statuses, seen, ends }, shares, pauses) => {
          const whole = server();
          const first = whole.connect().send(octets);
          await whole.quiet();
          const methods = whole.seen.map(({ method }) => method);
          const answers = answersIn(first.octets, methods).filter(({ code }) => code >= 200);
          expect(answers.map(({ code }) => code)).toEqual(statuses);
          expect(whole.seen.map(({ method, path }) => `${method} ${path}`)).toEqual(seen);
          expect(first.ending).toBe(ends ? 'half-closed' : 'open');

          const parts = server();
          const second = parts.connect();
          for (const part of partsOf(octets, shares)) {
            second.send(part);
            // Sometimes the next part comes when all is done that this one asks for.
            if (pauses) await parts.quiet();
          }
          await parts.quiet();
          expect(outcome(parts, second)).toEqual(outcome(whole, first));
        },
      ),
      { numRuns: 400 },
    );
  });

  test('connections whose reads alternate do not disturb each other', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(row, places), { minLength: 2, maxLength: 4 }), async rows => {
        const shared = server();
        const clients = rows.map(([{ octets }, shares]) => ({
          client: shared.connect(),
          parts: partsOf(octets, shares),
        }));
        for (let round = 0; clients.some(({ parts }) => parts.length > round); round += 1) {
          for (const { client, parts } of clients) client.send(parts[round] ?? '');
        }
        await shared.quiet();
        for (const [at, [{ octets }]] of rows.entries()) {
          const alone = server();
          const client = alone.connect().send(octets);
          await alone.quiet();
          expect(clients[at]?.client.received).toBe(client.received);
          expect(clients[at]?.client.ending).toBe(client.ending);
        }
      }),
      { numRuns: 60 },
    );
  });

  test('a client that leaves at any place is forgotten, and nobody else is disturbed', async () => {
    await fc.assert(
      fc.asyncProperty(row, places, fc.nat(), fc.boolean(), async ({ octets }, shares, leave, breaks) => {
        const made = server();
        const bystander = made.connect().send('GET /?app=late HTTP/1.1\r\nHo');
        const client = made.connect().send(...partsOf(octets.slice(0, leave % (octets.length + 1)), shares));
        if (breaks) client.break();
        else client.finish();
        bystander.send('st: a\r\n\r\n');
        await made.quiet();
        expect(client.ending).not.toBe('open');
        expect(bystander.statuses).toEqual([200]);
        expect([...made.protocol.connections]).toEqual([bystander.connection]);
        for (const exchange of made.exchanges) expect(exchange.complete || exchange.gone).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});

/** Tight limits, so that every one of them is met. What is thrown away behind a refusal is bounded by reads, not octets. */
const limits = fc
  .record({
    requestLine: fc.integer({ min: 20, max: 90 }),
    more: fc.integer({ min: 10, max: 200 }),
    field: fc.integer({ min: 10, max: 60 }),
    fields: fc.integer({ min: 1, max: 6 }),
    content: fc.integer({ min: 1, max: 30 }),
    requests: fc.integer({ min: 1, max: 5 }),
  })
  .map(({ more, ...others }) => ({ ...others, head: others.requestLine + more, discard: 1_000_000 }));

function isWellFormed(octets: Buffer, methods: string[]): boolean {
  try {
    return answersIn(octets, methods).length >= 0;
  } catch {
    return false;
  }
}

describe('garbage', bounded, () => {
  test('any octets at all get answers or none, and never an exception, however they are cut', async () => {
    const pieces = fc.oneof(
      fc.uint8Array({ maxLength: 30 }).map(octets => Buffer.from(octets).toString('latin1')),
      fc.constantFrom('\r\n', '\r', '\n', ' ', ':', '0', 'Host: a\r\n', '\r\n\r\n', 'GET / HTTP/1.1\r\n'),
      fc.constantFrom('Content-Length: 3\r\n', 'Transfer-Encoding: chunked\r\n', '3\r\nabc\r\n', '0\r\n\r\n'),
      fc.constantFrom(...malformed.map(({ octets }) => octets), ...kinds.map(kind => kind('soon').octets)),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(pieces, { maxLength: 12 }),
        places,
        fc.option(limits),
        async (texts, shares, tight) => {
          const octets = texts.join('');
          const options = tight === null ? {} : { limits: tight };
          const whole = server(options);
          const first = whole.connect().send(octets);
          await whole.quiet();
          const parts = server(options);
          const second = parts.connect().send(...partsOf(octets, shares));
          await parts.quiet();
          expect(outcome(parts, second)).toEqual(outcome(whole, first));
          const methods = whole.seen.map(({ method }) => method);
          // What is refused behind them may be a HEAD, whose refusal has no content.
          expect([methods, [...methods, 'HEAD']].some(asked => isWellFormed(first.octets, asked))).toBe(true);
        },
      ),
      { numRuns: 400 },
    );
  });
});
