// The example under systemd, as far as it goes without being process 1: the unit files are checked by systemd's own tool, and
// the socket is handed over by it.

import { once } from 'node:events';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { installed, Program, run, runFromSource } from '@fapws/testing';
import { afterAll, describe, expect, test } from 'vitest';
import { example, fileWith } from './site.ts';

const folder = mkdtempSync(join(tmpdir(), 'fapws-systemd-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const unit = readFileSync(join(example, 'systemd/fapws-example.service'), 'utf8');
const settingOf = (name: string): string => new RegExp(`^${name}=(.*)$`, 'm').exec(unit)?.[1] ?? '';
const variableOf = (name: string): number => Number(new RegExp(`\\b${name}=(\\d+)`).exec(unit)?.[1]);

test('the time for a stop has room for the lame duck and the grace period', () => {
  const needed = (variableOf('LAME_DUCK_MS') + variableOf('GRACE_MS')) / 1000;
  expect(Number(settingOf('TimeoutStopSec'))).toBeGreaterThanOrEqual(needed + 5);
});

test.runIf(installed('systemd-analyze', 'apt-get install systemd'))(
  'the units are what systemd expects',
  () => {
    // A path on this machine for the program, which is all that verify looks for beyond the files themselves.
    const service = join(folder, 'fapws-example.service');
    writeFileSync(service, fileWith('systemd/fapws-example.service', { '/usr/bin/node': process.execPath }));
    const socket = join(folder, 'fapws-example.socket');
    copyFileSync(join(example, 'systemd/fapws-example.socket'), socket);
    expect(run('systemd-analyze', ['verify', '--man=no', service, socket])).toEqual({ code: 0, output: '' });
    // Unknown names would be ignored, with a warning.
    writeFileSync(service, unit.replace('TimeoutStopSec', 'TimeoutStopSecs'));
    expect(run('systemd-analyze', ['verify', '--man=no', service]).output).toContain('TimeoutStopSecs');
  },
);

describe.runIf(installed('systemd-socket-activate', 'apt-get install systemd'))('a socket of systemd', () => {
  test('is served, and peers at it are believed', async () => {
    const path = join(folder, 'example.sock');
    const server = [process.execPath, ...runFromSource, join(example, 'src/server.ts')];
    // It passes on only what it is told to.
    const environment = ['PATH', 'FRONT=x-forwarded', 'TRUST=unix', 'LAME_DUCK_MS=0'].map(
      variable => `--setenv=${variable}`,
    );
    await using program = new Program('systemd-socket-activate', [
      `--listen=${path}`,
      ...environment,
      ...server,
    ]);
    await program.prints(/Listening on/);
    const asked = request({
      socketPath: path,
      path: '/whoami',
      headers: {
        Host: 'shop.example',
        'X-Forwarded-For': '192.0.2.7',
        'X-Forwarded-Proto': 'https',
        'X-Forwarded-Host': 'shop.example',
      },
      signal: AbortSignal.timeout(20_000),
    });
    asked.end();
    const [response] = await once(asked, 'response');
    expect(JSON.parse(await text(response))).toMatchObject({
      client: '192.0.2.7',
      scheme: 'https',
      host: 'shop.example',
    });
    expect(await program.end('SIGTERM'), program.output).toBe(0);
  });
});
