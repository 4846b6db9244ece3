// Temporary files: where they are, who may read them, what becomes of them.

import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { call, type Environ } from '@fapws/core';
import { optional } from '@fapws/testing';
import { afterAll, describe, expect, test } from 'vitest';
import { type FormFile, readForm } from '../src/index.ts';
import { file, multipart, multipartType, postParts, temporaryFolder, text } from './posting.ts';

const folder = temporaryFolder();
const directory = folder.path;
const kept = temporaryFolder();
const upload = [file('f', '../../evil.txt', 'content')];
const posix = process.platform !== 'win32';

/** Runs `look` with the file of a form, and waits until nothing temporary is left. */
async function withFile(look: (file: FormFile) => unknown): Promise<unknown> {
  const response = await postParts(upload, { directory }, form => look(form.files[0] as FormFile));
  await expect.poll(folder.left).toEqual([]);
  if (response.statusCode !== 200) throw new Error(response.text());
  return response.json();
}

test('are in the folder that was chosen, with random names', async () => {
  const seen = await withFile(({ path }) => [basename(path as string), folder.left()]);
  expect(seen).toEqual([expect.stringMatching(/^fapws-[0-9a-f]{32}$/), [(seen as string[])[0]]]);
});

test.runIf(posix)('are for their owner only', async () => {
  const mode = await withFile(({ path }) => statSync(path as string).mode & 0o777);
  expect(mode).toBe(0o600);
});

test('are removed when the application fails', async () => {
  const response = await postParts(upload, { directory }, () => {
    expect(folder.left()).toHaveLength(1);
    throw new Error('failed');
  });
  expect(response.statusCode).toBe(500);
  await expect.poll(folder.left).toEqual([]);
});

test('can be removed before', async () => {
  const left = await postParts([...upload, file('g', 'x', 'y')], { directory }, async form => {
    await form.remove();
    await form.remove();
    return folder.left();
  });
  expect(left.json()).toEqual([]);
});

test('a folder that is not there is an error of the program, not of the client', async () => {
  const response = await postParts(upload, { directory: join(directory, 'missing') });
  expect(response.statusCode).toBe(500);
});

test('without fapws.after they are the callback’s to remove', async () => {
  const response = await call(
    async (environ, startResponse) => {
      delete (environ as Record<string, unknown>)['fapws.after'];
      await readForm(environ, { directory });
      startResponse('204 No Content', []);
    },
    { method: 'POST', headers: { 'Content-Type': multipartType }, body: multipart(upload) },
  );
  expect(response.statusCode).toBe(204);
  expect(folder.left()).toHaveLength(1);
  for (const name of folder.left()) rmSync(join(directory, name));
});

test('an answer that ends while a file is being made leaves none', async () => {
  let end = (): void => {};
  const environ = {
    CONTENT_TYPE: multipartType,
    'wsgi.input': [multipart(upload)],
    'fapws.after': (task: () => void) => {
      end = task;
    },
  } as unknown as Environ;
  // Ticks come when all promises are served: by then the file is asked for, and not here.
  const onFile = (): void => process.nextTick(() => end());
  await expect(readForm(environ, { directory, onFile: onFile as () => undefined })).rejects.toMatchObject({
    code: 'FAPWS_CLIENT_GONE',
  });
  expect(folder.left()).toEqual([]);
});

