import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { Example, installed, shownOrigin } from '@fapws/testing';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';

// A process is started here, maybe on a busy machine.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

const example = new Example(import.meta.dirname);
const program = example.start();
let origin: string;
beforeAll(async () => {
  origin = await program.origin();
});
afterAll(() => program[Symbol.asyncDispose]());

/** What a request gets, octet by octet: `fetch` refuses to send TRACE. */
async function raw(head: string): Promise<string> {
  const socket = connect(Number(new URL(origin).port), '127.0.0.1').setTimeout(10_000);
  await once(socket, 'connect');
  socket.setEncoding('latin1').end(Buffer.from(`${head}\r\nConnection: close\r\n\r\n`, 'latin1'));
  return text(socket);
}

test.runIf(installed('curl'))('the README shows what comes out', async () => {
  const { shown, went } = await example.followReadme({
    [shownOrigin]: origin,
    '127.0.0.1:8080': new URL(origin).host,
  });
  expect(went).toBe(shown);
});

test('TRACE sends back what arrived, octet by octet, but no credentials', async () => {
  const answer = await raw(
    'TRACE /a?b HTTP/1.1\r\nHost: here\r\nX-Name: Zo\xeb\r\ncookie: a=1\r\nAuthorization: Basic eA==\r\nX-Last: 1',
  );
  expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  expect(answer).toContain('Content-Type: message/http\r\n');
  expect(answer.split('\r\n\r\n')[1]).toBe(
    'TRACE /a?b HTTP/1.1\r\nHost: here\r\nX-Name: Zo\xeb\r\nX-Last: 1\r\nConnection: close',
  );
});

test('a note is created, changed, read and deleted', async () => {
  const note = (method: string, body?: string) =>
    fetch(`${origin}/notes/one`, { method, ...(body && { body }) });
  expect((await note('GET')).status).toBe(404);
  expect((await note('PUT', 'first')).status).toBe(201);
  expect((await note('PUT', 'sécond')).status).toBe(204);
  expect(await (await note('GET')).text()).toBe('sécond\n');
  expect((await note('HEAD')).headers.get('content-length')).toBe('8');
  expect((await note('PUT', 'x'.repeat(1001))).status).toBe(413);
  expect((await note('DELETE')).status).toBe(204);
  expect((await note('DELETE')).status).toBe(404);
});

test('the server says which methods there are', async () => {
  const allowed = (response: Response) => response.headers.get('allow')?.split(', ').sort();
  const methods = ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PUT'];
  expect(allowed(await fetch(`${origin}/notes/one`, { method: 'OPTIONS' }))).toEqual(methods);
  const refused = await fetch(`${origin}/notes/one`, { method: 'POST' });
  expect(refused.status).toBe(405);
  expect(allowed(refused)).toEqual(methods);
  expect((await fetch(`${origin}/notes/one`, { method: 'PATCH' })).status).toBe(501);
});

test('the middleware shows the environ of any path, also of those that nothing is under', async () => {
  for (const path of ['/notes/one', '/nowhere']) {
    const response = await fetch(`${origin}${path}?environ=1`, { headers: { 'X-Colour': '<b>' } });
    expect(response.status).toBe(200);
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    const lines = (await response.text()).split('\n');
    expect(lines).toContain(`PATH_INFO: '${path}'`);
    expect(lines).toContain("HTTP_X_COLOUR: '<b>'");
  }
  expect((await fetch(`${origin}/nowhere`)).status).toBe(404);
});
