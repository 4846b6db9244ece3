// wsgiref.validate, Python's own judge of servers, around applications of every kind: it must have nothing to say. With every
// Python that is here, because the worker promises 3.8 and later. And Werkzeug's judge, which knows other rules.

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pythonWith, run } from '@fapws/testing';
import { describe, expect, test } from 'vitest';
import type { PythonOptions } from '../src/index.ts';
import { Front, hasPython } from './front.ts';

/** Other interpreters, where pyenv has put them, and PyPy: as many as there are. */
const versions = join(process.env['PYENV_ROOT'] ?? join(process.env['HOME'] ?? '/', '.pyenv'), 'versions');
const pythons = (existsSync(versions) ? readdirSync(versions) : [])
  .map(name => join(versions, name, 'bin/python3'))
  .concat('pypy3')
  .filter(python => run(python, ['-c', 'import sys; sys.exit(sys.version_info < (3, 8))']).code === 0);

const answers: Record<string, [status: string, body: string]> = {
  listed: ['200 OK', 'ab'],
  one: ['200 OK', 'one'],
  generated: ['200 OK', 'ab'],
  written: ['200 OK', 'written returned'],
  empty: ['200 OK', ''],
  replaced: ['500 Replaced', 'replaced'],
  without: ['204 No Content', ''],
  memory: ['200 OK', 'memory'],
  file: ['200 OK', 'a file'],
  reading: ['200 OK', '12|3\n|45\n|67'],
};
const content = '123\n45\n67';

describe.runIf(hasPython)('wsgiref.validate', () => {
  for (const threads of [1, 2]) {
    test(`is silent (${threads} threads)`, { timeout: 30_000 }, () => silent('validated', { threads }));
  }
  for (const spool of [true, false]) {
    test(`is silent (content ${spool ? 'in files' : 'handed on as it arrives'})`, { timeout: 30_000 }, () =>
      silent('validated', { inlineContent: 2, spool }),
    );
  }
  for (const python of pythons) {
    test(`is silent (${python})`, { timeout: 30_000 }, () => silent('validated', { python }));
  }
});

const werkzeug = pythonWith('werkzeug');
describe.runIf(werkzeug)('werkzeug.middleware.lint', () => {
  test('is silent', { timeout: 30_000 }, () => silent('linted', { python: werkzeug as string }));
});

async function silent(judged: string, options: PythonOptions): Promise<void> {
  await using front = await Front.open(`${judged}:application`, options);
  await front.app.ready;
  for (const [name, [status, body]] of Object.entries(answers)) {
    for (const version of ['1.0', '1.1']) {
      for (const asked of [
        { method: 'GET' },
        { method: 'HEAD' },
        { method: 'POST', body: content },
        ...(version === '1.1'
          ? [
              {
                method: 'POST',
                headers: ['Transfer-Encoding: chunked'],
                body: `9\r\n${content}\r\n0\r\n\r\n`,
              },
            ]
          : []),
      ]) {
        const answer = await front.ask(`/${name}?q`, { ...asked, version });
        expect([name, answer.status, answer.cut]).toEqual([name, status, false]);
        const isRead = name === 'reading' && !('body' in asked);
        expect([name, answer.body]).toEqual([
          name,
          asked.method === 'HEAD' || isRead ? expect.any(String) : body,
        ]);
      }
    }
  }
  expect((await front.ask('/complaints')).body).toBe('');
  expect(front.log.replaceAll(/(GET|HEAD|POST) \/reading\?q: read\n/g, '')).toBe('');
}
