// Every limit: what reaches it is read, what exceeds it by one is refused with 413, and nothing is left of it.

import { describe, expect, test } from 'vitest';
import { defaultFormLimits, type FormLimits } from '../src/index.ts';
import {
  file,
  multipart,
  multipartType,
  type Part,
  post,
  postParts,
  temporaryFolder,
  text,
} from './posting.ts';

const folder = temporaryFolder();
const directory = folder.path;

const head = (length: number): Part => {
  const line = 'Content-Disposition: form-data; name=a\r\nX: ';
  // The limit counts names, values and what stands between and behind them.
  return [line + 'x'.repeat(length - line.length - 2), ''];
};

describe.each<[keyof FormLimits, number, Part[], Part[]]>([
  ['fields', 2, [text('a', ''), text('b', '')], [text('a', ''), text('b', ''), text('c', '')]],
  ['fields', 0, [file('f', 'x', '')], [text('a', '')]],
  ['name', 2, [text('é', '')], [text('éa', '')]],
  ['name', 1, [file('f', 'long', '')], [file('ff', 'x', '')]],
  ['field', 3, [text('a', '123')], [text('a', '1234')]],
  ['field', 0, [text('a', '')], [text('a', '1')]],
  ['text', 6, [text('a', '1é'), text('b', '2')], [text('a', '1é'), text('b', '23')]],
  ['text', 6, [text('a', '1'), file('file', 'x', '1234567')], [text('a', '12'), text('long', '')]],
  ['files', 1, [file('f', 'x', 'y'), file('g', '', '')], [file('f', 'x', 'y'), file('g', 'x', '')]],
  ['files', 0, [text('a', '1'), file('f', '', '')], [file('f', '', '1')]],
  ['file', 100_000, [file('f', 'x', 'y'.repeat(100_000))], [file('f', 'x', 'y'.repeat(100_001))]],
  ['file', 0, [file('f', 'x', '')], [file('f', 'x', '1')]],
  ['head', 200, [head(200)], [head(201)]],
])('%s: %d', (limit, value, allowed, refused) => {
  const limits = { [limit]: value };

  test('is reached', async () => {
    const response = await postParts(allowed, { directory, limits });
    expect(response.status, response.text()).toBe('200 OK');
    await expect.poll(folder.left).toEqual([]);
  });

  test('is exceeded', async () => {
    const response = await postParts(refused, { directory, limits });
    expect(response.status, response.text()).toBe('413 Content Too Large');
    expect(response.text()).toContain(`more than ${value} `);
    await expect.poll(folder.left).toEqual([]);
  });
});

test('empty file inputs count as fields, so that they are bounded', async () => {
  const parts = Array.from({ length: 5 }, () => file('f', '', ''));
  expect((await postParts(parts, { limits: { fields: 5 } })).statusCode).toBe(200);
  expect((await postParts(parts, { limits: { fields: 4 } })).statusCode).toBe(413);
});

test('16 header lines in a part are read, 17 are not', async () => {
  const lines = (count: number): Part[] => [
    [['Content-Disposition: form-data; name=a', ...Array(count - 1).fill('X: y')].join('\r\n'), ''],
  ];
  expect((await postParts(lines(16))).statusCode).toBe(200);
  for (const count of [17, 18, 1000]) expect((await postParts(lines(count))).statusCode).toBe(413);
});

test.each([5000, 20_000, 200_000, 1_000_000])('a header line of %d octets is refused', async length => {
  const [name, disposition] = ['x'.repeat(length), 'Content-Disposition: form-data; name=a'];
  for (const head of [`${disposition}\r\nX: ${name}`, `X: ${name}\r\n${disposition}`]) {
    expect((await postParts([[head, '']])).statusCode).toBe(413);
  }
  // Without a colon it is no header line; which of the two it is depends on how much of it is looked at.
  expect([400, 413]).toContain((await postParts([[`${name}\r\n${disposition}`, '']])).statusCode);
  const endless = multipart([], `------fapws\r\n${disposition}\r\nX: ${name}`);
  expect([400, 413]).toContain((await post(multipartType, endless)).statusCode);
});

test('Infinity switches a limit off', async () => {
  const limits = Object.fromEntries(
    Object.keys(defaultFormLimits).map(name => [name, Number.POSITIVE_INFINITY]),
  );
  const response = await postParts([text('a', 'x'.repeat(5_000_000)), head(20_000)], { limits });
  expect(response.status).toBe('200 OK');
});
