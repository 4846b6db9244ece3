// A user's project: the tarballs are installed into an empty folder, imported, required, compiled against, and serve.

import { cpSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { root, run, succeed, tsc } from '../commands.ts';
import { pack, publicPackages, readManifest, temporaryFolder } from './packed.ts';

const folder = temporaryFolder('consumer');
const project = join(folder, 'project');
const names = publicPackages.map(({ name }) => name);

beforeAll(async () => {
  cpSync(join(import.meta.dirname, 'consumer'), project, { recursive: true });
  writeFileSync(join(project, 'package.json'), '{ "name": "consumer", "private": true, "type": "module" }\n');
  const tarballs: string[] = [];
  for (const published of publicPackages) tarballs.push(await pack(published, folder));
  // What depends on nothing else must install where there is no network.
  const alone = publicPackages.every(published => {
    const { dependencies, optionalDependencies } = readManifest(published.folder);
    return Object.keys({ ...dependencies, ...optionalDependencies }).length === 0;
  });
  const reach = alone ? '--offline' : '--prefer-offline';
  await succeed(
    'npm',
    ['install', reach, '--ignore-scripts', '--no-audit', '--no-fund', ...tarballs],
    project,
  );
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('an ES module imports the core, serves a request and ends by itself', async () => {
  expect(await succeed(process.execPath, ['esm.mjs'], project)).toBe('200 hello /you\n');
});

test('every entry of every package can be imported', async () => {
  const entries = publicPackages.flatMap(published =>
    Object.keys(readManifest(join(project, 'node_modules', published.name)).exports)
      .filter(entry => entry !== './package.json')
      .map(entry => published.name + entry.slice(1)),
  );
  const program = entries.map(entry => `import '${entry}';`).join('\n');
  await succeed(process.execPath, ['--input-type=module', '--eval', program], project);
});

test.runIf('require_module' in process.features)('require() loads every package', async () => {
  const { output, code } = await run(process.execPath, ['require.cjs', ...names], project);
  // Node 20 says on standard error that this is experimental.
  for (const name of names) expect(output).toContain(`${name} has exports`);
  expect(code, output).toBe(0);
});

describe('a strict TypeScript project', () => {
  test.each([
    ['that trusts the types of its dependencies', true],
    ['that checks them too (skipLibCheck off)', false],
  ])('%s compiles and runs', async (_what, skipLibCheck) => {
    const outDir = skipLibCheck ? 'trusting' : 'checking';
    const config = join(project, `tsconfig.${outDir}.json`);
    const compilerOptions = {
      target: 'es2022',
      module: 'nodenext',
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      skipLibCheck,
      rootDir: '.',
      outDir,
      types: ['node'],
      typeRoots: [join(root, 'node_modules/@types')],
    };
    writeFileSync(
      join(project, 'packages.ts'),
      names.map((name, at) => `export * as p${at} from '${name}';\n`).join(''),
    );
    writeFileSync(config, JSON.stringify({ compilerOptions, files: ['types.ts', 'packages.ts'] }));
    const compiled = await run(process.execPath, [tsc, '-p', config], project);
    expect(compiled.code, compiled.output).toBe(0);
    expect(await succeed(process.execPath, [join(outDir, 'types.js')], project)).toBe(
      '200 hello /you\n200 later\n200 one two\nfunction\n',
    );
  });
});
