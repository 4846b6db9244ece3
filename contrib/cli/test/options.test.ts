// Every option, from every source: made of the table, so that none can be left out.

import { expect, test, vi } from 'vitest';
import { usualFiles } from '../src/options/config-file.ts';
import { foreignFlags } from '../src/options/elsewhere.ts';
import { camel, groups, isOfOneCall, type Option, options, variableOf } from '../src/options/table.ts';
import { fapws, Project, type Run } from './command.ts';

// On a machine with other work, starting a process alone can take seconds.
vi.setConfig({ testTimeout: 60_000 });

/** What each option is given here; every row of the table has to have one. */
const samples: Readonly<Record<string, readonly string[]>> = {
  app: ['app.ts'],
  wsgi: ['shop:app'],
  prefix: ['/shop'],
  static: ['/a=one', '/b=two'],
  chdir: ['.'],
  env: ['A=1', 'B=2,3'],
  dotenv: ['.env', '.env.local'],
  import: ['node:os', 'node:fs'],
  bind: ['127.0.0.1:9001', 'unix:/run/a.sock'],
  backlog: ['100'],
  'reuse-port': ['yes'],
  'socket-mode': ['660'],
  workers: ['3'],
  fronts: ['2'],
  timeout: ['12.5'],
  'graceful-timeout': ['13'],
  'start-timeout': ['14'],
  'max-requests': ['15'],
  'max-requests-jitter': ['16'],
  'max-lifetime': ['2h'],
  'max-memory': ['300M'],
  threads: ['17'],
  preload: ['yes'],
  python: ['python3.11'],
  venv: ['venv'],
  pythonpath: ['lib', 'more'],
  queue: ['18'],
  'queue-timeout': ['19'],
  gzip: ['yes'],
  health: ['/health'],
  'lame-duck': ['500ms'],
  'keep-alive': ['20'],
  'http-timeout': ['head=5', 'write=none'],
  'http-limit': ['content=100M', 'fields=50'],
  traceback: ['yes'],
  'forwarded-allow': ['10.0.0.0/8', 'unix'],
  'forwarded-header': ['X-Forwarded-For', 'X-Forwarded-Host'],
  'proxy-protocol': ['yes'],
  'proxy-allow-from': ['10.0.0.1', '10.0.0.2'],
  log: ['json'],
  'access-logfile': ['access.log'],
  reload: ['yes'],
  'reload-extra': ['templates', 'locales'],
  'pid-file': ['app.pid'],
  user: ['nobody'],
  group: ['nogroup'],
  umask: ['027'],
  name: ['shop'],
  supervisor: ['no'],
};

const rows = options.filter(option => !isOfOneCall(option));
/** Those of one run: there is one application at a time, here the Python one. */
const together = rows.filter(({ name }) => name !== 'app');

const textsOf = ({ name }: Option): readonly string[] => samples[name] as readonly string[];

/** The rows of --print-config: name, value, origin. */
function printed({ stdout }: Run): Map<string, { value: string; origin: string }> {
  return new Map(
    stdout
      .split('\n')
      .slice(1)
      .filter(line => line !== '')
      .map(line => {
        const [name = '', value = '', origin = ''] = line.split(/\s{2,}/);
        return [name, { value, origin }];
      }),
  );
}

function shown(option: Option): string {
  return textsOf(option)
    .map(text => (/^[\w./:,=@*+-]+$/.test(text) ? text : JSON.stringify(text)))
    .join(' ');
}

const asFlags = (option: Option): string[] =>
  option.kind === 'flag'
    ? [textsOf(option)[0] === 'yes' ? `--${option.name}` : `--no-${option.name}`]
    : textsOf(option).flatMap(text => [`--${option.name}`, text]);

const asVariables = (option: Option): NodeJS.ProcessEnv => ({
  [variableOf(option)]: textsOf(option).join(option.separator ?? ','),
});

const asMember = (option: Option): unknown =>
  option.kind === 'flag' ? textsOf(option)[0] === 'yes' : option.many ? textsOf(option) : textsOf(option)[0];

test('every option of the table has a sample here, a group that is shown, and a sentence', () => {
  expect(Object.keys(samples).sort()).toEqual(rows.map(({ name }) => name).sort());
  for (const option of options) {
    expect(groups).toContain(option.group);
    expect(option.help).toMatch(/^\S.*\.$/s);
  }
});

test('no name, alias or letter is used twice, and none is a flag of other servers that is said not to be here', () => {
  const names = options.flatMap(({ name, aliases = [], short }) => [
    name,
    ...aliases,
    ...(short ? [short] : []),
  ]);
  expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
  expect(names.filter(name => foreignFlags.includes(name))).toEqual([]);
});

test('every flag is read, by the real command, and --print-config says so', async () => {
  using project = new Project();
  const run = await fapws(['--print-config', ...together.flatMap(asFlags)], project);
  expect(run.stderr).toBe('');
  expect(run.code).toBe(0);
  const found = printed(run);
  for (const option of together) {
    const flag = asFlags(option)[0];
    expect({ [option.name]: found.get(option.name) }).toEqual({
      [option.name]: { value: shown(option), origin: flag },
    });
  }
});

