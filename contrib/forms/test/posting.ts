// Forms as clients send them, and what the callback makes of them: shared by the tests of readForm.

import { Buffer } from 'node:buffer';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CallResponse, call } from '@fapws/core';
import { afterAll } from 'vitest';
import { type Form, type ReadFormOptions, readForm } from '../src/index.ts';

export const boundary = '----fapws';

/** A part as it stands in a multipart form: header lines, and content. */
export type Part = readonly [head: string, content: string | Uint8Array];

export const text = (name: string, value: string): Part => [
  `Content-Disposition: form-data; name="${name}"`,
  value,
];

export const file = (
  name: string,
  fileName: string,
  content: string | Uint8Array,
  type = 'text/plain',
): Part => [
  `Content-Disposition: form-data; name="${name}"; filename="${fileName}"\r\nContent-Type: ${type}`,
  content,
];

/** Multipart content. Header lines go out as UTF-8. */
export function multipart(parts: readonly Part[], end = `--${boundary}--\r\n`): Buffer {
  return Buffer.concat([
    ...parts.flatMap(([head, content]) => [
      Buffer.from(`--${boundary}\r\n${head}\r\n\r\n`),
      Buffer.from(content as string),
      Buffer.from('\r\n'),
    ]),
    Buffer.from(end),
  ]);
}

/** A folder for temporary files, in which it can be seen what is left. */
export function temporaryFolder(): { path: string; left(): string[] } {
  const path = mkdtempSync(join(tmpdir(), 'fapws-forms-test-'));
  afterAll(() => rmSync(path, { recursive: true, force: true }));
  return { path, left: () => readdirSync(path) };
}

/** What a test looks at. */
export interface Seen {
  readonly fields: [string, string][];
  readonly files: {
    field: string;
    name: string;
    sentName: string;
    type: string;
    size: number;
    content: string | null;
  }[];
}

export async function seenOf(form: Form): Promise<Seen> {
  const files = form.files.map(async ({ field, name, sentName, type, size, path }) => {
    const content = path === null ? null : (await readFile(path)).toString('latin1');
    return { field, name, sentName, type, size, content };
  });
  return { fields: [...form], files: await Promise.all(files) };
}

/** Posts a form to a callback that reads it and does not look at errors. */
export function post(
  type: string | null,
  body: string | Uint8Array,
  options?: ReadFormOptions,
  look: (form: Form) => unknown = seenOf,
): Promise<CallResponse> {
  return call(
    async (environ, startResponse) => {
      const form = await readForm(environ, options);
      const seen = JSON.stringify(await look(form));
      startResponse('200 OK', [['Content-Type', 'application/json']]);
      return seen;
    },
    { method: 'POST', headers: type === null ? {} : { 'Content-Type': type }, body },
    { errors: silent },
  );
}

export const silent = { write: () => {}, writelines: () => {}, flush: () => {} };

export const urlencodedType = 'application/x-www-form-urlencoded';
export const multipartType = `multipart/form-data; boundary=${boundary}`;

export const postUrlencoded = (body: string | Uint8Array, options?: ReadFormOptions): Promise<CallResponse> =>
  post(urlencodedType, body, options);

export const postParts = (
  parts: readonly Part[],
  options?: ReadFormOptions,
  look?: (form: Form) => unknown,
): Promise<CallResponse> => post(multipartType, multipart(parts), options, look);

/** What was read, of an answer with 200. */
export function seen(response: CallResponse): Seen {
  if (response.statusCode !== 200) throw new Error(`${response.status}: ${response.text()}`);
  return response.json() as Seen;
}