describe('keep', () => {
  test('moves the file to where it stays', async () => {
    const target = join(kept.path, 'moved.txt');
    const seen = await withFile(async file => [await file.keep(target), file.path, folder.left()]);
    expect(seen).toEqual([target, target, []]);
    expect(readFileSync(target, 'utf8')).toBe('content');
    if (posix) expect(statSync(target).mode & 0o777).toBe(0o600);
  });

  test('under its own name it stays in the folder', async () => {
    const path = await withFile(file => file.keep(join(kept.path, file.name)));
    expect(path).toBe(join(kept.path, 'evil.txt'));
  });

  test('takes nobody’s name, unless it is told to', async () => {
    const target = join(kept.path, 'there.txt');
    writeFileSync(target, 'before');
    const seen = await withFile(async file => {
      const failure = await file.keep(target).catch((error: NodeJS.ErrnoException) => error.code);
      return [
        failure,
        readFileSync(target, 'utf8'),
        folder.left().length,
        await file.keep(target, { overwrite: true }),
      ];
    });
    expect(seen).toEqual(['EEXIST', 'before', 1, target]);
    expect(readFileSync(target, 'utf8')).toBe('content');
  });

  test('of two at once one wins', async () => {
    const target = join(kept.path, 'race.txt');
    const parts = [file('f', 'a', 'one'), file('f', 'b', 'two')];
    const response = await postParts(parts, { directory }, async form => {
      const results = await Promise.allSettled(form.files.map(file => file.keep(target)));
      return results.map(({ status }) => status).sort();
    });
    expect(response.json()).toEqual(['fulfilled', 'rejected']);
    expect(['one', 'two']).toContain(readFileSync(target, 'utf8'));
  });

  test.runIf(posix)('gives the mode that is asked for', async () => {
    const target = join(kept.path, 'readable.txt');
    await withFile(file => file.keep(target, { mode: 0o644 }));
    expect(statSync(target).mode & 0o777).toBe(0o644);
  });

  test('twice is an error, and so is too late', async () => {
    let late: FormFile | undefined;
    const message = await withFile(async file => {
      late = file;
      await file.keep(join(kept.path, 'once.txt'));
      return file.keep(join(kept.path, 'twice.txt')).catch((error: Error) => error.message);
    });
    expect(message).toMatch(/kept already/);
    await expect(late?.keep(join(kept.path, 'late.txt'))).rejects.toThrow(/no temporary one/);
    await withFile(file => {
      late = file;
      return null;
    });
    await expect(late?.keep(join(kept.path, 'late.txt'))).rejects.toThrow(/the answer is over/);
    expect(existsSync(join(kept.path, 'twice.txt'))).toBe(false);
    expect(existsSync(join(kept.path, 'late.txt'))).toBe(false);
  });

  test('that fails leaves nothing at the target, and the file where it was', async () => {
    const inTheWay = join(kept.path, 'folder');
    mkdirSync(inTheWay);
    const seen = await withFile(async file => {
      const missing = await file
        .keep(join(kept.path, 'missing/x'))
        .catch((error: NodeJS.ErrnoException) => error.code);
      const onto = await file.keep(inTheWay, { overwrite: true }).then(
        () => 'kept',
        () => 'failed',
      );
      return [missing, onto, folder.left().length];
    });
    expect(seen).toEqual(['ENOENT', 'failed', 1]);
  });

  const shared = '/dev/shm';
  const elsewhere = existsSync(shared) && statSync(shared).dev !== statSync(directory).dev;
  describe.runIf(optional('a second file system', elsewhere, 'mount a tmpfs at /dev/shm'))(
    'on another file system',
    () => {
      const far = elsewhere ? mkdtempSync(join(shared, 'fapws-forms-')) : '';
      afterAll(() => rmSync(far, { recursive: true, force: true }));

      test('copies', async () => {
        const target = join(far, 'copied.txt');
        await withFile(file => file.keep(target));
        expect(readFileSync(target, 'utf8')).toBe('content');
        if (posix) expect(statSync(target).mode & 0o777).toBe(0o600);
        await expect(withFile(file => file.keep(target))).rejects.toThrow();
        expect(readdirSync(far)).toEqual(['copied.txt']);
      });
    },
  );

  test('is for temporary files', async () => {
    const { Writable } = await import('node:stream');
    const onFile = () => new Writable({ write: (_chunk, _encoding, done) => done() });
    const response = await postParts([...upload, text('a', '1')], { onFile }, form =>
      (form.files[0] as FormFile).keep('x').catch((error: Error) => error.message),
    );
    expect(response.json()).toMatch(/went to a stream/);
  });
});
