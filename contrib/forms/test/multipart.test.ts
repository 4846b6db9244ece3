// Multipart forms as browsers and other clients write them.

import { Buffer } from 'node:buffer';
import { type Application, call } from '@fapws/core';
import { describe, expect, test } from 'vitest';
import { readForm } from '../src/index.ts';
import {
  boundary,
  file,
  multipart,
  multipartType,
  post,
  postParts,
  seen,
  seenOf,
  temporaryFolder,
  text,
} from './posting.ts';

const folder = temporaryFolder();
const directory = folder.path;

test('fields and files come in their order, and no file is left afterwards', async () => {
  const response = await postParts(
    [text('a', '1'), file('f', 'one.txt', 'content'), text('b', '2'), text('a', '3')],
    { directory },
  );
  expect(seen(response)).toEqual({
    fields: [
      ['a', '1'],
      ['b', '2'],
      ['a', '3'],
    ],
    files: [
      { field: 'f', name: 'one.txt', sentName: 'one.txt', type: 'text/plain', size: 7, content: 'content' },
    ],
  });
  await expect.poll(folder.left).toEqual([]);
});

test('what undici writes is read, an empty form too', async () => {
  for (const entries of [[], [['a', 'b"\r\n\\%22é']]] as [string, string][][]) {
    const data = new FormData();
    for (const [name, value] of entries) data.append(name, value);
    for (const [name, value] of entries) data.append(value, new Blob([value]), `${name}"é.bin`);
    const request = new Request('http://localhost/', { method: 'POST', body: data });
    const body = new Uint8Array(await request.arrayBuffer());
    const response = await post(request.headers.get('content-type'), body, { directory });
    // In a text field %22 is what it is; in a name it can't be told from a quote.
    expect(seen(response).fields).toEqual(entries.map(([name, value]) => [name, value]));
    expect(seen(response).files).toMatchObject(
      entries.map(() => ({ field: 'b"\r\n\\"é', sentName: 'a"é.bin', name: 'a_é.bin', size: 10 })),
    );
  }
});

test('split at every octet it is the same form', async () => {
  const body = multipart(
    [
      text('a', `\r\n--${boundary.slice(0, -1)}\r\n--\r`),
      file('f', 'ü.bin', Buffer.from([13, 10, 45, 45, 13, 10, 0, 255])),
      text('', ''),
      file('e', 'empty', ''),
    ],
    `--${boundary}--`,
  );
  const expected = seen(await post(multipartType, body, { directory }));
  expect(expected.fields).toHaveLength(2);
  expect(expected.files.map(({ size }) => size)).toEqual([8, 0]);
  const read: Application = async (environ, startResponse) => {
    const content = Buffer.from(await environ['wsgi.input'].read());
    for (let at = 0; at <= content.length; at += 1) {
      const pieces = [content.subarray(0, at), content.subarray(at)];
      expect(await readPieces(environ, pieces), `split at ${at}`).toEqual(expected);
    }
    const octets = Array.from(content, octet => Uint8Array.of(octet));
    expect(await readPieces(environ, octets)).toEqual(expected);
    startResponse('204 No Content', []);
  };
  async function readPieces(environ: Parameters<Application>[0], pieces: Uint8Array[]): Promise<unknown> {
    const copy = { ...environ, 'wsgi.input': pieces } as unknown as typeof environ;
    delete copy['forms.form'];
    await using form = await readForm(copy, { directory });
    return await seenOf(form);
  }
  const response = await call(read, { method: 'POST', headers: { 'Content-Type': multipartType }, body });
  expect(response.status, response.text()).toBe('204 No Content');
  await expect.poll(folder.left).toEqual([]);
});

