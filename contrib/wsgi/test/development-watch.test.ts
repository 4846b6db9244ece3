// Which files are looked at, and when, in development.

import { rmSync, utimesSync } from 'node:fs';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { FileWatch } from '../src/watch.ts';
import { Project } from './project.ts';

vi.mock('node:fs', async original => {
  const fs = await original<typeof import('node:fs')>();
  return { ...fs, watch: vi.fn(fs.watch) };
});

const { watch } = await import('node:fs');

afterEach(() => {
  vi.useRealTimers();
  vi.mocked(watch).mockClear();
});

describe('a file has changed', () => {
  const cases: readonly [string, (project: Project) => void][] = [
    ['when it is longer', project => project.write('file', 'more text')],
    ['when it was saved again', project => utimesSync(project.path('file'), 1, 1)],
    ['when it is gone', project => project.remove('file')],
    [
      'when another one has its name',
      project => {
        project.remove('file');
        project.write('other', '');
        project.write('file', 'text');
      },
    ],
  ];
  for (const [when, change] of cases) {
    test(when, () => {
      using project = new Project({ file: 'text' });
      const path = project.path('file');
      const files = new FileWatch([], () => {});
      files.read([[path, '']]);
      expect(files.changed()).toBe(path);
      files.begin();
      expect(files.changed()).toBeNull();
      change(project);
      expect(files.changed()).toBe(path);
      files.begin();
      expect(files.changed()).toBeNull();
      files.close();
    });
  }

  test('until what was read has left it out', () => {
    using project = new Project({ one: '1', two: '2' });
    const files = new FileWatch([], () => {});
    files.read([
      [project.path('one'), ''],
      [project.path('two'), ''],
    ]);
    files.begin();
    files.read([[project.path('one'), 'what it was']]);
    files.end(false);
    expect(files.has(project.path('two'))).toBe(true);
    files.end(true);
    expect(files.has(project.path('two'))).toBe(false);
    expect(files.changed()).toBe(project.path('one'));
    files.close();
  });
});

describe('folders that are watched', () => {
  test('are looked into to any depth, but not where nothing is written by hand', () => {
    using project = new Project({ 'a/b/c': '', '.git/x': '', 'node_modules/x': '', 'a/__pycache__/x': '' });
    const files = new FileWatch([project.folder], () => {});
    expect(files.changed()).toBeNull();
    project.write('.git/y', '');
    project.write('node_modules/y', '');
    project.write('a/__pycache__/y', '');
    expect(files.changed()).toBeNull();
    project.write('a/b/d', '');
    expect(files.changed()).toBe(project.path('a/b/d'));
    files.begin();
    project.remove('a/b');
    expect(files.changed()).toMatch(/a\/b\/[cd]$/);
    files.close();
  });

  test('may come and go', () => {
    using project = new Project({});
    const path = project.path('templates');
    const files = new FileWatch([path], () => {});
    expect(files.changed()).toBeNull();
    project.write('templates/a', '');
    expect(files.changed()).toMatch(/templates/);
    files.begin();
    rmSync(path, { recursive: true });
    expect(files.changed()).toMatch(/templates/);
    files.close();
  });
});

describe('a notice', () => {
  test('comes soon after a change, once', async () => {
    // No look once a second.
    vi.useFakeTimers({ toFake: ['setInterval'] });
    using project = new Project({ file: 'text' });
    let notices = 0;
    const noticed = new Promise<void>(resolve => {
      const files = new FileWatch([], () => {
        notices += 1;
        files.close();
        resolve();
      });
      files.read([[project.path('file'), '']]);
      files.end(true);
    });
    for (const text of ['a', 'bc', 'def']) project.write('file', text);
    await noticed;
    expect(notices).toBe(1);
  });

  test('comes every second where the system gives none', () => {
    vi.useFakeTimers();
    using project = new Project({ file: 'text' });
    vi.mocked(watch).mockImplementation(() => {
      throw new Error('ENOSPC: System limit for number of file watchers reached');
    });
    let notices = 0;
    const files = new FileWatch([], () => {
      notices += 1;
    });
    files.read([[project.path('file'), '']]);
    files.end(true);
    expect(watch).toHaveBeenCalledOnce();
    vi.advanceTimersByTime(2500);
    expect(notices).toBe(2);
    files.close();
    vi.advanceTimersByTime(2500);
    expect(notices).toBe(2);
  });
});
