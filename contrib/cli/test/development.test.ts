// --reload: the request after an edit is answered by what the files say then; what keeps them from being loaded is a page.

import { rmSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { installed } from '@fapws/testing';
import { expect, test, vi } from 'vitest';
import { Project, serving } from './command.ts';

// On a machine with other work, starting a process alone can take seconds.
vi.setConfig({ testTimeout: 90_000 });

const python = installed('python3');

const app = `import { readFileSync } from 'node:fs';
import { word } from './word.ts';

type Environ = Record<string, unknown> & { 'wsgi.input': AsyncIterable<Uint8Array> };
type StartResponse = (status: string, headers: [string, string][]) => void;

export default async (environ: Environ, startResponse: StartResponse) => {
  let octets = 0;
  for await (const chunk of environ['wsgi.input']) octets += chunk.length;
  startResponse('201 Made', [['Content-Type', 'text/plain'], ['X-Pid', String(process.pid)], ['Set-Cookie', 'a=1'], ['Set-Cookie', 'b=2']]);
  const page = readFileSync('pages/page.txt', 'utf8').trim();
  return [word, page, octets, environ.REMOTE_ADDR, environ.HTTP_HOST, environ.HTTP_X_MINE].join(' ');
};
`;

interface Answer {
  readonly status: string;
  readonly cookies: readonly string[];
  readonly body: string;
}

function ask(
  url: string,
  { accept = '*/*', body }: { accept?: string; body?: string } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = { Accept: accept, Host: 'example.org', 'X-Mine': 'yes' };
    request(url, { agent: false, method: body === undefined ? 'GET' : 'POST', headers }, answer => {
      const { statusCode, statusMessage } = answer;
      const cookies = answer.headers['set-cookie'] ?? [];
      text(answer).then(
        content => resolve({ status: `${statusCode} ${statusMessage}`, cookies, body: content }),
        reject,
      );
    })
      .on('error', reject)
      .end(body);
  });
}

test('TypeScript: modules, templates, variables; syntax, an error and a missing module as pages', async () => {
  using project = new Project({
    'app.ts': app,
    'word.ts': "export const word: string = 'one';\n",
    'pages/page.txt': 'page',
  });
  await using program = serving(['app.ts', '--reload', '--reload-extra', 'pages'], project);
  const origin = await program.origin();
  const said = async (options = {}): Promise<string> => (await ask(origin, options)).body;
  expect(await said()).toBe('one page 0 127.0.0.1 example.org yes');

  // The request that comes at once sees it, with its method, its content, its address; and the ones after it.
  project.write('word.ts', "export const word: string = 'two';\n");
  expect(await ask(origin, { body: 'x'.repeat(100_000) })).toEqual({
    status: '201 Made',
    cookies: ['a=1', 'b=2'],
    body: 'two page 100000 127.0.0.1 example.org yes',
  });
  expect(await said()).toBe('two page 0 127.0.0.1 example.org yes');

  // Many at the same time are all answered by the new one.
  project.write('word.ts', "export const word: string = 'three';\n");
  const all = await Promise.all(Array.from({ length: 20 }, () => said()));
  expect(new Set(all)).toEqual(new Set(['three page 0 127.0.0.1 example.org yes']));

  project.write('pages/other.txt', 'new');
  project.write('pages/page.txt', 'leaf');
  expect(await said()).toContain('three leaf');
  expect(program.output).toMatch(/pages has changed/);

  project.write('word.ts', 'export const word: string = ;\n');
  const page = await ask(origin, { accept: 'text/html' });
  expect(page.status).toBe('500 Internal Server Error');
  expect(page.body).toContain('word.ts');
  expect(page.body).toMatch(/^<!doctype html>/);
  await program.prints(/word\.ts:1/);
  expect(await said()).toContain('word.ts');
  project.write('word.ts', "export const word: string = 'four';\n");
  expect(await said()).toContain('four leaf');

  project.write('word.ts', "throw new Error('<no> words');\nexport const word = '';\n");
  expect((await ask(origin, { accept: 'text/html' })).body).toContain('Error: &lt;no&gt; words');
  project.write('word.ts', "export { word } from './more.ts';\n");
  expect(await said()).toContain('more.ts');
  project.write('more.ts', "export const word = 'five';\n");
  expect(await said()).toContain('five leaf');
  rmSync(join(project.folder, 'more.ts'));
  expect(await said()).toContain('more.ts');
  project.write('more.ts', "export const word = 'six';\n");
  expect(await said()).toContain('six leaf');
  expect(await program.end('SIGINT'), program.output).toBe(0);
});

test('a program that is broken from the beginning is a page, too, and so is one that ends the process', async () => {
  using project = new Project({ 'app.js': 'export default nothing;\n' });
  await using program = serving(['app.js', '--reload'], project);
  const origin = await program.origin();
  expect((await ask(origin)).body).toContain('nothing is not defined');
  project.write('app.js', 'process.exit(7);\n');
  expect((await ask(origin)).body).toMatch(/ended with exit code 7/);
  project.write(
    'app.js',
    "export default (_environ, startResponse) => { startResponse('200 OK', []); return 'well'; };\n",
  );
  expect((await ask(origin)).body).toBe('well');
  expect(await program.end('SIGINT'), program.output).toBe(0);
});

test.runIf(python)('Python: a module, a template, an error as a page that the fix replaces', async () => {
  using project = new Project({
    'shop.py': `import word
def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [("%s %s" % (word.word, open("pages/page.txt").read().strip())).encode()]
`,
    'word.py': 'word = "one"\n',
    'pages/page.txt': 'page',
  });
  await using program = serving(['wsgi', 'shop', '--reload', '--reload-extra', 'pages'], project);
  const origin = await program.origin();
  const said = async (): Promise<string> => (await ask(origin)).body;
  expect(await said()).toBe('one page');
  project.write('word.py', 'word = "two"\n');
  expect(await said()).toBe('two page');
  project.write('pages/page.txt', 'leaf');
  expect(await said()).toBe('two leaf');
  project.write('word.py', 'word = = 1\n');
  const page = await ask(origin, { accept: 'text/html' });
  expect(page.status).toMatch(/^500 /);
  expect(page.body).toMatch(/SyntaxError/);
  await program.prints(/SyntaxError/);
  project.write('word.py', 'word = "three"\n');
  expect(await said()).toBe('three leaf');
  expect(await program.end('SIGINT'), program.output).toBe(0);
});
