// What is in each tarball, and whether module resolution and the type checker find their way in it.

import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { succeed } from '../commands.ts';
import { type Manifest, pack, publicPackages, readManifest, temporaryFolder } from './packed.ts';

const KiB = 1024;
const folder = temporaryFolder('tarballs');

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.each(publicPackages)('$name', published => {
  let tarball: string;
  let unpacked: string;
  let manifest: Manifest;
  let files: string[];

  beforeAll(async () => {
    tarball = await pack(published, folder);
    unpacked = join(folder, 'unpacked', published.name);
    mkdirSync(unpacked, { recursive: true });
    await succeed('tar', ['-xzf', tarball, '-C', unpacked, '--strip-components=1'], folder);
    manifest = readManifest(unpacked);
    files = readdirSync(unpacked, { recursive: true, withFileTypes: true })
      .filter(entry => entry.isFile())
      .map(entry => join(entry.parentPath ?? entry.path, entry.name).slice(unpacked.length + 1));
  });

  test('holds what was built, a licence and a README, and nothing of development', () => {
    expect(files).toContain('dist/index.js');
    expect(files).toContain('dist/index.d.ts');
    expect(files).toContain('LICENSE');
    expect(files).toContain('README.md');
    expect(
      files.filter(file => /^(src|test|bench|scripts)\/|tsbuildinfo|tsconfig|(?<!\.d)\.ts$/.test(file)),
    ).toEqual([]);
  });

  test('holds no output of a source that is gone', () => {
    const stale = files
      .filter(file => file.startsWith('dist/') && file.endsWith('.js'))
      .filter(
        file => !existsSync(join(published.folder, file.replace(/^dist/, 'src').replace(/\.js$/, '.ts'))),
      );
    expect(stale, `remove ${published.folder}/dist and build again`).toEqual([]);
  });

  test.runIf(published.name === '@fapws/core')(
    'is one module that keeps its names and the notice of llhttp',
    async () => {
      expect(files.filter(file => file.endsWith('.js'))).toEqual(['dist/index.js']);
      const file = join(unpacked, 'dist/index.js');
      expect(readFileSync(file, 'utf8')).toContain('Copyright Fedor Indutny');
      const core: Record<string, unknown> = await import(pathToFileURL(file).href);
      const functions = Object.entries(core).filter(entry => typeof entry[1] === 'function');
      expect(functions.map(([, value]) => (value as () => void).name)).toEqual(
        functions.map(([name]) => name),
      );
    },
  );

  test('its package.json needs neither the workspace nor its sources', () => {
    const text = JSON.stringify({ ...manifest, scripts: undefined, devDependencies: undefined });
    expect(text).not.toMatch(/@fapws\/source|workspace:|catalog:|link:/);
  });

  test('publint has nothing to say', async () => {
    const { messages, pkg } = await publint({ pkgDir: unpacked, pack: false, strict: true });
    expect(messages.map(message => formatMessage(message, pkg, { color: false }))).toEqual([]);
  });

  test('are-the-types-wrong finds nothing for users of ES modules', async () => {
    const analysis = await checkPackage(createPackageFromTarballData(readFileSync(tarball)));
    if (!analysis.types) throw new Error('no types in the package');
    // As its profile "esm-only": the resolution of old Node versions and of require() before Node 20.19 is not promised.
    const promised = analysis.problems.filter(
      problem => !('resolutionKind' in problem) || !['node10', 'node16-cjs'].includes(problem.resolutionKind),
    );
    expect(promised).toEqual([]);
  });

  test.runIf(published.name === '@fapws/core')('has no dependencies and takes less than 200 KiB', () => {
    expect(manifest.dependencies ?? {}).toEqual({});
    expect(manifest.optionalDependencies ?? {}).toEqual({});
    expect(manifest.peerDependencies ?? {}).toEqual({});
    const installed = files.reduce((sum, file) => sum + statSync(join(unpacked, file)).size, 0);
    expect(statSync(tarball).size).toBeLessThan(200 * KiB);
    expect(installed).toBeLessThan(200 * KiB);
  });
});
