// The programs of READMEs, in a project as a user has one: the packages of this repository are found in it by their names.

import { execFile } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { blocksOf } from './markdown.ts';

const root = resolve(import.meta.dirname, '../../..');

/** A `ts` block of a README, and what its reader is shown besides. */
export interface ReadmeProgram {
  /** For the titles of tests. */
  readonly name: string;
  /** Where it can be run. Its server listens on any free port of 127.0.0.1 instead of 8080. */
  readonly file: string;
  readonly text: string;
  /** The terminal session in the block that follows it; empty if none does. */
  readonly session: string;
}

export class ReadmeProject {
  readonly programs: readonly ReadmeProgram[];
  readonly #folder = mkdtempSync(join(tmpdir(), 'fapws-readme-'));

  /** @param readmes from the root of the repository: `contrib/log/README.md` */
  constructor(readmes: readonly string[]) {
    this.programs = readmes.flatMap(readme => this.#programsOf(readme));
    this.#install();
    for (const { file, text } of this.programs) {
      writeFileSync(file, text.replace("'127.0.0.1', 8080", "'127.0.0.1', 0"));
    }
  }

  /** What the compiler has to say of all programs under the strict rules of the repository: nothing, if all is well. */
  async complaints(): Promise<string> {
    const config = {
      extends: join(root, 'tsconfig.base.json'),
      compilerOptions: {
        typeRoots: [join(root, 'node_modules/@types')],
        // A callback that does not look at its environ is given one all the same.
        noUnusedParameters: false,
      },
      files: this.programs.map(({ file }) => file),
    };
    writeFileSync(join(this.#folder, 'tsconfig.json'), JSON.stringify(config));
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    const { stdout } = await promisify(execFile)(process.execPath, [tsc, '-p', this.#folder]).catch(
      failure => failure,
    );
    return stdout;
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #programsOf(readme: string): ReadmeProgram[] {
    const blocks = blocksOf(readFileSync(join(root, readme), 'utf8'));
    return blocks.flatMap(({ language, text }, at) => {
      if (language !== 'ts') return [];
      const following = blocks[at + 1];
      return {
        name: `${readme}, block ${at + 1}`,
        file: join(this.#folder, `${readme.replaceAll('/', '-')}-${at + 1}.ts`),
        text,
        session: following?.language === 'console' ? following.text : '',
      };
    });
  }

  #install(): void {
    const modules = join(this.#folder, 'node_modules/@fapws');
    mkdirSync(modules, { recursive: true });
    symlinkSync(join(root, 'packages/core'), join(modules, 'core'), 'junction');
    const contrib = existsSync(join(root, 'contrib')) ? readdirSync(join(root, 'contrib')) : [];
    for (const name of contrib) {
      const folder = join(root, 'contrib', name);
      if (existsSync(join(folder, 'package.json'))) symlinkSync(folder, join(modules, name), 'junction');
    }
    writeFileSync(join(this.#folder, 'package.json'), '{ "type": "module" }\n');
  }
}
