// Scripts as people have them: PHP by php-cgi, Perl and Python.

import { installed } from '@fapws/testing';
import { describe, expect, test } from 'vitest';
import { BOUND, CgiServer, Scripts } from './scripts.ts';

const signal = () => AbortSignal.timeout(BOUND);

describe.runIf(installed('php-cgi'))('PHP', () => {
  const interpreters = { '.php': 'php-cgi' };

  test('sees the request, and answers with status, headers and cookies', async () => {
    using scripts = new Scripts();
    scripts.write(
      'form.php',
      `<?php
      http_response_code(201);
      setcookie('seen', 'yes');
      header('X-From: PHP');
      header('Content-Type: application/json');
      echo json_encode([$_SERVER['REQUEST_METHOD'], $_SERVER['PATH_INFO'], $_SERVER['SCRIPT_NAME'], $_GET, $_POST, $_COOKIE, PHP_SAPI]);
      `,
      0o644,
    );
    await using server = new CgiServer(scripts, { interpreters });
    const response = await fetch(await server.url('/form.php/more?a=1&b[]=2'), {
      method: 'POST',
      body: new URLSearchParams({ name: 'Grüße', 'list[]': 'x' }),
      headers: { Cookie: 'old=1' },
      signal: signal(),
    });
    expect([response.status, response.headers.get('x-from'), response.headers.get('set-cookie')]).toEqual([
      201,
      'PHP',
      'seen=yes',
    ]);
    expect(await response.json()).toEqual([
      'POST',
      '/more',
      '/cgi-bin/form.php',
      { a: '1', b: ['2'] },
      { name: 'Grüße', list: ['x'] },
      { old: '1' },
      'cgi-fcgi',
    ]);
  });

  test('takes files that are uploaded, with a length and without', async () => {
    using scripts = new Scripts();
    scripts.write(
      'upload.php',
      "<?php header('Content-Type: text/plain'); echo md5_file($_FILES['file']['tmp_name']), ' ', $_FILES['file']['size'];",
      0o644,
    );
    await using server = new CgiServer(scripts, { interpreters });
    const form = new FormData();
    form.set('file', new Blob([Buffer.alloc(1_000_000, 'x')]), 'x.bin');
    const expected = 'fbb6fd76d9fffd96a0b4a4be49baa03a 1000000';
    const whole = new Request(await server.url('/upload.php'), { method: 'POST', body: form });
    const type = whole.headers.get('content-type') as string;
    const body = Buffer.from(await whole.arrayBuffer());
    const known = await fetch(whole.url, {
      method: 'POST',
      body,
      headers: { 'Content-Type': type },
      signal: signal(),
    });
    expect((await known.text()).slice(33)).toBe(expected.slice(33));
    const stream = new Blob([body]).stream();
    const options = {
      method: 'POST',
      body: stream,
      duplex: 'half',
      headers: { 'Content-Type': type },
      signal: signal(),
    };
    const unknown = await fetch(whole.url, options as unknown as RequestInit);
    expect((await unknown.text()).slice(33), server.log.text).toBe(expected.slice(33));
  });

  test('redirects, fails and is never shown as source', async () => {
    using scripts = new Scripts();
    scripts.write('away.php', "<?php header('Location: https://example.org/');", 0o644);
    scripts.write(
      'fatal.php',
      '<?php ini_set("display_errors", "0"); ini_set("log_errors", "1"); no_such_function();',
      0o644,
    );
    await using server = new CgiServer(scripts, { interpreters });
    const away = await fetch(await server.url('/away.php'), { redirect: 'manual', signal: signal() });
    expect([away.status, away.headers.get('location')]).toEqual([302, 'https://example.org/']);
    const fatal = await fetch(await server.url('/fatal.php'), { signal: signal() });
    expect(fatal.status).toBe(500);
    expect(server.log.text).toContain('undefined function no_such_function');
    // CVE-2012-1823, CVE-2024-4577: -s would show it.
    for (const query of ['-s', '%ADs', '-h', '--help']) {
      const answer = await fetch(await server.url(`/away.php?${query}`), {
        redirect: 'manual',
        signal: signal(),
      });
      expect([answer.status, await answer.text()]).toEqual([302, '']);
    }
  });
});

describe.runIf(installed('perl'))('Perl', () => {
  test('counts what it is sent', async () => {
    using scripts = new Scripts();
    scripts.write(
      'count.pl',
      String.raw`#!/usr/bin/env perl
use strict; use warnings;
binmode STDIN;
read(STDIN, my $content, $ENV{CONTENT_LENGTH});
print "Content-Type: text/plain\r\n\r\n", length($content), " ", unpack("%32C*", $content), "\n";
`,
    );
    await using server = new CgiServer(scripts);
    const body = Buffer.from(Array.from({ length: 100_000 }, (_, at) => at % 256));
    const response = await fetch(await server.url('/count.pl'), { method: 'POST', body, signal: signal() });
    expect(await response.text()).toBe(`100000 ${body.reduce((sum, octet) => sum + octet, 0)}\n`);
  });
});

describe.runIf(installed('python3'))('Python', () => {
  test('runs a WSGI application by the standard library’s CGI handler', async () => {
    using scripts = new Scripts();
    scripts.write(
      'app.py',
      `#!/usr/bin/env python3
from wsgiref.handlers import CGIHandler

def app(environ, start_response):
    content = environ['wsgi.input'].read(int(environ.get('CONTENT_LENGTH') or 0))
    start_response('202 Accepted', [('Content-Type', 'text/plain; charset=utf-8')])
    yield f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']} {environ['wsgi.url_scheme']} ".encode()
    yield content.upper()

CGIHandler().run(app)
`,
    );
    await using server = new CgiServer(scripts);
    const response = await fetch(await server.url('/app.py/a/b'), {
      method: 'POST',
      body: 'hello',
      signal: signal(),
    });
    expect([response.status, await response.text()]).toEqual([202, 'POST /a/b http HELLO']);
  });
});
