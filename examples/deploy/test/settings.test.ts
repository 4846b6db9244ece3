// What the environment may say, and what the program answers to anything else.

import { join } from 'node:path';
import { Program } from '@fapws/testing';
import { expect, test } from 'vitest';
import { type Settings, SettingsError, settingsFrom } from '../src/settings.ts';
import { example } from './site.ts';

test.each<[NodeJS.ProcessEnv, Partial<Settings>]>([
  [{}, { addresses: [], front: 'none', trust: [], idleSeconds: 75, lameDuckMs: 5000, graceMs: 20_000 }],
  [{ LISTEN: '8081' }, { addresses: [{ host: '127.0.0.1', port: 8081 }] }],
  [
    { LISTEN: '[::1]:80, example.org:8080' },
    {
      addresses: [
        { host: '::1', port: 80 },
        { host: 'example.org', port: 8080 },
      ],
    },
  ],
  [{ LISTEN: 'unix:/run/a.sock' }, { addresses: [{ path: '/run/a.sock', mode: 0o660 }] }],
  [
    { FRONT: 'x-forwarded', TRUST: 'unix 10.0.0.0/8' },
    { front: 'x-forwarded', trust: ['unix', '10.0.0.0/8'] },
  ],
  [
    { LAME_DUCK_MS: '0', GRACE_MS: '1' },
    { lameDuckMs: 0, graceMs: 1 },
  ],
])('%j', (environment, settings) => {
  expect(settingsFrom(environment)).toMatchObject(settings);
});

test.each<NodeJS.ProcessEnv>([
  { LISTEN: 'x' },
  { LISTEN: '1.2.3.4:' },
  { LISTEN: '99999' },
  { LISTEN: '::1:80' },
  { FRONT: 'nginx' },
  { FRONT: 'x-forwarded' },
  { LAME_DUCK_MS: '5s' },
  { GRACE_MS: '-1' },
  { IDLE_SECONDS: 'x' },
])('%j is refused, by its name', environment => {
  const name = Object.keys(environment)[0] as string;
  expect(() => settingsFrom(environment)).toThrow(SettingsError);
  expect(() => settingsFrom(environment)).toThrow(name);
});

test('the program says in one line what is wrong, and ends with 1', async () => {
  await using program = Program.fromSource(join(example, 'src/server.ts'), { FRONT: 'x-forwarded' });
  expect(await program.end()).toBe(1);
  expect(program.output).toMatch(/^FRONT=x-forwarded needs TRUST: [^\n]*\n$/);
});
