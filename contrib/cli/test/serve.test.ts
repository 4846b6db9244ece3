// What is served, by the real command, with the options that change it.

import { chmodSync, readFileSync, statSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import { installed, optional, Program } from '@fapws/testing';
import { expect, test, vi } from 'vitest';
import { command, fapws, Project, serving } from './command.ts';

// On a machine with other work, starting a process alone can take seconds.
vi.setConfig({ testTimeout: 60_000 });

const who = `export default (environ, startResponse) => {
  startResponse('200 OK', [['Content-Type', 'application/json']]);
  return JSON.stringify({
    script: environ.SCRIPT_NAME, path: environ.PATH_INFO, client: environ.REMOTE_ADDR, scheme: environ['wsgi.url_scheme'],
    multiprocess: environ['wsgi.multiprocess'], greeting: process.env.GREETING, more: process.env.MORE, pid: process.pid,
  });
};
export const admin = (environ, startResponse) => {
  startResponse('200 OK', [['Content-Type', 'text/plain']]);
  return 'admin';
};
`;

async function json(url: string, headers: Record<string, string> = {}): Promise<Record<string, unknown>> {
  return (await (await fetch(url, { headers })).json()) as Record<string, unknown>;
}

async function ended(program: Program, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  expect(await program.end(signal), program.output).toBe(0);
}

test('an application, with all that stands around it', async () => {
  using project = new Project({
    'app.js': who,
    '.env': 'GREETING=hello\nMORE=file\n',
    'public/page.txt': 'a page\n'.repeat(500),
  });
  const args = ['--prefix', '/shop', '--static', '/assets=public', '--gzip', '--health', '/health'];
  const more = [
    '-e',
    'MORE=a,b=c',
    '--dotenv',
    '.env',
    '--forwarded-allow',
    'loopback',
    '--log',
    '%h "%r" %>s',
  ];
  const files = ['--access-logfile', 'access.log', '--pid-file', 'app.pid', '--umask', '077', '-n', 'shop'];
  const limits = ['--http-limit', 'content=10', '--http-limit', 'field=1K', '--keep-alive', '3'];
  await using program = serving(['app.js', ...args, ...more, ...files, ...limits], project);
  const origin = await program.origin();
  expect(program.output).toMatch(
    /^fapws: listening on http:\/\/127\.0\.0\.1:\d+ \(app\.js, 1 worker, process \d+\)\n$/,
  );
  const seen = await json(`${origin}/shop/a`, {
    'X-Forwarded-For': '192.0.2.7',
    'X-Forwarded-Proto': 'https',
  });
  expect(seen).toEqual({
    script: '/shop',
    path: '/a',
    client: '192.0.2.7',
    scheme: 'https',
    multiprocess: false,
    greeting: 'hello',
    more: 'a,b=c',
    pid: expect.any(Number),
  });
  // The supervisor is another process, and its number is in the file.
  expect(readFileSync(join(project.folder, 'app.pid'), 'utf8')).toBe(`${program.pid}\n`);
  expect(seen['pid']).not.toBe(program.pid);
  expect(readFileSync(`/proc/${program.pid}/cmdline`, 'utf8').startsWith('fapws: shop [supervisor]')).toBe(
    true,
  );
  expect((await fetch(`${origin}/other`)).status).toBe(404);
  expect(await (await fetch(`${origin}/health`)).text()).toBe('ok\n');
  const page = await new Promise<{ headers: NodeJS.Dict<string | string[]>; body: Buffer }>(
    (resolve, reject) => {
      request(`${origin}/assets/page.txt`, { headers: { 'Accept-Encoding': 'gzip' } }, answer => {
        const chunks: Buffer[] = [];
        answer.on('data', chunk => chunks.push(chunk));
        answer.on('end', () => resolve({ headers: answer.headers, body: Buffer.concat(chunks) }));
      })
        .on('error', reject)
        .end();
    },
  );
  expect(page.headers['content-encoding']).toBe('gzip');
  expect(gunzipSync(page.body).toString()).toBe('a page\n'.repeat(500));
  expect((await fetch(`${origin}/shop`, { method: 'POST', body: 'much too much' })).status).toBe(413);
  expect((await fetch(`${origin}/shop`, { headers: { 'X-Long': 'x'.repeat(1100) } })).status).toBe(431);
  await ended(program);
  const log = readFileSync(join(project.folder, 'access.log'), 'utf8');
  expect(log).toContain('192.0.2.7 "GET /shop/a HTTP/1.1" 200\n');
  expect(log).toMatch(/^127\.0\.0\.1 "POST \/shop.*" 413$/m);
  expect(statSync(join(project.folder, 'access.log')).mode & 0o777).toBe(0o600);
  expect(() => statSync(join(project.folder, 'app.pid'))).toThrow(/ENOENT/);
});

test('a function that mounts applications, in TypeScript, with a site of files behind them; in this process alone', async () => {
  using project = new Project({
    'site.ts': `interface Server { route(method: string, path: string, application: unknown): void }
export default async (server: Server): Promise<void> => {
  server.route('GET', '/hello/:name', (environ: Record<string, unknown>, startResponse: (status: string, headers: unknown[]) => void) => {
    startResponse('200 OK', [['Content-Type', 'text/plain']]);
    return \`hello \${(environ['wsgiorg.routing_args'] as [unknown, { name: string }])[1].name} in \${process.pid}\`;
  });
};
`,
    'public/index.html': '<h1>A site</h1>\n',
  });
  await using program = serving(['site.ts', '--static', '/=public', '--no-supervisor'], project);
  const origin = await program.origin();
  expect(await (await fetch(`${origin}/hello/you`)).text()).toBe(`hello you in ${program.pid}`);
  expect(await (await fetch(origin)).text()).toBe('<h1>A site</h1>\n');
  await ended(program);
});

test('another export; files before an application at the same path; unix sockets with their permissions', async () => {
  using project = new Project({ 'app.js': who, 'public/page.txt': 'a page\n' });
  const args = ['app.js:admin', '--static', '/=public', '-b', 'unix:app.sock', '--socket-mode', '606'];
  await using program = serving([...args, '-b', '127.0.0.1:0'], project);
  const origin = (await program.prints(/(http:\/\/\S+\d)/))[1] as string;
  expect(await (await fetch(`${origin}/page.txt`)).text()).toBe('a page\n');
  expect(await (await fetch(`${origin}/else`)).text()).toBe('admin');
  const socketPath = join(project.folder, 'app.sock');
  expect(statSync(socketPath).mode & 0o777).toBe(0o606);
  const answer = await new Promise<string>((resolve, reject) => {
    request({ socketPath, path: '/page.txt' }, incoming => resolve(text(incoming)))
      .on('error', reject)
      .end();
  });
  expect(answer).toBe('a page\n');
  await ended(program);
  expect(() => statSync(socketPath)).toThrow(/ENOENT/);
});

test('files alone; PORT of a platform is a port of all interfaces', async () => {
  using project = new Project({ 'public/index.html': '<h1>A site</h1>\n' });
  await using program = serving(['--static', '/=public'], {
    folder: project.folder,
    environment: { FAPWS_BIND: '', PORT: '0' },
  });
  const [, port] = await program.prints(/listening on http:\/\/0\.0\.0\.0:(\d+) \(files, 1 worker/);
  expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('<h1>A site</h1>\n');
  await ended(program);
});

test('the PROXY protocol; errors as pages where that is asked for; a log as gunicorn writes its format', async () => {
  using project = new Project({
    'app.js': `export default (environ, startResponse) => {
  throw new Error('no database for ' + environ.REMOTE_ADDR);
};
`,
  });
  const args = [
    'app.js',
    '--proxy-protocol',
    '--traceback',
    '--access-logformat',
    '%(h)s %(s)s %(M)s "%(a)s"',
  ];
  await using program = serving(args, project);
  const { hostname, port } = new URL(await program.origin());
  const { connect } = await import('node:net');
  const socket = connect(Number(port), hostname);
  socket.end(
    'PROXY TCP4 192.0.2.9 192.0.2.1 5000 80\r\nGET / HTTP/1.1\r\nHost: a\r\nUser-Agent: me\r\nConnection: close\r\n\r\n',
  );
  const answer = await text(socket);
  expect(answer).toMatch(/^HTTP\/1\.1 500 /);
  expect(answer).toContain('no database for 192.0.2.9');
  await program.prints(/^192\.0\.2\.9 500 \d+ "me"$/m);
  await ended(program);
});

const root = optional('root', process.getuid?.() === 0, 'run the tests as root');

test.runIf(root)(
  '--user and --group: requests are seen by processes of somebody else, with no other groups',
  async () => {
    using project = new Project({
      'app.js': `export default (environ, startResponse) => {
  startResponse('200 OK', [['Content-Type', 'application/json']]);
  return JSON.stringify({ uid: process.getuid(), gid: process.getgid(), groups: process.getgroups() });
};
`,
    });
    chmodSync(project.folder, 0o755);
    await using program = serving(
      ['app.js', '--user', 'daemon', '--group', 'nogroup', '-b', 'unix:app.sock', '-b', '127.0.0.1:0'],
      project,
    );
    const origin = (await program.prints(/(http:\/\/\S+\d)/))[1] as string;
    expect(await json(origin)).toEqual({ uid: 1, gid: 65_534, groups: [65_534] });
    await ended(program);
    expect(() => statSync(join(project.folder, 'app.sock'))).toThrow(/ENOENT/);
  },
);

const activates = installed('systemd-socket-activate', 'apt-get install systemd');

test.runIf(activates)('sockets of systemd are used when none are asked for', async () => {
  using project = new Project({ 'public/index.html': '<h1>A site</h1>\n' });
  const socket = join(project.folder, 'site.sock');
  // It starts the command with the first connection.
  await using program = new Program(
    'systemd-socket-activate',
    [
      '-E',
      'NODE_NO_WARNINGS',
      '-l',
      socket,
      process.execPath,
      ...command,
      '--static',
      `/=${project.folder}/public`,
    ],
    { NODE_NO_WARNINGS: '1' },
  );
  await program.prints(/Listening on/);
  const answer = await new Promise<string>((resolve, reject) => {
    request({ socketPath: socket }, incoming => resolve(text(incoming)))
      .on('error', reject)
      .end();
  });
  expect(answer).toBe('<h1>A site</h1>\n');
  await ended(program);
});

const python = installed('python3');

test.runIf(python)('a Python application: processes, threads, variables, folder, prefix, files', async () => {
  using project = new Project({
    'src/shop/__init__.py': '',
    'src/shop/wsgi.py': `
import json, os, lib
def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "application/json")])
    seen = {name: environ[name] for name in ("SCRIPT_NAME", "PATH_INFO", "wsgi.multithread", "wsgi.multiprocess")}
    seen.update(pid=os.getpid(), cwd=os.getcwd(), lib=lib.name, greeting=os.environ.get("GREETING"), file=os.environ.get("FILE"))
    return [json.dumps(seen).encode()]
`,
    'src/vendor/lib.py': 'name = "vendored"\n',
    'src/.env': 'FILE=yes\n',
    'src/static/a.css': 'a {}\n',
  });
  const options = ['--chdir', 'src', '--pythonpath', 'vendor', '-e', 'GREETING=hello', '--dotenv', '.env'];
  const more = ['--threads', '4', '-w', '2', '--prefix', '/shop', '--static', '/shop/static=static'];
  await using program = serving(['wsgi', 'shop.wsgi', ...options, ...more], project);
  const origin = await program.origin();
  expect(program.output).toMatch(/\(shop\.wsgi:application, 1 front, process \d+\)\n$/);
  const pids = new Set<unknown>();
  for (let at = 0; at < 20; at += 1) {
    const answers = await Promise.all([1, 2, 3, 4].map(() => json(`${origin}/shop/a`)));
    for (const { pid, ...seen } of answers) {
      pids.add(pid);
      expect(seen).toEqual({
        SCRIPT_NAME: '/shop',
        PATH_INFO: '/a',
        'wsgi.multithread': true,
        'wsgi.multiprocess': true,
        cwd: join(project.folder, 'src'),
        lib: 'vendored',
        greeting: 'hello',
        file: 'yes',
      });
    }
    if (pids.size > 1) break;
  }
  expect(pids.size).toBe(2);
  expect(await (await fetch(`${origin}/shop/static/a.css`)).text()).toBe('a {}\n');
  await ended(program);
});

test('describe says what would be served', async () => {
  using project = new Project({
    'app.js':
      "export default server => { server.route(['GET', 'POST'], '/users/:id', () => []).mount('/api', () => []); };\n",
  });
  const args = [
    'describe',
    'app.js',
    '-w',
    '3',
    '--http-limit',
    'content=none',
    '--static',
    '/=.',
    '--log',
    'common',
  ];
  const { code, stdout, stderr } = await fapws([...args, '-b', ':8000', '-b', 'unix:/run/a.sock'], project);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  for (const line of [
    /^ {2}app\.js$/m,
    /^ {2}http:\/\/0\.0\.0\.0:8000 +-b$/m,
    /^ {2}unix:\/run\/a\.sock +-b$/m,
    /^ {2}GET POST \/users\/:id$/m,
    /^ {2}\* +\/api\/\*$/m,
    /^ {2}\* +\(all else\)/m,
    /^ {2}processes +3$/m,
    /^ {2}access log +common to -$/m,
    /^ {2}portable +Node /m,
    /^ {2}content +none$/m,
    /^ {2}idle +75$/m,
  ]) {
    expect(stdout).toMatch(line);
  }
});
