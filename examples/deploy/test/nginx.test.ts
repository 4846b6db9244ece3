// The example behind nginx, with the files that the guide shows.

import { existsSync } from 'node:fs';
import { installed, optional } from '@fapws/testing';
import { describe, expect, test } from 'vitest';
import { whoAmI } from './client.ts';
import { httpFrontSuite, passingSuite } from './front.suite.ts';
import { proxyProtocolSuite } from './proxy-protocol.suite.ts';
import { type Restart, restartSuite } from './restart.suite.ts';
import { certificate, type Front, Site } from './site.ts';

const nginx: Front = {
  name: 'nginx',
  files: ['nginx/nginx.conf', 'nginx/site.conf'],
  command: 'nginx',
  args: (file, folder) => ['-p', folder, '-c', file],
  environment: { FRONT: 'x-forwarded', TRUST: '127.0.0.1' },
};

const stream: Front = {
  ...nginx,
  name: 'nginx with its stream module',
  files: ['nginx/stream.conf'],
  environment: { FRONT: 'proxy-protocol', TRUST: '127.0.0.1' },
};

/** nginx asks an instance that is back two seconds later at the latest: before the next one stops. */
const restart: Restart = { lameDuckMs: 3000, found: async () => {} };

describe.runIf(installed('nginx'))('nginx', { timeout: 60_000 }, () => {
  passingSuite(nginx);
  httpFrontSuite(nginx);
  restartSuite(nginx, restart);

  test.runIf(installed('openssl'))('tells that the client came by https', async () => {
    const files = certificate();
    await using site = await Site.start(nginx, {
      scheme: 'https',
      replacements: {
        'nginx/site.conf': {
          'listen 8000;': `listen 8000 ssl; ssl_certificate ${files.certificate}; ssl_certificate_key ${files.key};`,
        },
      },
    });
    expect(await whoAmI(site.origin)).toMatchObject({ scheme: 'https', host: new URL(site.origin).host });
  });
});

const streamModule = '/usr/lib/nginx/modules/ngx_stream_module.so';

describe.runIf(
  installed('nginx') &&
    optional(streamModule, existsSync(streamModule), 'apt-get install libnginx-mod-stream'),
)(stream.name, { timeout: 60_000 }, () => {
  passingSuite(stream);
  proxyProtocolSuite(stream);
});
