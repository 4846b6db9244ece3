// Environment files: what they say, and what wins over it.

import { afterEach, describe, expect, test, vi } from 'vitest';
import { pythonApp } from '../src/index.ts';
import { Front, hasPython } from './front.ts';
import { Project } from './project.ts';

afterEach(() => vi.unstubAllEnvs());

const APPLICATION = `import json, os
def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "application/json")])
    names = ("FIRST", "SECOND", "THIRD", "FOURTH", "TEXT", "GONE")
    return [json.dumps({name: os.environ.get(name) for name in names}).encode()]
`;

describe.runIf(hasPython)('environment files', () => {
  test('a later one wins, then the environment, then processEnvironment', { timeout: 30_000 }, async () => {
    using project = new Project({
      'app.py': APPLICATION,
      '.env':
        '# all of them\nFIRST=1\nSECOND=1\nTHIRD=1\nFOURTH=1\nTEXT="two\nlines" # said so\nexport GONE=1\n',
      '.env.local': 'SECOND=2\nTHIRD=2\nFOURTH=2\n',
    });
    vi.stubEnv('THIRD', '3');
    vi.stubEnv('FOURTH', '3');
    await using front = await Front.open('app:application', {
      chdir: project.folder,
      envFile: [project.path('.env'), project.path('.env.local')],
      processEnvironment: { FOURTH: '4', GONE: undefined },
    });
    expect(await front.json('/')).toEqual({
      FIRST: '1',
      SECOND: '2',
      THIRD: '3',
      FOURTH: '4',
      TEXT: 'two\nlines',
      GONE: null,
    });
  });

  test('one that goes before a process is started keeps that from starting, and the log says why', {
    timeout: 30_000,
  }, async () => {
    using project = new Project({ 'app.py': APPLICATION, '.env': 'FIRST=1' });
    await using front = await Front.open('app:application', {
      chdir: project.folder,
      envFile: project.path('.env'),
      reload: true,
    });
    expect((await front.ask('/')).status).toBe('200 OK');
    project.remove('.env');
    expect((await front.ask('/')).body).toMatch(/There is no file .*\.env, which envFile names/);
    project.write('.env', 'FIRST=5');
    expect(await front.json('/')).toMatchObject({ FIRST: '5' });
  });
});

test('a file that is not there is an error at once', () => {
  expect(() => pythonApp('a:b', { envFile: '/nowhere/.env' })).toThrow(
    'There is no file /nowhere/.env, which envFile names. Make it, or take it out of envFile.',
  );
  expect(() => pythonApp('a:b', { envFile: ['/'] })).toThrow(
    /The file \/, which envFile names, can't be read: EISDIR/,
  );
});
