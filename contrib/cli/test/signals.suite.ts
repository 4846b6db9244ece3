// What signals do, and what becomes of processes that crash or hang, while requests come: the same with an application of each
// language.

import { existsSync, readFileSync, renameSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { installed, isAlive, type Program } from '@fapws/testing';
import { describe, expect, test, vi } from 'vitest';
import { Project, serving } from './command.ts';
import { load } from './load.ts';

// On a machine with other work, starting a process alone can take seconds.
vi.setConfig({ testTimeout: 90_000 });

export const inJavaScript = `
const pause = seconds => new Promise(resolve => setTimeout(resolve, seconds * 1000));
export default async (environ, startResponse) => {
  const path = environ.PATH_INFO;
  if (path === '/slow') await pause(2);
  if (path === '/long') await pause(60);
  if (path === '/hang') for (;;);
  if (path === '/crash') process.exit(3);
  startResponse('200 OK', [['Content-Type', 'text/plain']]);
  return \`\${process.pid} \${process.env.GREETING} \`;
};
`;

const inPython = `
import os, time
def application(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/slow": time.sleep(2)
    if path == "/long": time.sleep(60)
    if path == "/hang":
        while True: pass
    if path == "/crash": os._exit(3)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [("%d %s " % (os.getpid(), os.environ.get("GREETING"))).encode()]
`;

const wrk = installed('wrk');

/** Over a connection of its own: one that is kept may be to a process that is gone. */
function get(url: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    request(url, { agent: false }, answer => {
      text(answer).then(body => resolve({ status: answer.statusCode ?? 0, body }), reject);
    })
      .on('error', reject)
      .end();
  });
}

/** Who answers. */
export async function pidOf(origin: string): Promise<number> {
  return Number.parseInt((await get(origin)).body, 10);
}

/** The processes that answer; as many are waited for as there should be. */
async function pids(origin: string, count: number): Promise<Set<number>> {
  const seen = new Set<number>();
  const late = Date.now() + 30_000;
  while (seen.size < count && Date.now() < late) {
    // At the same time, so that more than one has something to do.
    const answers = await Promise.all(Array.from({ length: 8 }, () => pidOf(origin)));
    for (const pid of answers) seen.add(pid);
  }
  return seen;
}

export async function stops(program: Program, signal: NodeJS.Signals): Promise<number> {
  const began = performance.now();
  expect(await program.end(signal), program.output).toBe(0);
  return (performance.now() - began) / 1000;
}

export interface Subject {
  readonly language: 'JavaScript' | 'Python';
  /** What the command is told besides. */
  readonly args: readonly string[];
  /** Whether all that it needs is here. */
  readonly here: boolean;
  /** The signal that stops it at once, of those two. */
  readonly quick: 'SIGINT' | 'SIGQUIT';
}

export function signalsSuite({ language, args, here, quick }: Subject): void {
  describe(`an application in ${language}`, () => {
    const project = (): Project =>
      new Project({
        'app.js': inJavaScript,
        'app.py': inPython,
        'fapws.config.json': '{ "env": { "GREETING": "before" } }',
      });

    test.runIf(here && wrk)(
      'is restarted by SIGHUP and SIGUSR2, and opens its log anew at SIGUSR1, without a failed request',
      async () => {
        using files = project();
        const log = ['--access-logfile', 'access.log', '--log', '%s %q'];
        await using program = serving([...args, '-w', '2', ...log], files);
        const origin = await program.origin();
        const before = await pids(origin, 2);
        expect(before.size).toBe(2);
        // A port that was somebody's a moment ago may be asked by strangers: what is counted has a name.
        const loading = load(`${origin}/?load`);
        files.write('fapws.config.json', '{ "env": { "GREETING": "after" } }');
        process.kill(program.pid, 'SIGHUP');
        await program.prints(/rolling restart: done/, 1, 60);
        expect((await get(origin)).body).toContain('after');
        renameSync(join(files.folder, 'access.log'), join(files.folder, 'access.log.1'));
        process.kill(program.pid, 'SIGUSR1');
        while (!existsSync(join(files.folder, 'access.log'))) await sleep(20);
        process.kill(program.pid, 'SIGUSR2');
        await program.prints(/rolling restart: done/, 2, 60);
        const { requests, failures } = await loading.stop();
        expect(failures).toBe('');
        expect(requests).toBeGreaterThan(100);
        const after = await pids(origin, 2);
        expect([...after].filter(pid => before.has(pid))).toEqual([]);
        await stops(program, 'SIGTERM');
        const lines = ['access.log', 'access.log.1']
          .flatMap(name => readFileSync(join(files.folder, name), 'utf8').trimEnd().split('\n'))
          .filter(line => line.endsWith('?load'));
        // 499 for whom wrk left in the middle when it was stopped.
        expect(new Set(lines.filter(line => !line.startsWith('499')))).toEqual(new Set(['200 ?load']));
        expect(lines.length).toBeGreaterThanOrEqual(requests);
      },
    );

    test.runIf(here)('SIGTERM lets requests finish', async () => {
      using files = project();
      await using program = serving(args, files);
      const slow = get(`${await program.origin()}/slow`);
      await sleep(500);
      await stops(program, 'SIGTERM');
      expect((await slow).body).toContain('before');
    });

    test.runIf(here)(`${quick} does not`, async () => {
      using files = project();
      await using program = serving(args, files);
      const long = get(`${await program.origin()}/long`).then(
        () => 'answered',
        () => 'cut',
      );
      await sleep(500);
      expect(await stops(program, quick)).toBeLessThan(20);
      expect(await long).toBe('cut');
    });

    test.runIf(here)(
      'a process that crashes or hangs is replaced, and signals change how many there are',
      async () => {
        using files = project();
        await using program = serving([...args, '--timeout', '1'], files);
        const origin = await program.origin();

        // By itself, then killed.
        const first = await pidOf(origin);
        await get(`${origin}/crash`).catch(() => {});
        const second = await pidOf(origin);
        expect(second).not.toBe(first);
        expect(program.output).toMatch(/ended with exit code 3/);
        process.kill(second, 'SIGKILL');
        await program.prints(/SIGKILL/);
        const third = await pidOf(origin);
        expect(third).not.toBe(second);

        // The one who speaks HTTP for Python does not hang with it.
        const status = await get(`${origin}/hang`).then(
          answer => answer.status,
          () => 0,
        );
        expect(status).toBe(language === 'Python' ? 504 : 0);
        expect(await pidOf(origin)).not.toBe(third);

        process.kill(program.pid, 'SIGTTIN');
        await program.prints(/2 (workers|Python processes): done/);
        expect((await pids(origin, 2)).size).toBe(2);
        process.kill(program.pid, 'SIGTTOU');
        await program.prints(/1 (worker|Python process): done/);
        const alone = await pidOf(origin);
        expect(await pids(origin, 1)).toEqual(new Set([alone]));

        // A program that is broken changes nothing.
        files.write('app.js', 'export default nothing;\n');
        files.write('app.py', 'application = nothing\n');
        process.kill(program.pid, 'SIGHUP');
        await program.prints(/rolling restart: given up/);
        expect(program.output).toMatch(/nothing is not defined|name 'nothing' is not defined/);
        expect(await pidOf(origin)).toBe(alone);

        // Nobody is left behind when the supervisor is gone.
        expect(await program.end('SIGKILL')).toBe(null);
        const late = Date.now() + 30_000;
        while (isAlive(alone) && Date.now() < late) await sleep(50);
        expect(isAlive(alone)).toBe(false);
      },
    );
  });
}
