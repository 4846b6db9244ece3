import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  Example,
  installed,
  makeBarePython,
  type Program,
  pathTo,
  pythonWith,
  shownOrigin,
} from '@fapws/testing';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

// A server and its Pythons are started here, maybe on a busy machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const example = new Example(import.meta.dirname);
const python = pythonWith('falcon');
const folder = mkdtempSync(join(tmpdir(), 'fapws-falcon-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.runIf(python)('the store', () => {
  let program: Program;
  let origin: string;
  let authorized: Record<string, string>;
  beforeAll(async () => {
    program = example.start({ DATA: folder, PATH: pathTo(python) });
    origin = await program.origin();
    authorized = { Authorization: `Bearer ${readFileSync(join(folder, 'token'), 'utf8')}` };
  });
  afterAll(async () => program?.[Symbol.asyncDispose]());

  const ask = (path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(origin + path, { signal: AbortSignal.timeout(20_000), ...init });
  const put = (
    name: string,
    body: string | Uint8Array<ArrayBuffer>,
    headers: Record<string, string> = authorized,
  ): Promise<Response> => ask(`/files/${name}`, { method: 'PUT', body, headers });
  const problemOf = async (answer: Response): Promise<[number, string]> => [
    answer.status,
    ((await answer.json()) as { title: string }).title,
  ];

  test.runIf(installed('curl'))('the README shows what comes out', async () => {
    const { shown, went } = await example.followReadme({
      [shownOrigin]: origin,
      'data/token': join(folder, 'token'),
    });
    expect(went).toBe(shown);
  });

  test('a file comes back as it was sent, as a download, and is gone when it was deleted', async () => {
    const content = new Uint8Array(randomBytes(5_000_000));
    const stored = await put('random.bin', content);
    expect([stored.status, stored.headers.get('location')]).toEqual([201, `${origin}/files/random.bin`]);
    expect((await put('random.bin', content)).status).toBe(200);
    const answer = await ask('/files/random.bin');
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-length': '5000000',
      'content-type': 'application/octet-stream',
      'content-disposition': 'attachment; filename="random.bin"',
      'x-content-type-options': 'nosniff',
    });
    const digest = (data: Uint8Array): string => createHash('sha256').update(data).digest('hex');
    expect(digest(new Uint8Array(await answer.arrayBuffer()))).toBe(digest(content));
    expect((await ask('/files/random.bin', { method: 'DELETE', headers: authorized })).status).toBe(204);
    expect(await problemOf(await ask('/files/random.bin'))).toEqual([404, 'There is no such file']);
  });

  test('who has no token, or another one, changes nothing', async () => {
    for (const headers of [{}, { Authorization: 'Bearer wrong' }, { Authorization: 'Bearer ü' }]) {
      const answer = await put('mine', 'x', headers);
      expect(answer.headers.get('www-authenticate')).toBe('Bearer');
      expect(await problemOf(answer)).toEqual([401, 'A token is needed']);
    }
    expect((await ask('/files/mine')).status).toBe(404);
  });

  test.each(['.hidden', '-option', 'a%20b', 'x'.repeat(101)])('%s can’t be a name', async name => {
    expect(await problemOf(await put(name, 'x'))).toEqual([400, "This can't be a name"]);
  });

  test('what does not arrive whole leaves nothing behind, and the file as it was', async () => {
    await put('kept', 'as it was');
    const upload = request(`${origin}/files/kept`, {
      method: 'PUT',
      headers: { ...authorized, 'Content-Length': 2_000_000 },
    });
    upload.on('error', () => {});
    await new Promise(resolve => upload.write('x'.repeat(500_000), resolve));
    upload.destroy();
    await expect
      .poll(() => readdirSync(join(folder, 'files')).filter(name => name.startsWith('.')), {
        timeout: 20_000,
      })
      .toEqual([]);
    expect(await (await ask('/files/kept')).text()).toBe('as it was');
  });

  test('it ends when it is told to, and keeps its token', async () => {
    const token = readFileSync(join(folder, 'token'), 'utf8');
    expect(await program.end('SIGTERM'), program.output).toBe(0);
    program = example.start({ DATA: folder, PATH: pathTo(python) });
    origin = await program.origin();
    expect(readFileSync(join(folder, 'token'), 'utf8')).toBe(token);
    expect((await put('again', 'x')).status).toBe(201);
  });
});

test.runIf(installed('python3'))('without Falcon it says how to get it', async () => {
  const path = pathTo(makeBarePython(join(folder, 'bare')));
  await using program = example.start({ DATA: join(folder, 'none'), PATH: path });
  expect(await program.end()).toBe(1);
  expect(program.output).toContain('Get Falcon: apt-get install python3-falcon, or pip install falcon');
});