describe('taken', () => {
  test.each([
    ['a preamble', 'hello\r\n', `--${boundary}--\r\n`],
    ['an epilogue', '', `--${boundary}--\r\nbye\r\n--${boundary}\r\n`],
    ['no line end behind the last boundary', '', `--${boundary}--`],
    ['a long epilogue', '', `--${boundary}--${'x'.repeat(200_000)}`],
  ])('%s', async (_, before, after) => {
    const body = Buffer.concat([
      Buffer.from(before),
      multipart([text('a', '1'), file('f', 'x', 'y')], after),
    ]);
    expect(seen(await post(multipartType, body, { directory }))).toMatchObject({
      fields: [['a', '1']],
      files: [{ size: 1 }],
    });
  });

  test('a Content-Type in other cases, a boundary in quotes', async () => {
    const type = `MULTIPART/Form-Data ; charset=utf-8; Boundary="${boundary}"`;
    expect(seen(await post(type, multipart([text('a', '1')]))).fields).toEqual([['a', '1']]);
  });

  test('names of fields in any case, in any order, with parameters without quotes', async () => {
    const head = 'content-type:text/plain\r\nX-Other: y\r\ncontent-disposition: FORM-DATA;NAME=a;x=y ';
    expect(seen(await postParts([[head, '1']])).fields).toEqual([['a', '1']]);
  });

  test('the names of the two quoting eras: HTML’s escapes, and a backslash that is one', async () => {
    const response = await postParts([text('%22a%0d%0A%41\\', '1')]);
    expect(seen(response).fields).toEqual([['"a\r\n%41\\', '1']]);
  });

  test('names that mean something to JavaScript', async () => {
    const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty'];
    const response = await postParts(
      names.map(name => text(name, 'x')),
      {},
      form => [
        names.map(name => form.get(name)),
        form.get('valueOf') ?? null,
        form.has('isPrototypeOf'),
        form.names(),
      ],
    );
    expect(response.json()).toEqual([['x', 'x', 'x', 'x'], null, false, names]);
  });

  test('text in the encoding that its part says', async () => {
    const head = 'Content-Disposition: form-data; name=a\r\nContent-Type: text/plain; charset=ISO-8859-1';
    expect(seen(await postParts([[head, Buffer.from([0xe9])]])).fields).toEqual([['a', 'é']]);
  });

  test('a byte order mark, as a part of the text', async () => {
    expect(seen(await postParts([text('a', '\ufeffb')])).fields).toEqual([['a', '\ufeffb']]);
  });

  test.each(['7bit', '8BIT', 'binary'])('Content-Transfer-Encoding: %s', async encoding => {
    const head = `Content-Disposition: form-data; name=a\r\nContent-Transfer-Encoding: ${encoding}`;
    expect(seen(await postParts([[head, 'é']])).fields).toEqual([['a', 'é']]);
  });

  test('a file input that was left empty: there is no file', async () => {
    const empty = file('f', '', '', 'application/octet-stream');
    const asked: string[] = [];
    const onFile = ({ field }: { field: string }): undefined => void asked.push(field);
    const response = await postParts([empty, text('a', '1')], { directory, onFile });
    expect(seen(response)).toEqual({ fields: [['a', '1']], files: [] });
    expect(asked).toEqual([]);
  });

  test('a file of no octets, which is one', async () => {
    const response = await postParts([file('f', 'empty.txt', '')], { directory });
    expect(seen(response).files).toMatchObject([{ name: 'empty.txt', size: 0, content: '' }]);
  });

  test('octets without a name, which are a file', async () => {
    const head = 'Content-Disposition: form-data; name=f\r\nContent-Type: application/octet-stream';
    const response = await postParts([[head, Buffer.from([0xff, 0])]], { directory });
    expect(seen(response).files).toMatchObject([
      { name: 'unnamed', sentName: '', size: 2, content: '\xff\0' },
    ]);
  });

  test('a file that is itself multipart', async () => {
    const response = await postParts([file('f', 'page.mht', '--x--', 'multipart/related; boundary=x')], {
      directory,
    });
    expect(seen(response).files).toMatchObject([{ type: 'multipart/related', content: '--x--' }]);
  });

  test.each([
    ["UTF-8''na%C3%AFve.txt", 'naïve.txt'],
    ["utf-8'en'x%20y.txt", 'x y.txt'],
    ["ISO-8859-1''%e9.txt", 'é.txt'],
  ])('filename*=%s before filename', async (extended, name) => {
    const head = `Content-Disposition: form-data; name=f; filename="=?utf-8?B?x?="; filename*=${extended}`;
    const response = await postParts([[head, 'x']], { directory });
    expect(seen(response).files).toMatchObject([{ sentName: name, name }]);
  });

  test.each([
    ['', 'application/octet-stream'],
    ['nonsense', 'application/octet-stream'],
    ['text/html<script>', 'application/octet-stream'],
    ['IMAGE/PNG; a=b', 'image/png'],
  ])('a file with the type "%s" as %s', async (type, expected) => {
    const response = await postParts([file('f', 'x', 'y', type)], { directory });
    expect(seen(response).files).toMatchObject([{ type: expected }]);
  });
});

