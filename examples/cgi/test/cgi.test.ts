import { once } from 'node:events';
import { request } from 'node:http';
import { Example, installed, shownOrigin } from '@fapws/testing';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

// Processes are started here, maybe on a busy machine.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

const example = new Example(import.meta.dirname);
const program = example.start();
let origin: string;
beforeAll(async () => {
  origin = await program.origin();
});
afterAll(() => program[Symbol.asyncDispose]());

const perl = installed('perl');
const python = installed('python3');
const php = installed('php-cgi');

test.runIf([installed('curl'), perl, python, php].every(Boolean))(
  'the README shows what comes out',
  async () => {
    const { shown, went } = await example.followReadme({ [shownOrigin]: origin });
    expect(went).toBe(shown);
  },
);

test('a script sees the rest of its path', async () => {
  const response = await fetch(`${origin}/cgi-bin/hello.sh/Zo%C3%AB`);
  expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8');
  expect(await response.text()).toBe('Hello Zoë, I am /cgi-bin/hello.sh.\n');
});

test.each([
  ['/cgi-bin/', 404],
  ['/cgi-bin/missing', 404],
  ['/cgi-bin/..%2fpackage.json', 400],
])('%s is %i', async (path, status) => {
  expect((await fetch(origin + path)).status).toBe(status);
});

describe.runIf(perl)('the Perl script', () => {
  test('reads a text that is larger than any buffer', async () => {
    const body = 'spam '.repeat(400_000) + 'eggs\n'.repeat(3);
    const response = await fetch(`${origin}/cgi-bin/count.pl`, { method: 'POST', body });
    expect(await response.text()).toBe('400000 spam\n3 eggs\n');
  });

  test('chooses its status', async () => {
    const response = await fetch(`${origin}/cgi-bin/count.pl`);
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe('POST');
  });
});

test.runIf(python)('each line of the Python script is sent when it is flushed', async () => {
  const [response] = await once(request(`${origin}/cgi-bin/slow.py`).end(), 'response');
  const lines: string[] = [];
  for await (const piece of response.setEncoding('utf8')) lines.push(piece as string);
  expect(lines.slice(0, 3)).toEqual(['3\n', '2\n', '1\n']);
  expect(lines.join('')).toBe('3\n2\n1\ngo\n');
});
