// The fapws command as its users get it: installed from tarballs into an empty folder, run by npx, without any tool of this
// repository in between.

import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { optional } from '../../packages/testing/src/optional.ts';
import { Program, run as runHere } from '../../packages/testing/src/program.ts';
import { run, succeed } from '../commands.ts';
import { pack, publicPackages, readManifest, temporaryFolder } from './packed.ts';

const folder = temporaryFolder('command');
const project = join(folder, 'project');

/** With what it depends on of this repository, and so on. */
function withDependencies(name: string, found = new Set<string>()): Set<string> {
  const published = publicPackages.find(one => one.name === name);
  if (published === undefined || found.has(name)) return found;
  found.add(name);
  const { dependencies, peerDependencies } = readManifest(published.folder);
  for (const other of Object.keys({ ...dependencies, ...peerDependencies })) withDependencies(other, found);
  return found;
}

beforeAll(async () => {
  mkdirSync(project);
  const tarballs: string[] = [];
  for (const name of withDependencies('@fapws/cli')) {
    tarballs.push(
      await pack(publicPackages.find(one => one.name === name) as (typeof publicPackages)[number], folder),
    );
  }
  await succeed(
    'npm',
    ['install', '--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund', ...tarballs],
    project,
  );
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function serving(...args: string[]): Program {
  // As from a terminal, whose signals reach npx and what it has started.
  return new Program(
    'npx',
    ['fapws', ...args, '-b', '127.0.0.1:0'],
    { HOME: folder },
    { folder: project, ownGroup: true },
  );
}

async function answerOf(program: Program): Promise<string> {
  return (await fetch(await program.origin())).text();
}

test('npx fapws serves an application in TypeScript, and sees an edit of it', async () => {
  const write = (word: string): void =>
    writeFileSync(
      join(project, 'app.ts'),
      `import type { Application } from '@fapws/core';

const app: Application = (_environ, startResponse) => {
  startResponse('200 OK', [['Content-Type', 'text/plain']]);
  return '${word}' satisfies string;
};
export default app;
`,
    );
  write('hello');
  await using program = serving('app.ts', '--reload', '--gzip', '--log', 'common');
  expect(await answerOf(program), program.output).toBe('hello');
  write('hello again');
  expect(await answerOf(program), program.output).toBe('hello again');
  await program.prints(/"GET \/ HTTP\/1\.1" 200 11$/m);
  await program.end('SIGINT');
});

const debian = '/usr/bin/python3';
const flask = optional(
  "Debian's Flask",
  runHere(debian, ['-c', 'import flask']).code === 0,
  'apt-get install python3-flask',
);

test.runIf(flask)('npx fapws wsgi serves a Flask application', async () => {
  writeFileSync(
    join(project, 'shop.py'),
    `from flask import Flask

app = Flask(__name__)

@app.get("/")
def index():
    return "hello from Flask"
`,
  );
  await using program = serving('wsgi', 'shop:app', '--python', debian, '-w', '2', '--threads', '2');
  expect(await answerOf(program), program.output).toBe('hello from Flask');
  await program.end('SIGTERM');
});

test('npx fapws says what is wrong, and its version', async () => {
  const wrong = await run('npx', ['fapws', 'nothing.ts'], project);
  expect(wrong.code).toBe(2);
  expect(wrong.output).toMatch(
    /^fapws: There is no file nothing\.ts\. Name the file with the application, as in fapws app\.ts\.$/m,
  );
  const { version } = readManifest(join(project, 'node_modules/@fapws/cli'));
  expect(await succeed('npx', ['fapws', '--version'], project)).toBe(
    `fapws ${version}, Node ${process.versions.node}\n`,
  );
});
