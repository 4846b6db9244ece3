// T1 to T32: the test suite of Fapws3, re-created. Where the new server differs on purpose, the test says so:
// X1 not found is 404, X2 the scheme is `http`, X3 malformed header octets are 400 (docs/coming-from-fapws3.md).

import { statSync, writeFileSync } from 'node:fs';
import { platform } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { ServerOptions } from '../../src/index.ts';
import { folder, socketPath } from '../loop/recorder.ts';
import type { Client } from '../server/client.ts';
import { type Serving, serving } from '../server/serving.ts';
import { type LongFile, link } from './applications.ts';

/** The size of the page that the original served. */
const SIZE = 570_414;

const places: [string, boolean, () => ServerOptions & { path?: string; host?: string; port?: number }][] = [
  ['TCP', true, () => ({ host: '127.0.0.1', port: 0 })],
  ['a unix socket with a path', true, () => ({ path: socketPath() })],
  [
    'an abstract unix socket',
    platform() === 'linux',
    () => ({ path: `\0fapws-acceptance-${process.pid}-${Math.random()}` }),
  ],
];

describe.each(places.filter(([, here]) => here))('the acceptance list of Fapws3 over %s', (_, __, place) => {
  let file: LongFile;
  let made: Serving;
  let client: Client;

  // Called by each test itself, because what it opens is closed when the test that opened it is over.
  async function begin(): Promise<void> {
    const path = join(folder(), 'long.txt');
    writeFileSync(path, `${'azerty'.repeat(Math.floor(SIZE / 6))}`.padEnd(SIZE, '.'));
    file = { path, size: SIZE };
    made = await serving(server => link(server, file), place());
    client = await made.client();
  }

  test.each([
    ['T1', 'SCRIPT_NAME:"/env";'],
    ['T2', 'PATH_INFO:"/param";'],
    ['T3', 'REQUEST_METHOD:"GET";'],
    ['T4', 'SERVER_PROTOCOL:"HTTP/1.1";'],
    // X2: the original said HTTP.
    ['T5', 'wsgi.url_scheme:"http";'],
    ['T6', 'QUERY_STRING:"key=val";'],
    ['T7', 'fapws.params:{"key":["val"]};'],
  ])('%s GET /env/param?key=val shows %s', async (_number, expected) => {
    await begin();
    const answer = await client.get('/env/param?key=val');
    expect(answer.code).toBe(200);
    expect(answer.text.split('\n')).toContain(expected);
  });

  test('T8 GET /wrongpage: 404 (X1: the original said 500)', async () => {
    await begin();
    const answer = await client.get('/wrongpage');
    expect(answer.code).toBe(404);
    expect(answer.text).toContain('Not Found');
  });

  test.each([
    ['T9', '/hello', 'Hello world!!'],
    ['T10', '/iterhello', 'Hello world!!'],
    ['T11', '/tuplehello', 'Hello world!!'],
    ['T12', '/helloclass', 'Hello from class !!!'],
  ])('%s GET %s', async (_number, target, expected) => {
    await begin();
    const answer = await client.get(target);
    expect([answer.code, answer.text]).toEqual([200, expected]);
  });

  test('T13 GET /long: a file object through a log decorator', async () => {
    await begin();
    const answer = await client.get('/long');
    expect(answer.code).toBe(200);
    expect(answer.body.length).toBe(statSync(file.path).size);
    expect(answer.text).toContain('azerty');
    expect(made.log).toContain('GET /long\n');
  });

  test('T14 GET /longzipped with Accept-Encoding: gzip', async () => {
    await begin();
    const answer = await client.get('/longzipped', { 'Accept-Encoding': 'gzip' });
    expect(answer.header('Content-Encoding')).toBe('gzip');
    expect(Number(answer.header('Content-Length'))).toBe(answer.body.length);
    expect(gunzipSync(answer.body).length).toBe(SIZE);
  });

  test('T15 GET /elong: a list of slices of 32 KiB', async () => {
    await begin();
    const answer = await client.get('/elong');
    expect([answer.code, answer.body.length]).toEqual([200, SIZE]);
  });

  test('T16 GET /staticform with If-None-Match', async () => {
    await begin();
    const tag = `"${statSync(file.path).mtimeMs}"`;
    const answer = await client.get('/staticform', { 'If-None-Match': tag });
    expect([answer.code, answer.header('ETag')]).toEqual([304, tag]);
    const other = await client.get('/staticform', { 'If-None-Match': '"other"' });
    expect([other.code, other.body.length]).toEqual([200, SIZE]);
  });

  test('T17 POST /testpost without a length', async () => {
    await begin();
    client.request('POST', '/testpost');
    const answer = await client.answer();
    expect(answer.code).toBe(411);
    expect(answer.text).toContain('Length Required');
  });

  test('T18 POST /testpost, urlencoded', async () => {
    await begin();
    const answer = await client.post('/testpost', 'var1=a+b&var2=%C3%A9&var1=c', {
      'Content-Type': 'application/x-www-form-urlencoded',
    });
    expect(answer.code).toBe(200);
    expect(answer.text).toBe('OK. params are:{"var1":["a b","c"],"var2":["é"]}');
  });

  test('T19 POST /testpost, multipart: the content arrives as it was sent', async () => {
    await begin();
    const body = [
      '--boundary',
      'Content-Disposition: form-data; name="field1"',
      '',
      'a field',
      '--boundary',
      'Content-Disposition: form-data; name="file"; filename="short.txt"',
      'Content-Type: text/plain',
      '',
      'Hello World!!\n',
      '--boundary--',
      '',
    ].join('\r\n');
    const answer = await client.post('/testpost', body, {
      'Content-Type': 'multipart/form-data; boundary=boundary',
    });
    expect([answer.code, answer.text]).toEqual([200, body]);
  });

  test('T20 OPTIONS /', async () => {
    await begin();
    client.request('OPTIONS', '/');
    const answer = await client.answer();
    expect(answer.code).toBe(200);
    expect(answer.header('Allow')).toMatch(/^GET\b/);
  });

  test('T21 a header with two colons: the second one belongs to the value (RFC 9112 5), as in the original', async () => {
    await begin();
    const answer = await client.get('/env', { 'Badkey:': 'Value' });
    expect(answer.code).toBe(200);
    expect(answer.text.split('\n')).toContain('HTTP_BADKEY:": Value";');
  });

  // X3: what the original let pass is how requests are smuggled.
  test.each([
    ['T22', 'a header name with LF', 'GET /env HTTP/1.1\r\nHost: a\r\nBad\nkey: Value\r\n\r\n'],
    ['T23', 'a header value with LF', 'GET /env HTTP/1.1\r\nHost: a\r\nKey: Val\nue\r\n\r\n'],
    ['T24', 'a header value with CRLF', 'GET /env HTTP/1.1\r\nHost: a\r\nKey: Val\r\nue\r\n\r\n'],
    ['T26', 'a target followed by CRLF', 'GET /env\r\n HTTP/1.1\r\nHost: a\r\n\r\n'],
  ])('%s %s: 400 (X3: the original said 200)', async (_number, _what, request) => {
    await begin();
    client.send(request);
    const answer = await client.answer();
    expect([answer.code, answer.header('Connection')]).toEqual([400, 'close']);
  });

  test('T25 method GIT: 501', async () => {
    await begin();
    client.request('GIT', '/env');
    const answer = await client.answer();
    expect(answer.code).toBe(501);
    expect(answer.text).toContain('Not Implemented');
  });

  test('T27 a callback that fails: 500 with the traceback, which is switched on here (X4)', async () => {
    await begin();
    const answer = await client.get('/badscript');
    expect(answer.code).toBe(500);
    expect(answer.text).toContain('Traceback');
    expect(answer.text).toContain('notDefinedAnywhere');
    expect(made.log).toContain('notDefinedAnywhere');
  });

  test('T28 a method with non-ASCII octets and an empty target: 501', async () => {
    await begin();
    client.send(Buffer.from('GÉT  HTTP/1.1\r\nHost: a\r\n\r\n'));
    expect((await client.answer()).code).toBe(501);
  });

  test('T29 a query of 4 KiB comes back', async () => {
    await begin();
    const query = `var=${'to'.repeat(2048)}`;
    const answer = await client.get(`/env?${query}`);
    expect(answer.code).toBe(200);
    expect(answer.text).toContain(query);
  });

  test.each([
    ['T30', '/returnnone', 'without return'],
    ['T31', '/returnnull', 'that returns null'],
  ])('%s GET %s: a callback %s', async (_number, target) => {
    await begin();
    const answer = await client.get(target);
    expect([answer.code, answer.text, answer.header('Content-Length')]).toEqual([200, '', '0']);
  });

  test('T32 GET /returniternull: a generator with a null in it', async () => {
    await begin();
    const answer = await client.get('/returniternull');
    expect([answer.code, answer.text]).toEqual([200, 'starttt']);
  });
});
