import { appendFileSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import type { Reporter } from 'vitest/node';

// Every package of the workspace is a project of the same name and the same shape: its tests are test/**/*.test.ts.
// A package's own `test` script runs this file too, narrowed to its project. Two more projects test the repository
// itself: `packaging` what users install, `workspace` the tools that developers use here.

const root = import.meta.dirname;
const reports = process.env.FAPWS_TEST_REPORTS;

const packages = ['packages', 'contrib', 'examples'].flatMap(room =>
  existsSync(join(root, room))
    ? readdirSync(join(root, room))
        .map(name => join(room, name))
        .filter(
          folder => existsSync(join(root, folder, 'package.json')) && existsSync(join(root, folder, 'test')),
        )
        .map(folder => ({
          folder,
          name: JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')).name as string,
        }))
    : [],
);

/** Leaves a line for each test that passed at the second try only: CI shows them. */
const unsteady = (file: string): Reporter => ({
  onTestCaseResult(test) {
    if (test.diagnostic()?.flaky !== true) return;
    const [error] = test.result().errors ?? [];
    appendFileSync(file, `${test.project.name}: ${test.fullName}: ${error?.message.split('\n', 1)[0]}\n`);
  },
});

export default defineConfig({
  // Sibling packages are read from their sources: no test waits for a build.
  resolve: { conditions: ['@fapws/source'] },
  ssr: { resolve: { conditions: ['@fapws/source'] } },
  test: {
    // Derived sources (the parser's WebAssembly) are brought up to date before any test.
    globalSetup: join(root, 'packages/core/scripts/generate-wasm.mjs'),
    // Most tests wait for something most of the time; vitest would leave one processor out.
    maxWorkers: availableParallelism() + 1,
    // CI counts from these files: every run leaves one.
    reporters: reports
      ? [
          'default',
          ['json', { outputFile: join(reports, `${process.pid}.json`) }],
          unsteady(join(reports, 'unsteady.txt')),
        ]
      : ['default'],
    // Times and memory are tested too, and CI runs on machines that others use: there a failure has to happen twice.
    retry: reports ? 1 : 0,
    projects: [
      ...packages.map(({ folder, name }) => ({
        extends: true as const,
        root: join(root, folder),
        test: { name, include: ['test/**/*.test.ts'] },
      })),
      // These start package managers and compilers: seconds, not milliseconds.
      ...['packaging', 'workspace'].map(name => ({
        extends: true as const,
        root: join(root, 'test'),
        test: {
          name,
          include: [`${name}/**/*.test.ts`],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      })),
    ],
  },
});
