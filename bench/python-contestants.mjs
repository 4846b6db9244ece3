// Servers for Python's WSGI applications, as Debian has them. Each takes part once for every kind of scenario: with so many
// processes, threads, and one application or another.
import { spawnSync } from 'node:child_process';

const PYTHON = '/usr/bin/python3';

/** Environment of `servers/python/*`. */
const kinds = {
  python: { MODULE: 'plain', WORKERS: '1', THREADS: '1' },
  'python-2': { MODULE: 'plain', WORKERS: '2', THREADS: '1' },
  'python-threads': { MODULE: 'plain', WORKERS: '1', THREADS: '32' },
  'python-flask': { MODULE: 'with_flask', WORKERS: '1', THREADS: '1' },
};

const servers = [
  {
    name: 'fapws',
    title: '@fapws/wsgi',
    program: 'python/fapws.mjs',
    version: () => ({ python: first(PYTHON, ['--version']).replace('Python ', '') }),
  },
  {
    name: 'gunicorn',
    title: 'gunicorn sync',
    program: 'python/gunicorn.sh',
    env: { CLASS: 'sync' },
    needs: 'gunicorn',
    version: () => ({ gunicorn: first('gunicorn', ['--version']) }),
    // It has one thread whatever it is told.
    kinds: ['python', 'python-2', 'python-flask'],
  },
  {
    name: 'gthread',
    title: 'gunicorn gthread',
    program: 'python/gunicorn.sh',
    env: { CLASS: 'gthread' },
    needs: 'gunicorn',
  },
  {
    name: 'uwsgi',
    title: 'uWSGI',
    program: 'python/uwsgi.sh',
    needs: 'uwsgi',
    packages: 'uwsgi uwsgi-plugin-python3',
    version: () => ({ uwsgi: first('uwsgi', ['--version']) }),
  },
  {
    name: 'waitress',
    title: 'waitress',
    program: 'python/waitress.sh',
    module: 'waitress',
    version: () => ({ waitress: versionOfModule('waitress') }),
    // It has one process.
    kinds: ['python', 'python-threads', 'python-flask'],
  },
];

/** @type {import('./contestants.mjs').Contestant[]} */
export const pythonContestants = Object.entries(kinds).flatMap(([field, environment]) =>
  servers
    .filter(server => server.kinds?.includes(field) ?? true)
    .map(({ name, title, program, env, needs, packages = needs, module, version = () => ({}) }) => ({
      name: field === 'python' ? `python-${name}` : `${field}-${name}`,
      title,
      field,
      program,
      packages: name === 'fapws' ? ['@fapws/wsgi'] : [],
      versions: () => ({
        ...version(),
        ...(field === 'python-flask' ? { flask: versionOfModule('flask') } : {}),
      }),
      env: { ...environment, ...env },
      runtime: () => {
        if (needs !== undefined) requireProgram(needs, packages);
        else requireProgram(PYTHON, 'python3');
        if (module !== undefined) requireModule(module);
        if (field === 'python-flask') requireModule('flask');
        return program.endsWith('.sh') ? '/bin/sh' : process.execPath;
      },
    })),
);

function requireProgram(command, packages) {
  const { error } = spawnSync(command, ['--version']);
  if (error) throw new Error(`${command} is not installed (apt-get install ${packages})`);
}

function requireModule(module) {
  const { status } = spawnSync(PYTHON, ['-c', `import ${module}`]);
  if (status !== 0) throw new Error(`${PYTHON} has no module ${module} (apt-get install python3-${module})`);
}

const versionOfModule = module =>
  first(PYTHON, ['-c', `from importlib.metadata import version; print(version(${JSON.stringify(module)}))`]);

function first(command, args) {
  const { stdout } = spawnSync(command, args, { encoding: 'utf8' });
  return /\d[\w.+~-]*/.exec(stdout ?? '')?.[0] ?? 'of unknown version';
}
