// docs/deploy.md says nothing that does not work: what it quotes are the files of this example, its terminal sessions are run,
// and the times that it and the files name fit together.

import { spawnSync } from 'node:child_process';
import { channel } from 'node:diagnostics_channel';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { defaultLimits, defaultTimeouts } from '@fapws/core';
import { installed, runFromSource } from '@fapws/testing';
import { afterAll, describe, expect, test } from 'vitest';
import { example, fileWith, freePorts, withPorts } from './site.ts';

const root = resolve(example, '../..');
const guide = readFileSync(join(root, 'docs/deploy.md'), 'utf8');
const read = (file: string): string => readFileSync(join(example, file), 'utf8');

/** Files for others to take: each is quoted or linked. */
const files = ['nginx', 'haproxy', 'systemd', 'kubernetes', 'container'].flatMap(folder =>
  readdirSync(join(example, folder)).map(name => `${folder}/${name}`),
);

describe('what the guide quotes', () => {
  const quotes = [...guide.matchAll(/^<!-- examples\/deploy\/(\S+) -->\n```\w*\n([\s\S]*?)^```$/gm)].map(
    ([, file, text]) => [file as string, text as string] as const,
  );

  test('is something', () => {
    expect(quotes.map(([file]) => file)).toContain('nginx/site.conf');
  });

  test.each(quotes)('%s is as the file is', (file, text) => {
    expect(text).toBe(read(file));
  });

  test('or links to are all files that are for others to take', () => {
    const mentioned = files.filter(
      file => quotes.some(([quoted]) => quoted === file) || guide.includes(`(../examples/deploy/${file})`),
    );
    expect(mentioned).toEqual(files);
  });
});

test('its links lead somewhere', () => {
  const prose = guide.replace(/^```[\s\S]*?^```$/gm, '');
  const anchors = new Set(
    [...prose.matchAll(/^#+ (.*)$/gm)].map(([, title]) =>
      (title as string)
        .toLowerCase()
        .replace(/[^\w\s-]/g, '')
        .replaceAll(' ', '-'),
    ),
  );
  for (const [, link] of prose.matchAll(/\]\(([^)\s]+)\)/g)) {
    const [file, anchor] = (link as string).split('#') as [string, string | undefined];
    if (file === '') expect([...anchors], link).toContain(anchor);
    else if (!file.startsWith('https:')) expect(existsSync(join(root, 'docs', file)), link).toBe(true);
  }
});

test('the channels that it names are those that core has', () => {
  const named = [...guide.matchAll(/^\| `(fapws:\w+)` \|/gm)].map(([, name]) => name as string);
  const source = readFileSync(join(root, 'packages/core/src/http/events.ts'), 'utf8');
  const had = [...source.matchAll(/channel\('(fapws:\w+)'\)/g)].map(([, name]) => name as string);
  expect(named.sort()).toEqual(had.sort());
  for (const name of named) expect(channel(name).name).toBe(name);
});

describe('the times and sizes of the files', () => {
  const seconds = (file: string, setting: string): number => {
    const found = new RegExp(`${setting} (\\d+)s`).exec(read(file));
    if (found === null) throw new Error(`${file} has no ${setting} in seconds`);
    return Number(found[1]);
  };

  test('a front that speaks HTTP closes idle connections before the server', () => {
    expect(seconds('nginx/site.conf', 'keepalive_timeout')).toBeLessThan(defaultTimeouts.idle);
    // HAProxy closes a half of those that are not needed each time.
    expect(seconds('haproxy/haproxy.cfg', 'pool-purge-delay') * 3).toBeLessThan(defaultTimeouts.idle);
  });

  test('a front that passes connections on leaves it to the server', () => {
    expect(seconds('nginx/stream.conf', 'proxy_timeout')).toBeGreaterThan(defaultTimeouts.idle);
    for (const side of ['client', 'server']) {
      expect(seconds('haproxy/proxy-protocol.cfg', `timeout ${side}`)).toBeGreaterThan(defaultTimeouts.idle);
    }
  });

  test('nginx takes uploads as large as the server does', () => {
    const size = Number(/client_max_body_size (\d+)m;/.exec(read('nginx/site.conf'))?.[1]);
    expect(size * 1024 ** 2).toBe(defaultLimits.content);
  });
});

const folder = mkdtempSync(join(tmpdir(), 'fapws-guide-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.runIf(['nginx', 'haproxy', 'curl'].map(command => installed(command)).every(Boolean))(
  'its terminal sessions show what comes out',
  { timeout: 60_000 },
  async () => {
    const sessions = [...guide.matchAll(/^```console\n([\s\S]*?)^```$/gm)].map(([, text]) => text as string);
    const ports = await freePorts(3);
    // Worker processes of a front that is started by root are somebody else.
    chmodSync(folder, 0o755);
    for (const file of files.filter(name => /^(nginx|haproxy)\//.test(name))) {
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      writeFileSync(join(folder, file), withPorts(fileWith(file, {}), ports));
    }
    const run = spawnSync('bash', ['--norc', '-c', scriptOf(withPorts(sessions.join(''), ports))], {
      cwd: folder,
      encoding: 'utf8',
      timeout: 50_000,
      env: { PATH: process.env['PATH'], NODE_NO_WARNINGS: '1' },
    });
    const said = run.stdout.split(/^@@ /m).slice(1);
    const shown = withPorts(sessions.join(''), ports)
      .split(/^\$ /m)
      .slice(1)
      .filter(step => !/^.*&\n$/.test(step));
    expect(said.map(settled), run.stderr).toEqual(shown.map(settled));
  },
);

/** The commands of a session as one script, which says which one is next. */
function scriptOf(session: string): string {
  const node = [process.execPath, ...runFromSource, join(example, 'src/server.ts')]
    .map(word => `'${word}'`)
    .join(' ');
  const steps = [...session.matchAll(/^\$ (.*)$/gm)].map(([, line]) => {
    const command = (line as string)
      .replace('node dist/server.js', node)
      .replaceAll('/tmp/fapws-nginx', join(folder, 'nginx-runs-here'));
    if (!command.endsWith('&'))
      return `printf '%s\\n' ${JSON.stringify(`@@ ${line}`).replaceAll('$', '\\$')}\n${command}`;
    // What runs in the background is given until it answers, as a reader gives it by reading on.
    const port =
      /LISTEN=(\d+)/.exec(command)?.[1] ??
      /:(\d+)\/whoami$/m.exec(session.slice(session.indexOf(line as string)))?.[1];
    return `${command.replace(/&$/, '>> log 2>&1 &')}\nuntil curl -s -o answer http://127.0.0.1:${port}/health; do sleep 0.1; done`;
  });
  return `trap 'kill $(jobs -p)' EXIT\n${steps.join('\n')}\n`;
}

/** Without what is another one each time: the instance that was chosen and the port of the front's connection. */
function settled(step: string): string {
  return step
    .replace(/"instance":"(one|two)"/, '"instance":"…"')
    .replace(/"peer":"127\.0\.0\.1:\d+"/, '"peer":"…"');
}
