// Behind real nginx and HAProxy, with a client that claims to be somebody else.

import { existsSync, readFileSync } from 'node:fs';
import {
  type Application,
  type Environ,
  type Middleware,
  type Server,
  type ServerOptions,
  start,
} from '@fapws/core';
import { optional } from '@fapws/testing';
import { describe, expect, test } from 'vitest';
import { type ForwardedOptions, forwarded, type ProxyHeader, proxyProtocol } from '../src/index.ts';
import { Folder, Front, found, freePorts, get, run } from './front.ts';
import { seenIn } from './seen.ts';

const nginx = optional('nginx', found('nginx', '-v'), 'apt-get install nginx-light');
const haproxy = optional('HAProxy', found('haproxy', '-v'), 'apt-get install haproxy');
const openssl = optional('openssl', found('openssl', 'version'), 'apt-get install openssl');
const streamModule = '/usr/lib/nginx/modules/ngx_stream_module.so';
const stream =
  nginx &&
  optional('the stream module of nginx', existsSync(streamModule), 'apt-get install libnginx-mod-stream');

/** What a client sends to be taken for somebody else. */
const claims = {
  Forwarded: 'for=127.0.0.1;proto=https;host=evil.example',
  'X-Forwarded-For': '10.0.0.1',
  'X-Forwarded-Proto': 'https',
  'X-Forwarded-Host': 'evil.example',
  'X-Forwarded-Port': '1',
  'X-Forwarded-Prefix': '/evil',
  'X-Real-IP': '10.0.0.1',
};

/** Environs that the application got. */
const received: Environ[] = [];

const tell: Application = (environ, startResponse) => {
  received.push(environ);
  startResponse('200 OK', [['Content-Type', 'application/json']]);
  return JSON.stringify({ ...seenIn(environ), preface: environ['fapws.preface'] });
};

interface Origin {
  readonly folder: Folder;
  readonly server: Server;
  readonly port: number;
  readonly path: string;
}

/** A server on a TCP port and on a unix socket. */
async function serving(
  middleware: Middleware,
  options: ServerOptions,
  use: (origin: Origin) => Promise<void>,
): Promise<void> {
  using folder = new Folder();
  const path = folder.file('origin.sock');
  const server = start(
    [
      { host: '127.0.0.1', port: 0 },
      { path, mode: 0o666 },
    ],
    options,
  );
  server.mount('/', middleware(tell));
  await server.listen();
  try {
    await use({ folder, server, path, port: Number(new URL(server.url).port) });
  } finally {
    await server.stop({ graceMs: 1000 });
  }
}

