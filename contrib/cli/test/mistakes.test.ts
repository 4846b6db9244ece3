// Mistakes of the user: one line that says what is wrong and what to do, no stack, exit code 2.

import { once } from 'node:events';
import { chmodSync, mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { installed, optional } from '@fapws/testing';
import { expect, test, vi } from 'vitest';
import { UsageError } from '../src/errors.ts';
import { wordsFor } from '../src/fail.ts';
import { main } from '../src/main.ts';
import { fapws, Project, type RunOptions } from './command.ts';

// On a machine with other work, starting a process alone can take seconds.
vi.setConfig({ testTimeout: 60_000 });

const hello = `export default (environ, startResponse) => {
  startResponse('200 OK', [['Content-Type', 'text/plain']]);
  return 'hello\\n';
};
`;

const python = installed('python3');

/** What all mistakes have in common: a line of sentences. */
function checked(said: string): string {
  expect(said).toMatch(/^[^\n]+[.…?]$/);
  expect(said).not.toMatch(/\[object|undefined/);
  return said;
}

/** Runs the command, and holds what it says against the rules for all mistakes. */
async function mistake(args: readonly string[], options: RunOptions): Promise<string> {
  const { code, stdout, stderr } = await fapws(args, options);
  expect({ code, stdout }, stderr).toEqual({ code: 2, stdout: '' });
  expect(stderr).toMatch(/^fapws: .*\n$/);
  return checked(stderr.slice('fapws: '.length, -1));
}

/** The same without a process for it: starting many takes minutes on a busy machine. */
async function mistakeHere(args: readonly string[], folder: string): Promise<string> {
  const before = process.cwd();
  process.chdir(folder);
  try {
    const error = await main(['--check-config', ...args]).then(
      () => new Error('no mistake'),
      thrown => thrown as Error,
    );
    expect(error, error.stack).toBeInstanceOf(UsageError);
    return checked(wordsFor(error));
  } finally {
    process.chdir(before);
  }
}

test.each([
  [['app.js', '--wokers', '4'], 'There is no option --wokers. Did you mean --workers?'],
  [['app.js', '--quiet'], 'There is no option --quiet. fapws --help lists all of them.'],
  [
    ['app.js', '-k', 'gevent'],
    'There is no option -k. There is one kind of worker; use --threads for requests at the same time.',
  ],
  [
    ['app.js', '--certfile', 'a.pem'],
    'There is no option --certfile. TLS is left to a proxy in front; docs/deploy.md has nginx and HAProxy.',
  ],
  [['app.js', '--processes', '4'], 'There is no option --processes. Write --workers.'],
  [['app.js', '-w', 'many'], '-w is "many", not a number of processes from 1 to 1024; write 4, auto or 2-8.'],
  [['app.js', '-w'], '-w has no value. See fapws --help for what it takes.'],
  [['app.js', '-w', '2-4'], '-w: only the number of Python processes can vary. Give one number, or auto.'],
  [
    ['app.js', '-b', 'here:there'],
    '-b is "here:there", not an address; write 127.0.0.1:8080, :8080 for all interfaces, [::1]:8080, unix:/run/app.sock or fd:3.',
  ],
  [
    ['app.js', '-b', '127.0.0.1:80800'],
    '-b is "127.0.0.1:80800", whose port is none: there are 0 (any free one) to 65535.',
  ],
  [
    ['app.js', '--timeout', 'long'],
    '--timeout is "long", not a number of seconds; write 30, 0.5, 500ms, 10m or 2h, up to a year.',
  ],
  [['app.js', '--max-memory', 'much'], '--max-memory is "much", not a size; write octets, 64K, 100M or 2G.'],
  [
    ['app.js', '--http-limit', 'contents=1'],
    '--http-limit is "contents=1", not a bound and its value, NAME=VALUE; did you mean content?.',
  ],
  [
    ['app.js', '--static', 'public'],
    '--static is "public", not a path and a folder; write /assets=public, or /=public for the whole site.',
  ],
  [['app.js', '--static', '/a=nowhere'], '--static'],
  [['app.js', '-e', 'NAME'], '-e is "NAME", not a variable and its value; write NAME=VALUE.'],
  [['app.js', '--umask', '999'], '--umask is "999", not permission bits; write them in octal, 660.'],
  [['app.js', '--log', '%!'], '--log'],
  [['app.js', '--forwarded-allow', 'nobody'], '--forwarded-allow'],
  [
    ['app.js', '--threads', '4'],
    '--threads is for Python applications. Leave it out, or name the application as fapws wsgi MODULE:ATTRIBUTE.',
  ],
  [
    ['app.js', 'b.js'],
    'One application is served, app.js, and "b.js" is one word too many. Put values with blanks in quotes.',
  ],
  [
    ['wsgi'],
    'fapws wsgi needs an application. Write fapws wsgi MODULE:ATTRIBUTE, as in fapws wsgi shop.wsgi:application.',
  ],
  [
    [],
    'There is no application. Name one, as in fapws app.ts or fapws wsgi module:application, or a folder of files, as in fapws --static /=public.',
  ],
  [['nothing.js'], 'There is no file nothing.js. Name the file with the application, as in fapws app.ts.'],
  [['ap.js'], 'There is no file ap.js. Did you mean app.js?'],
  [['app'], 'There is no file app. Did you mean app.js?'],
  [
    ['shop.wsgi:application'],
    'There is no file shop.wsgi:application. For a Python application write fapws wsgi shop.wsgi:application.',
  ],
  [['app.py'], 'app.py is a Python file. Write fapws wsgi app:application.'],
  [['.'], '. is a folder. Name the file with the application, as in fapws app.ts.'],
  [
    ['app.js:admin'],
    'app.js has no export admin. It exports app.js:default; name one of these, or write export default.',
  ],
  [
    ['empty.js'],
    'empty.js has no default export. Write export default application, or export default function (server) { server.mount(…) }. A program that starts a server itself is run with node.',
  ],
  [
    ['number.js'],
    'The default export of number.js is of type number, not a function. Export an application, (environ, startResponse) => …, or (server) => server.mount(…).',
  ],
  [
    ['nullary.js'],
    "The default export of nullary.js takes no parameters, so it can't be told what it is. An application takes two, (environ, startResponse), and a function that mounts applications one, (server).",
  ],
  [
    ['idle.js'],
    'idle.js was given the server and has mounted nothing on it. A function of one parameter is called with the server; an application has two, (environ, startResponse).',
  ],
  [
    ['app.js', '--chdir', 'nowhere'],
    '--chdir: nowhere is not there. Name a folder that this user may enter.',
  ],
  [
    ['app.js', '--dotenv', 'nowhere'],
    "--dotenv: nowhere can't be read (ENOENT). Check its path and permissions.",
  ],
  [
    ['app.js', '--config', 'nowhere.json'],
    'There is no configuration file nowhere.json. Check the path given with --config.',
  ],
  [['app.js', '--config', 'bad.json'], 'bad.json'],
  [
    ['app.js', '--config', 'list.json'],
    'list.json has no options. Write an object: { "bind": "127.0.0.1:8080" }.',
  ],
  [['app.js', '--config', 'typo.json'], 'typo.json says wrokers, which is no option. Did you mean workers?'],
  [
    ['app.js', '--config', 'kebab.json'],
    'kebab.json says keep-alive, which is no option. Did you mean keepAlive?',
  ],
  [['app.js', '--config', 'type.json'], 'gzip in type.json is "yes". Write true or false.'],
  [['app.js', '--config', 'throws.mjs'], "throws.mjs can't be read: no database. Correct it."],
  [['app.js', '--user', 'nobody-of-this-name'], '--user'],
] as [readonly string[], string][])('fapws %s', async (args, message) => {
  using project = mistakenProject();
  const said = await mistakeHere(args, project.folder);
  if (/^-/.test(message) && !message.includes(' '))
    expect(said.startsWith(`${message}: `) || said.startsWith(`${message} has`), said).toBe(true);
  else if (message.includes(' ')) expect(said).toBe(message);
  else expect(said.startsWith(message), said).toBe(true);
});

function mistakenProject(): Project {
  return new Project({
    'app.js': hello,
    'app.py': 'application = None\n',
    'empty.js': 'export {};\n',
    'number.js': 'export default 1;\n',
    'nullary.js': 'export default () => [];\n',
    'idle.js': 'export default _server => {};\n',
    'import.ts': "import 'of-nobody';\nexport default (_e: object, _s: object) => [];\n",
    'bad.json': '{ "bind": ',
    'list.json': '[]',
    'typo.json': '{ "wrokers": 1 }',
    'kebab.json': '{ "keep-alive": 1 }',
    'type.json': '{ "gzip": "yes" }',
    'throws.mjs': "throw new Error('no database');\n",
  });
}

test('the command says it on standard error and exits with 2', async () => {
  using project = mistakenProject();
  expect(await mistake(['app.js', '--wokers', '4'], project)).toBe(
    'There is no option --wokers. Did you mean --workers?',
  );
  expect(await mistake(['ap.js'], project)).toBe('There is no file ap.js. Did you mean app.js?');
  expect(await mistake(['import.ts'], project)).toBe(
    "import.ts can't be loaded: there is no package of-nobody. Run npm install of-nobody.",
  );
});

test.runIf(python)('a Python module that is not there, when it is to be served', async () => {
  using project = mistakenProject();
  expect(await mistake(['wsgi', 'shp:app', '-b', '127.0.0.1:0'], project)).toBe(
    `There is no Python module shp in ${project.folder}. Check the name, or say where it is with --chdir, --pythonpath or --venv.`,
  );
});

test('variables are told by their name, and one that is misspelt is', async () => {
  using project = new Project({ 'app.js': hello });
  const { folder } = project;
  expect(await mistake(['app.js'], { folder, environment: { FAPWS_WORKERS: 'x' } })).toBe(
    'FAPWS_WORKERS is "x", not a number of processes from 1 to 1024; write 4, auto or 2-8.',
  );
  expect(await mistake(['app.js'], { folder, environment: { PORT: 'http' } })).toBe(
    'PORT is "http", not a port. Say with --bind where to listen.',
  );
  const run = await fapws(['app.js', '--print-config'], { folder, environment: { FAPWS_WROKERS: '2' } });
  expect(run.stderr).toBe(
    'fapws: there is no variable FAPWS_WROKERS, so it changes nothing. Is FAPWS_WORKERS meant?\n',
  );
  expect(run.code).toBe(0);
});

test('a port that is taken', async () => {
  using project = new Project({ 'app.js': hello });
  const other = createServer().listen(0, '127.0.0.1');
  try {
    await once(other, 'listening');
    const { port } = other.address() as { port: number };
    const busy = `Port ${port} is already in use (127.0.0.1:${port}). Stop the other process or choose another port.`;
    expect(await mistake(['app.js', '-b', `127.0.0.1:${port}`], project)).toBe(busy);
    expect(await mistake(['app.js', '-b', `127.0.0.1:${port}`, '--no-supervisor'], project)).toBe(busy);
  } finally {
    other.close();
  }
});

const root = optional('root', process.getuid?.() === 0, 'run the tests as root');

test.runIf(root)("a socket in a folder that this user can't write", async () => {
  using project = new Project({ 'app.js': hello });
  const { folder } = project;
  chmodSync(folder, 0o755);
  mkdirSync(join(folder, 'run'), { mode: 0o755 });
  const said = await mistake(['app.js', '-b', 'unix:run/app.sock'], { folder, uid: 65_534 });
  expect(said).toBe(
    'No permission to make a socket at unix:run/app.sock. Choose a folder that this user may write.',
  );
});

test.runIf(root)('becoming somebody else without being root', async () => {
  using project = new Project({ 'app.js': hello });
  const { folder } = project;
  chmodSync(folder, 0o755);
  expect(await mistake(['app.js', '--user', 'daemon'], { folder, uid: 65_534 })).toBe(
    '--user: only root can become somebody else. Leave it out, or start the command as root.',
  );
});

test('a path of a socket that is no socket', async () => {
  using project = new Project({ 'app.js': hello, 'app.sock': 'my diary' });
  expect(await mistake(['app.js', '-b', 'unix:app.sock'], project)).toBe(
    'app.sock exists and is not a socket, so it was left alone. Choose another path or remove it.',
  );
});

test('a pid file of a process that runs', async () => {
  using project = new Project({ 'app.js': hello, 'app.pid': `${process.pid}\n` });
  expect(await mistake(['app.js', '-p', 'app.pid', '-b', '127.0.0.1:0'], project)).toBe(
    `-p: ${project.folder}/app.pid says that process ${process.pid} is running. Stop that one, or remove the file if it is another program.`,
  );
  expect(await mistake(['app.js', '-p', 'nowhere/app.pid', '-b', '127.0.0.1:0'], project)).toBe(
    `-p: ${project.folder}/nowhere/app.pid can't be written (ENOENT). Choose a file in a folder that this user may write.`,
  );
});

test('a Python that is not there', async () => {
  using project = new Project({ 'shop.py': 'application = print\n' });
  const said = await mistake(['wsgi', 'shop', '--python', 'python-of-nobody', '-b', '127.0.0.1:0'], project);
  expect(said).toMatch(/^There is no python-of-nobody\. .*--python/);
});

test.runIf(python).each([
  [
    'shp:app',
    /^There is no Python module shp in \/\S+\. Check the name, or say where it is with --chdir, --pythonpath or --venv\.$/,
  ],
  ['shop:application', /^shop has no 'application'\./],
  ['shop:name', /^shop:name is no application: a str can't be called\.$/],
  [
    'needs:app',
    /^needs:app imports of_nobody, which this Python does not have\. Install it there, or name the virtual environment that has it with --venv\.$/,
  ],
  ['a:b:c', /^"a:b:c" does not name a Python application\./],
])('fapws wsgi %s', async (application, message) => {
  using project = new Project({
    'shop.py': 'name = "shop"\ndef app(environ, start_response):\n    return []\n',
    'needs.py': 'import of_nobody\n',
  });
  expect(await mistakeHere(['wsgi', application], project.folder)).toMatch(message);
});

test.runIf(python)(
  "what the application's own code does wrong is shown with its traceback, and the exit code is 1",
  async () => {
    using project = new Project({
      'broken.py': 'def load():\n    return 1 // 0\n\napp = load()\n',
      'broken.ts': "const load = () => { throw new Error('no database'); };\nexport default load();\n",
    });
    const inPython = await fapws(['wsgi', 'broken:app', '-b', '127.0.0.1:0'], project);
    expect(inPython.code).toBe(1);
    expect(inPython.stderr).toMatch(
      /^fapws: the application can't be loaded\.\nTraceback .*broken\.py.*ZeroDivisionError: [^\n]*\n$/s,
    );
    const inTypeScript = await fapws(['broken.ts', '-b', '127.0.0.1:0'], project);
    expect(inTypeScript.code).toBe(1);
    expect(inTypeScript.stderr).toMatch(
      /^fapws: the application can't be loaded\.\nError: no database\n\s+at load .*broken\.ts:1/,
    );
  },
);

test.runIf(python)('--check-config says that all is well, and serves nothing', async () => {
  using project = new Project({
    'app.js': hello,
    'shop.py': 'def application(environ, start_response):\n    return []\n',
  });
  const well = {
    code: 0,
    stdout: 'fapws: the configuration is correct, and the application loads\n',
    stderr: '',
  };
  expect(await fapws(['app.js', '--check-config', '-w', '4', '--gzip'], project)).toEqual(well);
  expect(await fapws(['wsgi', 'shop', '--check-config', '-w', '2'], project)).toEqual(well);
});
