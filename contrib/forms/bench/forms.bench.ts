// What reading a form costs, beside the parsers that do it: @fastify/busboy's own reader of forms, which this package uses a part
// of, and what Node has built in (which keeps files in memory). `pnpm --filter @fapws/forms bench` runs it.

import { Buffer } from 'node:buffer';
import { finished } from 'node:stream/promises';
import type { Environ } from '@fapws/core';
import { Busboy } from '@fastify/busboy';
import { bench, do_not_optimize, group, run } from 'mitata';
import { parseCookies, readForm, readQuery, signedCookies } from '../src/index.ts';

const boundary = '----WebKitFormBoundaryABCDEFGHIJKLMNOP';
const multipartType = `multipart/form-data; boundary=${boundary}`;
const field = (name: string, value: string): string =>
  `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
const file = (content: string): string =>
  `--${boundary}\r\nContent-Disposition: form-data; name="f"; filename="f.bin"\r\n` +
  `Content-Type: application/octet-stream\r\n\r\n${content}\r\n`;
const end = `--${boundary}--\r\n`;

const fields = Array.from({ length: 10 }, (_, at) => field(`field${at}`, `value ${at}`)).join('');
const small = Buffer.from(fields + end);
const large = Buffer.from(fields + file(`${'x'.repeat(76)}\r\n`.repeat(13_500)) + end);
const urlencoded = Buffer.from(
  Array.from({ length: 10 }, (_, at) => `field${at}=value+${at}%C3%A9`).join('&'),
);

/** As they come from a socket. */
function piecesOf(content: Buffer): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < content.length; at += 65_536) pieces.push(content.subarray(at, at + 65_536));
  return pieces;
}

function environOf(type: string, content: Buffer): () => Environ {
  const pieces = piecesOf(content);
  return () => ({ CONTENT_TYPE: type, 'wsgi.input': pieces }) as unknown as Environ;
}

const nowhere = { onFile: () => null };
const temporary = {};

async function withBusboy(content: Buffer): Promise<number> {
  const busboy = new Busboy({ headers: { 'content-type': multipartType } });
  let count = 0;
  busboy.on('field', () => {
    count += 1;
  });
  busboy.on('file', (_name, stream) => stream.resume());
  for (const piece of piecesOf(content)) busboy.write(piece);
  busboy.end();
  await finished(busboy, { readable: false });
  return count;
}

const withFormData = (content: Buffer): Promise<FormData> =>
  new Response(content, { headers: { 'Content-Type': multipartType } }).formData();

for (const [name, content] of [
  ['multipart, 10 fields', small],
  ['multipart, 10 fields and a file of 1 MiB', large],
] as const) {
  group(name, () => {
    const environ = environOf(multipartType, content);
    bench('readForm, the file to nowhere', async () =>
      do_not_optimize(await readForm(environ(), nowhere)),
    ).baseline(true);
    if (content === large) {
      bench('readForm, the file to a temporary one', async () => {
        const form = await readForm(environ(), temporary);
        await form.remove();
      });
    }
    bench('@fastify/busboy', async () => do_not_optimize(await withBusboy(content)));
    bench('Response.formData', async () => do_not_optimize(await withFormData(content)));
  });
}

group('urlencoded, 10 fields', () => {
  const environ = environOf('application/x-www-form-urlencoded', urlencoded);
  bench('readForm', async () => do_not_optimize(await readForm(environ()))).baseline(true);
  bench('URLSearchParams', () => do_not_optimize(new URLSearchParams(urlencoded.toString())));
});

group('without content', () => {
  const query = { QUERY_STRING: 'a=1&b=2&c=%C3%A9' } as unknown as Environ;
  bench('readQuery, 3 parameters', () => do_not_optimize(readQuery(query)));
  const cookies = signedCookies({ keys: ['x'.repeat(32)] });
  const [, line] = cookies.set('user', '1');
  const sent = { HTTP_COOKIE: `theme=dark; ${line.split(';')[0]}` } as unknown as Environ;
  bench('parseCookies, 2 cookies', () => do_not_optimize(parseCookies(sent)));
  bench('a signed cookie', () => do_not_optimize(cookies.get(sent, 'user')));
});

await run();
