import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  Example,
  installed,
  makeBarePython,
  type Program,
  pathTo,
  pythonWith,
  shownOrigin,
} from '@fapws/testing';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

// A server and its Pythons are started here, maybe on a busy machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const example = new Example(import.meta.dirname);
const python = pythonWith('bottle');

describe.runIf(python)('the clock', () => {
  let program: Program;
  let origin: string;
  beforeAll(async () => {
    program = example.start({ PATH: pathTo(python) });
    origin = await program.origin();
  });
  afterAll(async () => program?.[Symbol.asyncDispose]());

  const ask = (path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(origin + path, { redirect: 'manual', signal: AbortSignal.timeout(20_000), ...init });

  test.runIf(installed('curl'))('the README shows what comes out', async () => {
    const { shown, went } = await example.followReadme({ [shownOrigin]: origin });
    expect(went).toBe(shown);
  });

  test.each(['', '/'])('the form of /clock%s leads to a page, whose link leads back', async end => {
    const [, action] = /action="([^"]+)"/.exec(await (await ask(`/clock${end}`)).text()) ?? [];
    expect(action).toBe('/clock/');
    const answer = await ask(action as string, {
      method: 'POST',
      body: new URLSearchParams({ zone: ' Europe/Brussels' }),
    });
    expect([answer.status, answer.headers.get('location')]).toEqual([
      303,
      `${origin}/clock/zones/Europe/Brussels`,
    ]);
    const page = await (await fetch(answer.headers.get('location') as string)).text();
    expect(page).toMatch(/<h1>Europe\/Brussels<\/h1>[\s\S]*<time datetime="[-\dT:+]+">\d\d:\d\d<\/time>/);
    expect(page).toContain('<a href="/clock/">');
  });

  test('it tells the time', async () => {
    const answer = await ask('/clock/zones/Asia/Kolkata.json');
    const { time, summer_time } = (await answer.json()) as { time: string; summer_time: boolean };
    expect(Math.abs(Date.parse(time) - Date.now())).toBeLessThan(60_000);
    expect([time.slice(-6), summer_time, answer.headers.get('cache-control')]).toEqual([
      '+05:30',
      false,
      'no-store',
    ]);
  });

  test.each(['/clock/zones/Atlantis', '/clock/zones/../clock.py', '/clock/nothing'])(
    'there is nothing at %s',
    async path => {
      expect((await ask(path)).status).toBe(404);
    },
  );

  test('a place with the name of a script is shown as a name', async () => {
    const answer = await ask('/clock/', { method: 'POST', body: new URLSearchParams({ zone: '<script>' }) });
    expect([answer.status, (await answer.text()).includes('<script>')]).toEqual([404, false]);
  });

  test('nobody outside can say what the site is called', async () => {
    const headers = { 'X-Forwarded-Host': 'elsewhere.example' };
    const answer = await ask('/clock/', {
      method: 'POST',
      headers,
      body: new URLSearchParams({ zone: 'UTC' }),
    });
    expect(answer.headers.get('location')).toBe(`${origin}/clock/zones/UTC`);
  });

  test('a form that is too large does not get in', async () => {
    const body = new URLSearchParams({ zone: 'x'.repeat(5000) });
    expect((await ask('/clock/', { method: 'POST', body })).status).toBe(413);
  });

  test('it ends when it is told to', async () => {
    expect(await program.end('SIGTERM'), program.output).toBe(0);
    expect(program.output).not.toMatch(/Traceback/);
  });
});

test.runIf(installed('python3'))('without Bottle it says how to get it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fapws-bottle-'));
  try {
    await using program = example.start({ PATH: pathTo(makeBarePython(folder)) });
    expect(await program.end()).toBe(1);
    expect(program.output).toContain('Get Bottle: apt-get install python3-bottle, or pip install bottle');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