test('every short flag and every alias is read', async () => {
  using project = new Project();
  const others = together.flatMap(option =>
    [...(option.aliases ?? []).map(alias => `--${alias}`), ...(option.short ? [`-${option.short}`] : [])].map(
      flag => ({ option, flag }),
    ),
  );
  // The last one of the same option counts: each is asked for in a run of its own, as many at once as there are options.
  for (const round of [0, 1]) {
    const seen = new Map<string, number>();
    const asked = others.filter(({ option }) => {
      const at = seen.get(option.name) ?? 0;
      seen.set(option.name, at + 1);
      return at === round;
    });
    const args = asked.flatMap(({ option, flag }) => textsOf(option).flatMap(text => [flag, text]));
    const run = await fapws(['--print-config', 'wsgi', 'shop:app', ...args], project);
    const found = printed(run);
    for (const { option, flag } of asked) {
      expect({ [flag]: found.get(option.name) }, run.stderr).toEqual({
        [flag]: { value: shown(option), origin: flag },
      });
    }
  }
});

test('every variable is read', async () => {
  using project = new Project();
  const environment = Object.assign({}, ...together.map(asVariables)) as NodeJS.ProcessEnv;
  const run = await fapws(['--print-config'], { folder: project.folder, environment });
  expect(run.stderr).toBe('');
  const found = printed(run);
  for (const option of together) {
    expect({ [option.name]: found.get(option.name) }).toEqual({
      [option.name]: { value: shown(option), origin: variableOf(option) },
    });
  }
});

test.each(usualFiles.filter(name => /\.(ts|mjs|json)$/.test(name)))(
  'every member of %s is read, without being asked for',
  async name => {
    using project = new Project();
    const content = Object.fromEntries(together.map(option => [camel(option.name), asMember(option)]));
    const text = JSON.stringify(content);
    project.write(
      name,
      name.endsWith('.json')
        ? text
        : name.endsWith('.ts')
          ? `const config: object = ${text};\nexport default config;\n`
          : `export default ${text};\n`,
    );
    const run = await fapws(['--print-config'], project);
    expect(run.stderr).toBe('');
    const found = printed(run);
    for (const option of together) {
      expect({ [option.name]: found.get(option.name) }).toEqual({
        [option.name]: { value: shown(option), origin: `${camel(option.name)} in ${name}` },
      });
    }
  },
);

test('flags go before variables, variables before the file, the file before defaults', async () => {
  using project = new Project({
    'fapws.config.json': JSON.stringify({ workers: 2, backlog: 20, keepAlive: 200 }),
  });
  const environment = { FAPWS_WORKERS: '3', FAPWS_BACKLOG: '30' };
  const found = printed(await fapws(['app.ts', '-w', '4', '--print-config'], { ...project, environment }));
  expect(found.get('workers')).toEqual({ value: '4', origin: '-w' });
  expect(found.get('backlog')).toEqual({ value: '30', origin: 'FAPWS_BACKLOG' });
  expect(found.get('keep-alive')).toEqual({ value: '200', origin: 'keepAlive in fapws.config.json' });
  expect(found.get('timeout')).toEqual({ value: '30', origin: 'default' });
});

test('an application that is named nearer replaces one of the other language', async () => {
  using project = new Project({ 'fapws.config.json': '{ "wsgi": "shop:app" }' });
  const found = printed(await fapws(['app.ts', '--print-config'], project));
  expect(found.get('app')?.value).toBe('app.ts');
  expect(found.get('wsgi')).toBeUndefined();
});

test('an object in a configuration file is as good as a list of pairs, and numbers as texts', async () => {
  using project = new Project({
    'options.mjs': `export default {
      app: 'app.ts', static: { '/a': 'one' }, env: { A: 1 }, httpLimit: { content: Infinity }, socketMode: 0o660, bind: 8080,
    };\n`,
  });
  const run = await fapws(['--config', 'options.mjs', '--print-config'], project);
  const found = printed(run);
  expect(run.stderr).toBe('');
  expect(found.get('static')?.value).toBe('/a=one');
  expect(found.get('env')?.value).toBe('A=1');
  expect(found.get('http-limit')?.value).toBe('content=none');
  expect(found.get('socket-mode')?.value).toBe('660');
  expect(found.get('bind')?.value).toBe('8080');
});

test('--help has every option with its sentence, and colours only on a terminal or when asked', async () => {
  const [plain, coloured] = await Promise.all([
    fapws(['--help']),
    fapws(['--help'], { environment: { FORCE_COLOR: '1' } }),
  ]);
  expect(plain.code).toBe(0);
  for (const { name, default: value, kind } of options) {
    expect(plain.stdout).toContain(kind === 'flag' && value !== undefined ? `--no-${name}` : `--${name}`);
  }
  const ESC = String.fromCharCode(27);
  expect(plain.stdout).not.toContain(ESC);
  expect(coloured.stdout).toContain(ESC);
  expect(Math.max(...plain.stdout.split('\n').map(line => line.length))).toBeLessThanOrEqual(110);
});
