// The README's programs are type-checked and run, on a folder of their own.

import { readFileSync, writeFileSync } from 'node:fs';
import { Program, ReadmeProject } from '@fapws/testing';
import { afterAll, expect, test, vi } from 'vitest';
import { Site } from './serving.ts';

// Processes are started here, maybe on a busy machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const project = new ReadmeProject(['contrib/static/README.md']);
afterAll(() => project.remove());

test('all programs are correct under the strict rules of the repository', async () => {
  expect(project.programs).toHaveLength(2);
  expect(await project.complaints()).toBe('');
});

test.each(project.programs)('$name serves a folder', async ({ file }) => {
  const site = new Site({ 'index.html': '<p>home', 'app.01234567.js': 'plain', 'app.01234567.js.br': 'br' });
  writeFileSync(file, readFileSync(file, 'utf8').replace("'public'", JSON.stringify(site.root)));
  await using program = Program.fromSource(file);
  const origin = await program.origin();
  const ask = (path: string) =>
    fetch(origin + path, { signal: AbortSignal.timeout(10_000), headers: { 'Accept-Encoding': 'identity' } });
  expect(await (await ask('/')).text()).toBe('<p>home');
  expect(await (await ask('/app.01234567.js')).text()).toBe('plain');
  if (file.endsWith(project.programs[1]?.file.slice(-10) ?? '')) {
    expect(await (await ask('/nothing')).text()).toBe('There is no file at /nothing.');
    expect((await ask('/app.01234567.js')).headers.get('cache-control')).toMatch(/immutable/);
    expect((await ask('/')).headers.get('x-frame-options')).toBe('DENY');
  }
  expect(await program.end('SIGTERM'), program.output).toBe(0);
});
