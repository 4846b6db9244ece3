// Behind a real HAProxy, with a client that claims to be somebody else.

import { readFileSync } from 'node:fs';
import type { Environ } from '@fapws/core';
import { optional } from '@fapws/testing';
import { describe, expect, test } from 'vitest';
import type { ProxyHeader } from '../src/index.ts';
import { Front, found, freePorts, get, run } from './front.ts';
import { behind, claims, readme, received, throughProxy } from './origin.ts';

const haproxy = optional('HAProxy', found('haproxy', '-v'), 'apt-get install haproxy');
const openssl = optional('openssl', found('openssl', 'version'), 'apt-get install openssl');

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
      await using _front = await Front.haproxy(origin.folder, configuration, socketPath);
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