/** A configuration of the README, its addresses replaced by those of the test. */
function readme(heading: string, port: number, origin: number): string {
  const text = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const [, configuration] = text.split(`### ${heading}\n`)[1]?.split(/```\w*\n/) ?? [];
  if (configuration === undefined) throw new Error(`the README has no configuration for ${heading}`);
  return configuration
    .replace(/listen 80\b/, `listen 127.0.0.1:${port}`)
    .replace(/bind :80\b/, `bind 127.0.0.1:${port}`)
    .replaceAll('127.0.0.1:8080', `127.0.0.1:${origin}`);
}

const behind = (options: ForwardedOptions, use: (origin: Origin) => Promise<void>): Promise<void> =>
  serving(forwarded(options), {}, use);

const throughProxy = (
  options: Parameters<typeof proxyProtocol>[0],
  use: (origin: Origin) => Promise<void>,
): Promise<void> => serving(application => application, { preface: proxyProtocol(options) }, use);

const unchanged = { address: '127.0.0.1', scheme: 'http' };

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
        ...unchanged,
        address: '127.0.0.2',
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
      await using _front = await Front.nginx(origin.folder, configuration, port);
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

describe.runIf(haproxy)('HAProxy', () => {
  const defaults = `
    global
      maxconn 100
    defaults
      timeout connect 5s
      timeout client 5s
      timeout server 5s
  `;

  test('as the README sets it up, over HTTP', async () => {
    await behind({ trust: ['127.0.0.1'] }, async origin => {
      const [port = 0] = await freePorts(1);
      const configuration = defaults + readme('HAProxy, over HTTP', port, origin.port);
      await using _front = await Front.haproxy(origin.folder, configuration, port);
      // It adds a line of its own behind that of the client.
      expect(
        await get({ port, localAddress: '127.0.0.2', headers: { ...claims, Host: 'example.com' } }),
      ).toMatchObject({
        address: '127.0.0.2',
        scheme: 'http',
        host: 'example.com',
        claims: { HTTP_X_FORWARDED_FOR: '10.0.0.1, 127.0.0.2', HTTP_X_FORWARDED_PROTO: 'http' },
      });
    });
  });

  test('as the README sets it up, passing connections on', async () => {
    await throughProxy({ trust: ['loopback'] }, async origin => {
      const [port = 0] = await freePorts(1);
      const configuration = defaults + readme('HAProxy, passing connections on', port, origin.port);
      await using _front = await Front.haproxy(origin.folder, configuration, port);
      expect(await get({ port, localAddress: '127.0.0.2' })).toMatchObject({
        address: '127.0.0.2',
        serverPort: String(port),
        preface: { version: 2, command: 'PROXY' },
      });
    });
  });

  test.each([
    ['send-proxy', 1],
    ['send-proxy-v2', 2],
    ['send-proxy-v2 proxy-v2-options crc32c,unique-id,authority', 2],
  ])('%s, over TCP and a unix socket', async (option, version) => {
    await throughProxy({ trust: ['loopback', 'unix'] }, async origin => {
      const [port = 0, other = 0] = await freePorts(2);
      const configuration = `${defaults}
        listen tcp
          mode tcp
          bind 127.0.0.1:${port}
          server one 127.0.0.1:${origin.port} ${option}
        listen unix
          mode http
          bind 127.0.0.1:${other}
          unique-id-format %ci-%cp
          server one unix@${origin.path} ${option}
      `;
      await using _front = await Front.haproxy(origin.folder, configuration, other);
      for (const at of [port, other]) {
        expect(await get({ port: at, localAddress: '127.0.0.2', headers: claims })).toMatchObject({
          address: '127.0.0.2',
          serverName: '127.0.0.1',
          serverPort: String(at),
          scheme: 'http',
          preface: { version, command: 'PROXY', family: 'TCP4', source: { address: '127.0.0.2' } },
        });
      }
      if (!option.includes('crc32c')) return;
      const header = received.at(-1)?.['fapws.preface'] as ProxyHeader;
      expect(header.tlvs.map(({ type }) => type)).toContain(0x03);
      expect(Buffer.from(header.uniqueId ?? []).toString()).toMatch(/^127\.0\.0\.2-\d+$/);
    });
  });

  test('addresses that it was told to send, IPv6 among them', async () => {
    await throughProxy({ trust: ['loopback'] }, async origin => {
      const [port = 0, other = 0] = await freePorts(2);
      const configuration = `${defaults}
        listen v1
          mode tcp
          bind 127.0.0.1:${port}
          tcp-request connection set-src ipv6(2001:db8::7)
          tcp-request connection set-dst ipv6(2001:db8::1)
          server one 127.0.0.1:${origin.port} send-proxy
        listen v2
          mode tcp
          bind 127.0.0.1:${other}
          tcp-request connection set-src ipv6(2001:db8::7)
          tcp-request connection set-dst ipv6(2001:db8::1)
          tcp-request connection set-dst-port int(4443)
          server one 127.0.0.1:${origin.port} send-proxy-v2
      `.replace(/ipv6\(([^)]*)\)/g, 'str($1)');
      await using _front = await Front.haproxy(origin.folder, configuration, other);
      for (const at of [port, other]) {
        expect(await get({ port: at })).toMatchObject({
          address: '2001:db8::7',
          serverName: '2001:db8::1',
          preface: { family: 'TCP6' },
        });
      }
      expect(await get({ port: other })).toMatchObject({ serverPort: '4443' });
    });
  });

  test('a client on a unix socket of its own', async () => {
    await throughProxy({ trust: ['loopback'] }, async origin => {
      const [port = 0] = await freePorts(1);
      const socketPath = origin.folder.file('front.sock');
      const configuration = `${defaults}
        listen unix
          mode tcp
          bind 127.0.0.1:${port}
          bind unix@${socketPath}
          server one 127.0.0.1:${origin.port} send-proxy-v2
      `;
      await using _front = await Front.haproxy(origin.folder, configuration, port);
      // HAProxy does not tell of them: to it they are connections of its own, and have its own address here.
      expect(await get({ socketPath })).toMatchObject({
        address: '127.0.0.1',
        preface: { command: 'LOCAL' },
      });
      expect(await get({ port, localAddress: '127.0.0.2' })).toMatchObject({ address: '127.0.0.2' });
    });
  });

  test.each([
    ['send-proxy', { version: 1, command: 'PROXY', family: 'TCP4', source: { address: '127.0.0.1' } }],
    ['send-proxy-v2', { version: 2, command: 'LOCAL', family: 'UNSPEC' }],
  ])('its health checks with %s are its own', async (option, header) => {
    received.length = 0;
    await throughProxy({ trust: ['loopback'] }, async origin => {
      const [port = 0] = await freePorts(1);
      const configuration = `${defaults}
        listen checked
          mode http
          bind 127.0.0.1:${port}
          option httpchk GET /
          http-check send hdr Host health
          server one 127.0.0.1:${origin.port} ${option} check check-send-proxy inter 100ms
      `;
      await using _front = await Front.haproxy(origin.folder, configuration, port);
      const checked = (): Environ | undefined => received.find(environ => environ.HTTP_HOST === 'health');
      for (const end = Date.now() + 10_000; checked() === undefined && Date.now() < end; ) {
        expect(await get({ port, localAddress: '127.0.0.2' })).toMatchObject({ address: '127.0.0.2' });
      }
      expect(checked()).toMatchObject({ REMOTE_ADDR: '127.0.0.1', 'fapws.preface': header });
      // Still in service: the check was answered as HAProxy wants it.
      expect(await get({ port, localAddress: '127.0.0.2' })).toMatchObject({ address: '127.0.0.2' });
    });
  });

  test.runIf(openssl)('TLS that it ends, with a client certificate', async () => {
    await throughProxy({ trust: ['loopback'] }, async origin => {
      const { folder } = origin;
      for (const name of ['front', 'client']) {
        run('openssl', [
          ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', `/CN=${name}.example`],
          ...['-keyout', folder.file(`${name}.key`), '-out', folder.file(`${name}.crt`)],
        ]);
      }
      const read = (name: string): string => readFileSync(folder.file(name), 'utf8');
      const pem = folder.write('front.pem', read('front.crt') + read('front.key'));
      const [port = 0] = await freePorts(1);
      const configuration = `${defaults}
        listen tls
          mode tcp
          bind 127.0.0.1:${port} ssl crt ${pem} ca-file ${folder.file('client.crt')} verify optional alpn http/1.1
          server one 127.0.0.1:${origin.port} send-proxy-v2-ssl-cn proxy-v2-options authority,crc32c,ssl,cert-cn,ssl-cipher,cert-key,cert-sig
      `;
      await using _front = await Front.haproxy(folder, configuration, port);
      const options = { servername: 'front.example', ALPNProtocols: ['http/1.1'], minVersion: 'TLSv1.3' };
      const plain = { scheme: 'https', preface: { authority: 'front.example', alpn: 'http/1.1' } };
      expect(await get({ port, tls: options })).toMatchObject({
        ...plain,
        preface: {
          tls: {
            secure: true,
            verified: false,
            version: 'TLSv1.3',
            cipher: expect.stringMatching(/^TLS_/),
            key: 'RSA2048',
          },
        },
      });
      const certified = { ...options, cert: read('client.crt'), key: read('client.key') };
      expect(await get({ port, tls: certified })).toMatchObject({
        ...plain,
        preface: { tls: { verified: true, commonName: 'client.example', certificate: { connection: true } } },
      });
    });
  });
});
