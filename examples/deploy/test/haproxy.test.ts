// The example behind HAProxy, with the files that the guide shows.

import { installed } from '@fapws/testing';
import { describe, expect, test } from 'vitest';
import { ask, whoAmI } from './client.ts';
import { httpFrontSuite, passingSuite } from './front.suite.ts';
import { proxyProtocolSuite } from './proxy-protocol.suite.ts';
import { type Restart, restartSuite } from './restart.suite.ts';
import { certificate, type Front, Site } from './site.ts';

const haproxy: Front = {
  name: 'HAProxy',
  files: ['haproxy/haproxy.cfg'],
  command: 'haproxy',
  args: file => ['-f', file],
  environment: { FRONT: 'x-forwarded', TRUST: '127.0.0.1' },
};

const proxyProtocol: Front = {
  ...haproxy,
  name: 'HAProxy with the PROXY protocol',
  files: ['haproxy/proxy-protocol.cfg'],
  environment: { FRONT: 'proxy-protocol', TRUST: '127.0.0.1' },
};

/** HAProxy's checks find an instance that is back. */
const restart: Restart = {
  lameDuckMs: 3000,
  found: (site, name, times) => site.front.prints(new RegExp(`Server fapws/${name} is UP`), times),
};

describe.runIf(installed('haproxy'))('HAProxy', { timeout: 60_000 }, () => {
  passingSuite(haproxy);
  httpFrontSuite(haproxy);
  restartSuite(haproxy, restart);

  test('gives nothing more to an instance that is about to stop, which serves all the same', async () => {
    await using site = await Site.start(haproxy, { environment: { LAME_DUCK_MS: '20000' } });
    void site.instance('one').end('SIGTERM');
    await site.front.prints(/Server fapws\/one is DOWN, reason: Layer7 wrong status, code: 503/);
    for (let request = 0; request < 20; request += 1) {
      expect((await whoAmI(site.origin)).instance).toBe('two');
    }
    const direct = `http://127.0.0.1:${site.ports.one}`;
    expect((await whoAmI(direct)).instance).toBe('one');
    expect(await ask(`${direct}/health`)).toMatchObject({ status: 503, text: 'stopping\n' });
    expect(await ask(`${direct}/alive`)).toMatchObject({ status: 200 });
  });

  test.runIf(installed('openssl'))('tells that the client came by https', async () => {
    await using site = await Site.start(haproxy, {
      scheme: 'https',
      replacements: { 'haproxy/haproxy.cfg': { 'bind :8000': `bind :8000 ssl crt ${certificate().both}` } },
    });
    expect(await whoAmI(site.origin)).toMatchObject({ scheme: 'https', host: new URL(site.origin).host });
  });
});

describe.runIf(installed('haproxy'))(proxyProtocol.name, { timeout: 60_000 }, () => {
  passingSuite(proxyProtocol);
  proxyProtocolSuite(proxyProtocol);
  proxyProtocolSuite(proxyProtocol, {
    version: 1,
    replacements: { 'haproxy/proxy-protocol.cfg': { 'send-proxy-v2': 'send-proxy' } },
  });
  restartSuite(proxyProtocol, restart);

  test.runIf(installed('openssl'))('tells that the client came by https', async () => {
    await using site = await Site.start(proxyProtocol, {
      scheme: 'https',
      replacements: {
        'haproxy/proxy-protocol.cfg': {
          'bind :8000': `bind :8000 ssl crt ${certificate().both}`,
          'send-proxy-v2': 'send-proxy-v2-ssl',
        },
      },
    });
    expect(await whoAmI(site.origin)).toMatchObject({ scheme: 'https', host: new URL(site.origin).host });
  });
});