describe('refused with 400', () => {
  const form = 'Content-Disposition: form-data';
  test.each<[string, string]>([
    ['no Content-Disposition', 'Content-Type: text/plain'],
    ['no header', ''],
    ['another disposition', 'Content-Disposition: attachment; name=a'],
    ['no name', form],
    ['a name twice', `${form}; name=a; name=b`],
    ['a name twice in other cases', `${form}; name=a; NAME=b`],
    ['two dispositions', `${form}; name=a\r\n${form}; name=b`],
    ['two types', `${form}; name=a\r\nContent-Type: text/plain\r\nContent-Type: text/html`],
    ['a quote that is not closed', `${form}; name="a`],
    ['something behind a quote', `${form}; name="a\\"b"`],
    ['something that is no parameter', `${form}; name=a b`],
    ['a name that is not UTF-8', `${form}; name="\xe9"`],
    ['a file name that is not UTF-8', `${form}; name=a; filename="\xe9"`],
    ['a filename* without its quotes', `${form}; name=a; filename*=x`],
    ['a filename* that is not UTF-8', `${form}; name=a; filename*=UTF-8''%e9`],
    ['a filename* in another encoding', `${form}; name=a; filename*=utf-16''x`],
    ['a blank before the colon', 'Content-Disposition : form-data; name=a'],
    ['lines that end with LF', `${form}; name=a\nContent-Type: text/plain`],
  ])('%s', async (_, head) => {
    const body = Buffer.from(`--${boundary}\r\n${head}\r\n\r\nx\r\n--${boundary}--\r\n`, 'latin1');
    const response = await post(multipartType, body, { directory });
    expect(response.status, response.text()).toBe('400 Bad Request');
    await expect.poll(folder.left).toEqual([]);
  });

  test('a field that is not UTF-8', async () => {
    expect((await postParts([[`${form}; name=a`, Buffer.from([0xe9])]])).statusCode).toBe(400);
  });

  test.each([
    ['nothing', ''],
    ['no boundary in it', 'hello'],
    ['another boundary', '--other\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n--other--'],
    ['no end', multipart([text('a', '1')], '')],
    ['half an end', multipart([text('a', '1')], `--${boundary}-`)],
    ['half a boundary', multipart([text('a', '1')], `--${boundary.slice(0, -1)}`)],
    ['a cut file', multipart([file('f', 'x', 'y'.repeat(100_000))], '')],
    ['a cut header', multipart([text('a', '1')], `--${boundary}\r\n${form}; na`)],
    [
      'a header that its boundary cuts',
      multipart([text('a', '1')], `--${boundary}\r\n${form}\r\n--${boundary}--`),
    ],
    ['a part of nothing', multipart([text('a', '1')], `--${boundary}\r\n--${boundary}--`)],
    [
      'a part of nothing before another',
      multipart([], `--${boundary}\r\n--${boundary}\r\n${form}; name=a\r\n\r\n\r\n--${boundary}--`),
    ],
  ])('content: %s', async (_, body) => {
    const response = await post(multipartType, body, { directory });
    expect(response.status, response.text()).toBe('400 Bad Request');
    await expect.poll(folder.left).toEqual([]);
  });

  test.each([
    'multipart/form-data',
    'multipart/form-data; boundary=',
    'multipart/form-data; boundary=""',
    `multipart/form-data; boundary=${'x'.repeat(71)}`,
    'multipart/form-data; boundary=a; boundary=b',
  ])('Content-Type: %s', async type => {
    const response = await post(type, multipart([text('a', '1')]));
    expect([400, 415]).toContain(response.statusCode);
  });
});

describe('refused with 415', () => {
  test.each([
    null,
    'text/plain',
    'application/json',
    'multipart/mixed; boundary=x',
    'multipart/form-data-x; boundary=x',
    'application/x-www-form-urlencoded-x',
    ';',
  ])('Content-Type: %s', async type => {
    expect((await post(type, 'a=b')).status).toBe('415 Unsupported Media Type');
  });

  test.each([
    ['multipart in multipart', 'Content-Type: multipart/mixed; boundary=x'],
    ['base64', 'Content-Transfer-Encoding: base64'],
    ['quoted-printable', 'Content-Transfer-Encoding: Quoted-Printable'],
    ['an encoding that nobody knows', 'Content-Type: text/plain; charset=klingon'],
    ['utf-7', 'Content-Type: text/plain; charset=utf-7'],
  ])('%s', async (_, line) => {
    const response = await postParts([[`Content-Disposition: form-data; name=a\r\n${line}`, 'x']]);
    expect(response.status).toBe('415 Unsupported Media Type');
  });
});

test('a form is read once: whoever asks again gets it', async () => {
  const response = await call(
    async (environ, startResponse) => {
      const [one, two] = await Promise.all([readForm(environ), readForm(environ, { limits: { fields: 0 } })]);
      startResponse('200 OK', []);
      return String(one === two && one === (await readForm(environ)));
    },
    { method: 'POST', headers: { 'Content-Type': multipartType }, body: multipart([text('a', '1')]) },
  );
  expect(response.text()).toBe('true');
});

test('getAll, filesOf and their kin', async () => {
  const parts = [
    text('a', '1'),
    text('a', '2'),
    file('f', 'x', '1'),
    file('f', 'y', '2'),
    file('g', 'z', ''),
  ];
  const response = await postParts(parts, { directory }, form => ({
    get: form.get('a'),
    all: form.getAll('a'),
    none: form.getAll('b'),
    names: form.names(),
    size: form.size,
    file: form.file('f')?.name,
    files: form.filesOf('f').map(({ name }) => name),
    noFile: form.file('a') ?? null,
  }));
  expect(response.json()).toEqual({
    get: '1',
    all: ['1', '2'],
    none: [],
    names: ['a'],
    size: 2,
    file: 'x',
    files: ['x', 'y'],
    noFile: null,
  });
});
