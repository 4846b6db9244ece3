// The packages as users get them: every public package of the workspace, packed by pnpm.

import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pnpm, root } from '../commands.ts';

export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly private?: boolean;
  readonly exports: Record<string, unknown>;
  readonly dependencies?: Record<string, string>;
  readonly optionalDependencies?: Record<string, string>;
  readonly peerDependencies?: Record<string, string>;
}

/** A public package: its folder in the repository and what its package.json says there. */
export interface PublicPackage {
  readonly name: string;
  readonly folder: string;
}

/** Every package that is published, core first. */
export const publicPackages: readonly PublicPackage[] = ['packages', 'contrib']
  .map(room => join(root, room))
  .filter(existsSync)
  .flatMap(room => readdirSync(room).map(name => join(room, name)))
  .filter(folder => existsSync(join(folder, 'package.json')))
  .map(folder => ({ folder, manifest: readManifest(folder) }))
  .filter(({ manifest }) => manifest.private !== true)
  .map(({ folder, manifest }) => ({ name: manifest.name, folder }));

export function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
}

/** An empty folder for one test file, under the machine's temporary folder. */
export function temporaryFolder(name: string): string {
  return realpathSync(mkdtempSync(join(tmpdir(), `fapws-${name}-`)));
}

/**
 * Packs a package as `pnpm publish` would.
 *
 * @param into an existing folder
 * @returns the tarball
 * @throws Error if the package was not built: a tarball without `dist` would hide what the tests are for
 */
export async function pack(from: PublicPackage, into: string): Promise<string> {
  if (!existsSync(join(from.folder, 'dist'))) {
    throw new Error(
      `${from.name} is not built: run "npx -y pnpm@12 build" first ("npx -y pnpm@12 test" does).`,
    );
  }
  const folder = join(into, from.name.replace('/', '-'));
  mkdirSync(folder);
  await pnpm(['pack', '--pack-destination', folder], from.folder);
  const [tarball, ...others] = readdirSync(folder);
  if (tarball === undefined || others.length > 0)
    throw new Error(`pnpm pack left ${readdirSync(folder)} in ${folder}`);
  return join(folder, tarball);
}
