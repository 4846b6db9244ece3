// Development mode: what the files say is what is answered, whatever happens to them.

import { existsSync, renameSync, utimesSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { PythonOptions } from '../src/index.ts';
import { arrives, Front, hasPython, received, requestOf } from './front.ts';
import { answering, Project } from './project.ts';

const SECONDS = 30_000;

function develop(project: Project, options: PythonOptions = {}): Promise<Front> {
  return Front.open('app:application', { chdir: project.folder, reload: true, ...options });
}

async function bodyOf(front: Front, target = '/'): Promise<string> {
  return (await front.ask(target)).body;
}

describe.runIf(hasPython)('an edit is answered by the next request', () => {
  test('also one that keeps the length, in the same second', { timeout: SECONDS }, async () => {
    using project = new Project({ 'app.py': answering('"first"') });
    await using front = await develop(project, {
      processEnvironment: { PYTHONDONTWRITEBYTECODE: undefined, PYTHONPYCACHEPREFIX: undefined },
    });
    expect(await bodyOf(front)).toBe('first');
    for (const text of ['again', 'third', 'first']) {
      project.write('app.py', answering(`"${text}"`));
      expect(await bodyOf(front)).toBe(text);
    }
    // Bytecode that was left behind would be taken for the source by whoever imports it in the same second.
    expect(existsSync(project.path('__pycache__'))).toBe(false);
  });

  for (const [what, threads, application] of [
    ['a module that was imported by a request', 1, answering('__import__("shop.late").late.VALUE')],
    ['one that a thread has imported', 3, answering('__import__("shop.late").late.VALUE')],
    [
      'one that was imported when the answer had begun',
      1,
      `def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    yield b"value "
    import shop.late
    yield str(shop.late.VALUE).encode()
`,
    ],
  ] as const) {
    test(`of ${what}`, { timeout: SECONDS }, async () => {
      using project = new Project({
        'app.py': application,
        'shop/__init__.py': '',
        'shop/late.py': 'VALUE = 1',
      });
      await using front = await develop(project, { threads });
      expect(await bodyOf(front)).toMatch(/1$/);
      project.write('shop/late.py', 'VALUE = 2');
      expect(await bodyOf(front)).toMatch(/2$/);
    });
  }

  test('that was made while the application was being loaded', { timeout: SECONDS }, async () => {
    using project = new Project({
      'app.py': answering('VALUE', 'from part import VALUE\nopen("read", "w").close()\nimport wait'),
      'part.py': 'VALUE = 1',
      'wait.py': 'import os, time\nwhile not os.path.exists("go"): time.sleep(0.01)',
    });
    await using front = await develop(project);
    const answer = front.ask('/');
    await front.until(() => existsSync(project.path('read')));
    project.write('part.py', 'VALUE = 2');
    project.write('go', '');
    expect((await answer).body).toBe('2');
  });

  test('of what the editor replaces by another file with the same time', { timeout: SECONDS }, async () => {
    using project = new Project({ 'app.py': answering('"old"'), 'new.py': answering('"new"') });
    for (const name of ['app.py', 'new.py']) utimesSync(project.path(name), 1_000_000_000, 1_000_000_000);
    await using front = await develop(project);
    expect(await bodyOf(front)).toBe('old');
    renameSync(project.path('new.py'), project.path('app.py'));
    expect(await bodyOf(front)).toBe('new');
  });

  test('of files and folders that were named', { timeout: SECONDS }, async () => {
    using project = new Project({
      'app.py': answering(
        'TEXT',
        'import os\nTEXT = " ".join(sorted(os.listdir("templates")) + [open("settings").read()])',
      ),
      'templates/deep/a.html': 'a',
      settings: 'x=1',
    });
    await using front = await develop(project, {
      reload: { paths: [project.path('templates'), project.path('settings')] },
    });
    expect(await bodyOf(front)).toBe('deep x=1');
    project.write('templates/b.html', '');
    expect(await bodyOf(front)).toBe('b.html deep x=1');
    project.write('settings', 'x=2');
    expect(await bodyOf(front)).toBe('b.html deep x=2');
    project.remove('templates/deep');
    expect(await bodyOf(front)).toBe('b.html x=2');
    // Once each time.
    expect([...front.log.matchAll(/loading it again/g)]).toHaveLength(3);
  });

  test('of an environment file', { timeout: SECONDS }, async () => {
    using project = new Project({
      'app.py': answering('__import__("os").environ["GREETING"]'),
      '.env': 'GREETING=hello',
    });
    await using front = await develop(project, { envFile: project.path('.env') });
    expect(await bodyOf(front)).toBe('hello');
    project.write('.env', 'GREETING="good evening"');
    expect(await bodyOf(front)).toBe('good evening');
  });

  test('and not only then: it is loaded as soon as it was made', { timeout: SECONDS }, async () => {
    using project = new Project({ 'app.py': answering('1', 'print("loading one")') });
    await using front = await develop(project);
    await front.logs(/loading one/);
    await front.app.ready;
    project.write('app.py', answering('1', 'print("loading two")'));
    await front.logs(/app:application has changed \(.*app\.py\): loading it again[\s\S]*is loaded\.\n/);
    // What is printed comes by a way of its own, sooner or later.
    await front.logs(/loading two/);
  });

  test('what others are being answered meanwhile comes to its end', { timeout: SECONDS }, async () => {
    using project = new Project({
      'app.py': `import os, time
def application(environ, start_response):
    write = start_response("200 OK", [("Content-Type", "text/plain")])
    if environ["PATH_INFO"] == "/slow":
        write(b"begun ")
        while not os.path.exists("go"): time.sleep(0.01)
    return [b"old"]
`,
    });
    await using front = await develop(project);
    const socket = await front.connect();
    socket.write(requestOf('/slow'));
    await arrives(socket, /begun/);
    const rest = received(socket);
    project.write('app.py', answering('"new"'));
    expect(await bodyOf(front)).toBe('new');
    project.write('go', '');
    expect(await rest).toContain('old');
  });
});

test.runIf(hasPython)(
  'there is one process, and it is no fork, whatever is asked for production',
  {
    timeout: SECONDS,
  },
  async () => {
    using project = new Project({ 'app.py': answering('os.getppid()', 'import os') });
    await using front = await develop(project, { workers: 3, preload: true });
    expect(await bodyOf(front)).toBe(String(process.pid));
    expect(front.app.status().workers).toHaveLength(1);
  },
);

describe.runIf(hasPython)('what was not edited is left alone', () => {
  test('installed packages, and the same files again', { timeout: SECONDS }, async () => {
    using project = new Project({
      'app.py': answering('[os.getpid(), installed.VALUE]', 'import os, installed'),
      'lib/site-packages/installed.py': 'VALUE = 1',
    });
    await using front = await develop(project, { pythonpath: 'lib/site-packages' });
    const first = await bodyOf(front);
    project.write('lib/site-packages/installed.py', 'VALUE = 2');
    project.write('unrelated.py', '');
    expect(await bodyOf(front)).toBe(first);
  });

  test('an installed package that is a link to one being developed is not left alone', {
    timeout: SECONDS,
  }, async () => {
    const { symlinkSync } = await import('node:fs');
    using project = new Project({
      'app.py': answering('editable.VALUE', 'import editable'),
      'lib/site-packages/other.py': '',
      'elsewhere/editable/__init__.py': 'VALUE = 1',
    });
    symlinkSync(project.path('elsewhere/editable'), project.path('lib/site-packages/editable'));
    await using front = await develop(project, { pythonpath: 'lib/site-packages' });
    expect(await bodyOf(front)).toBe('1');
    project.write('elsewhere/editable/__init__.py', 'VALUE = 2');
    expect(await bodyOf(front)).toBe('2');
  });
});

describe.runIf(hasPython)('an application that can’t be loaded', () => {
  const browser = { headers: ['Accept: text/html,application/xhtml+xml'] };

  test('is a page with its traceback, escaped, until it is mended', { timeout: SECONDS }, async () => {
    using project = new Project({
      'app.py': answering('shop.VALUE', 'import shop'),
      'shop/__init__.py': 'from shop.prices import VALUE',
      'shop/prices.py': 'VALUE = 1',
    });
    await using front = await develop(project);
    expect(await bodyOf(front)).toBe('1');
    project.write('shop/prices.py', 'VALUE = "<b>" +');
    for (let at = 0; at < 2; at += 1) {
      const page = await front.ask('/', browser);
      expect(page.status).toBe('500 Internal Server Error');
      expect(page.head).toMatch(/^content-type: text\/html; charset=utf-8$/im);
      expect(page.head).toMatch(/^cache-control: no-store$/im);
      expect(page.body).toContain(`Look at <code>${project.path('shop/prices.py')}, line 1</code>`);
      expect(page.body).toContain('VALUE = &quot;&lt;b&gt;&quot; +');
      expect(page.body).toContain('<p><strong>SyntaxError: invalid syntax</strong></p>');
      expect(page.body).not.toMatch(/<b>|<module>|fapws_worker/);
    }
    const text = await front.ask('/');
    expect(text.head).toMatch(/^content-type: text\/plain; charset=utf-8$/im);
    expect(text.body).toContain('VALUE = "<b>" +');
    expect(front.log).toMatch(
      /\nfapws: The application app:application could not be started\.\n[\s\S]*SyntaxError/,
    );
    project.write('shop/prices.py', 'VALUE = "<b>" + "2"');
    expect(await bodyOf(front)).toBe('<b>2');
  });

  test('from the start is shown too', { timeout: SECONDS }, async () => {
    using project = new Project({ 'app.py': 'undefined_name' });
    await using front = await develop(project);
    expect(await bodyOf(front)).toMatch(/NameError: name 'undefined_name' is not defined/);
    project.write('app.py', 'other = 1');
    expect(await bodyOf(front)).toMatch(/app has no 'application'\. It was looked for in .*app\.py/);
    project.write('app.py', answering('1'));
    expect(await bodyOf(front)).toBe('1');
  });

  test('because the process ends is shown with what it said', { timeout: SECONDS }, async () => {
    using project = new Project({ 'app.py': answering('1', 'import part'), 'part.py': '' });
    await using front = await develop(project);
    expect(await bodyOf(front)).toBe('1');
    project.write('part.py', 'import os\nprint("no disk", file=__import__("sys").stderr)\nos._exit(3)');
    expect(await bodyOf(front)).toMatch(/python \d+ ended with exit code 3; it printed last: no disk/);
    project.write('part.py', '');
    expect(await bodyOf(front)).toBe('1');
  });

  test('after its process has died is tried again by a request', { timeout: SECONDS }, async () => {
    using project = new Project({
      'app.py': answering(
        'os._exit(3) if environ["PATH_INFO"] == "/leave" else 1',
        'import os\nopen("database").close()',
      ),
      database: '',
    });
    await using front = await develop(project);
    expect(await bodyOf(front)).toBe('1');
    project.remove('database');
    expect((await front.ask('/leave')).status).toBe('502 Bad Gateway');
    await front.until(async () => (await bodyOf(front)).includes('FileNotFoundError'));
    project.write('database', '');
    await front.until(async () => (await bodyOf(front)) === '1');
  });

  for (const [what, names] of [
    ['a module', ['missing.py']],
    ['a package', ['missing/__init__.py']],
    ['an installed package', ['lib/site-packages/missing/__init__.py']],
  ] as const) {
    test(`because ${what} is missing is mended by its appearance`, { timeout: SECONDS }, async () => {
      using project = new Project({
        'app.py': answering('missing.VALUE', 'import missing'),
        'lib/site-packages/other.py': '',
      });
      await using front = await develop(project, { pythonpath: 'lib/site-packages' });
      expect(await bodyOf(front)).toMatch(/ModuleNotFoundError: No module named 'missing'/);
      for (const name of names) project.write(name, 'VALUE = 1');
      expect(await bodyOf(front)).toBe('1');
    });
  }

  test('because of something else than its files is tried again by a request', {
    timeout: SECONDS,
  }, async () => {
    using project = new Project({ 'app.py': answering('1', 'open("database").close()') });
    await using front = await develop(project);
    expect(await bodyOf(front)).toMatch(/FileNotFoundError/);
    project.write('database', '');
    await front.until(async () => (await bodyOf(front)) === '1');
  });
});

test.runIf(hasPython)(
  'a module that was looked for in vain is found when it appears',
  { timeout: SECONDS },
  async () => {
    using project = new Project({
      'app.py': answering(
        'VALUE',
        'try:\n    from local_settings import VALUE\nexcept ImportError:\n    VALUE = 0',
      ),
    });
    await using front = await develop(project);
    expect(await bodyOf(front)).toBe('0');
    project.write('local_settings.py', 'VALUE = 1');
    expect(await bodyOf(front)).toBe('1');
  },
);

test.runIf(hasPython)('a file that loading changes is not read for ever', { timeout: SECONDS }, async () => {
  using project = new Project({
    'app.py': answering('1', 'import pathlib, time\npathlib.Path("data/log").write_text(str(time.time()))'),
    'data/log': '',
  });
  await using front = await develop(project, { reload: { paths: [project.path('data')] } });
  expect(await bodyOf(front)).toBe('1');
  expect(front.log).toMatch(/data\/log has changed each time .* keep it out of reload\.paths/);
});
