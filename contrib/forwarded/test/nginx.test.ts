// Behind a real nginx, with a client that claims to be somebody else.

import { existsSync } from 'node:fs';
import { optional } from '@fapws/testing';
import { describe, expect, test } from 'vitest';
import { type Folder, Front, found, freePorts, get } from './front.ts';
import { behind, claims, readme, throughProxy } from './origin.ts';

const nginx = optional('nginx', found('nginx', '-v'), 'apt-get install nginx-light');
const streamModule = '/usr/lib/nginx/modules/ngx_stream_module.so';
const stream =
  nginx &&
  optional('the stream module of nginx', existsSync(streamModule), 'apt-get install libnginx-mod-stream');

describe.runIf(nginx)('nginx', () => {
  const http = (folder: Folder, body: string): string => `
    events { }
    http {
      access_log off;
      client_body_temp_path ${folder.file('a')}; proxy_temp_path ${folder.file('b')}; fastcgi_temp_path ${folder.file('c')};
      uwsgi_temp_path ${folder.file('d')}; scgi_temp_path ${folder.file('e')};
      ${body}
    }`;

  test('as the README sets it up: what it says is believed, what the client says is not', async () => {
    await behind({ trust: ['loopback'] }, async origin => {
      const [port = 0] = await freePorts(1);
      const configuration = http(origin.folder, readme('nginx', port, origin.port));
      await using _front = await Front.nginx(origin.folder, configuration, port);
      const headers = { ...claims, Host: 'example.com:8000' };
      expect(await get({ port, localAddress: '127.0.0.2', headers })).toMatchObject({
        address: '127.0.0.2',
        scheme: 'http',
        host: 'example.com:8000',
        script: '',
        peer: { address: '127.0.0.1' },
        claims: { HTTP_X_FORWARDED_FOR: '127.0.0.2', HTTP_X_FORWARDED_PROTO: 'http' },
      });
    });
  });

  test('X-Forwarded-Host, -Port and -Prefix', async () => {
    const headers = [
      'X-Forwarded-For',
      'X-Forwarded-Host',
      'X-Forwarded-Port',
      'X-Forwarded-Prefix',
    ] as const;
    await behind({ trust: ['loopback'], headers }, async origin => {
      const [port = 0] = await freePorts(1);
      const configuration = http(
        origin.folder,
        `
        server {
          listen 127.0.0.1:${port};
          location /app/ {
            proxy_pass http://127.0.0.1:${origin.port}/;
            proxy_set_header X-Forwarded-For $remote_addr;
            proxy_set_header X-Forwarded-Host $host;
            proxy_set_header X-Forwarded-Port $server_port;
            proxy_set_header X-Forwarded-Prefix /app;
          }
        }`,
      );
      await using _front = await Front.nginx(origin.folder, configuration, port);
      const seen = await get({ port, path: '/app/', headers: { ...claims, Host: 'example.com:8000' } });
      expect(seen).toMatchObject({
        scheme: 'http',
        host: `example.com:${port}`,
        serverName: 'example.com',
        serverPort: String(port),
        script: '/app',
      });
    });
  });

  test('one that adds to X-Forwarded-For, over a unix socket', async () => {
    await behind({ trust: ['unix'], headers: ['X-Forwarded-For'] }, async origin => {
      const [port = 0] = await freePorts(1);
      const configuration = http(
        origin.folder,
        `
        server {
          listen 127.0.0.1:${port};
          location / {
            proxy_pass http://unix:${origin.path};
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
          }
        }`,
      );
      await using _front = await Front.nginx(origin.folder, configuration, port);
      const seen = await get({ port, localAddress: '127.0.0.2', headers: claims });
      expect(seen).toMatchObject({
        address: '127.0.0.2',
        scheme: 'http',
        claims: { HTTP_X_FORWARDED_FOR: '10.0.0.1, 127.0.0.2' },
      });
    });
  });

  test('two in a row, the second on a unix socket', async () => {
    const trust = ['unix', '127.0.0.1'];
    await behind({ trust, headers: ['X-Forwarded-For', 'X-Forwarded-Proto'] }, async origin => {
      const [port = 0] = await freePorts(1);
      const inner = origin.folder.file('inner.sock');
      const adding = 'proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;';
      const configuration = http(
        origin.folder,
        `
        server {
          listen 127.0.0.1:${port};
          location / { proxy_pass http://unix:${inner}; ${adding} proxy_set_header X-Forwarded-Proto https; }
        }
        server {
          listen unix:${inner};
          location / { proxy_pass http://unix:${origin.path}; ${adding} }
        }`,
      );
      await using _front = await Front.nginx(origin.folder, configuration, inner);
      const seen = await get({ port, localAddress: '127.0.0.2', headers: claims });
      // The second nginx has written "unix:" for the first one.
      expect(seen).toMatchObject({
        address: '127.0.0.2',
        scheme: 'https',
        claims: { HTTP_X_FORWARDED_FOR: '10.0.0.1, 127.0.0.2, unix:' },
      });
    });
  });

  test('Forwarded, added to what the client sent', async () => {
    await behind({ trust: ['127.0.0.1'], headers: ['Forwarded'] }, async origin => {
      const [port = 0] = await freePorts(1);
      const configuration = http(
        origin.folder,
        `
        server {
          listen 127.0.0.1:${port};
          location / {
            proxy_pass http://127.0.0.1:${origin.port};
            proxy_set_header Forwarded '$http_forwarded, for="$remote_addr:$remote_port";proto=$scheme;host="$http_host"';
          }
        }`,
      );
      await using _front = await Front.nginx(origin.folder, configuration, port);
      const ask = (Forwarded: string) =>
        get({ port, localAddress: '127.0.0.2', headers: { ...claims, Forwarded, Host: 'example.com:1' } });
      for (const own of [claims.Forwarded, '']) {
        expect(await ask(own)).toMatchObject({ address: '127.0.0.2', scheme: 'http', host: 'example.com:1' });
      }
      await expect(ask('for=_a;x="')).rejects.toThrow(/^400: /);
    });
  });

  test.runIf(stream)('the stream module with proxy_protocol on', async () => {
    await throughProxy({ trust: ['loopback', 'unix'] }, async origin => {
      const [port = 0, other = 0] = await freePorts(2);
      const configuration = `load_module ${streamModule}; events { } stream {
        server { listen 127.0.0.1:${port}; proxy_pass 127.0.0.1:${origin.port}; proxy_protocol on; }
        server { listen 127.0.0.1:${other}; proxy_pass unix:${origin.path}; proxy_protocol on; }
      }`;
      await using _front = await Front.nginx(origin.folder, configuration, other);
      for (const at of [port, other]) {
        expect(await get({ port: at, localAddress: '127.0.0.2', headers: claims })).toMatchObject({
          address: '127.0.0.2',
          serverName: '127.0.0.1',
          serverPort: String(at),
          preface: { version: 1, command: 'PROXY', family: 'TCP4' },
        });
      }
    });
  });
});
