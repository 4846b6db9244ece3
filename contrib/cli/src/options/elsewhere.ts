// Flags that people bring along from gunicorn, uWSGI and others, and what there is in their place: better than to be told
// that there is no such flag.

const tls = 'TLS is left to a proxy in front; docs/deploy.md has nginx and HAProxy.';
const service = 'Let a service manager do that: contrib/systemd has the units.';
const standardError = 'Errors go to standard error, for whoever starts the process to keep.';
const watching = 'There is no such thing; docs/observing.md says what can be watched.';
const module = 'Write a module that makes the application, and name it: fapws wsgi module:application.';
const protocol = 'HTTP is what is spoken here; let nginx use proxy_pass in place of uwsgi_pass.';
const http2 = 'HTTP/2 is left to a proxy in front.';
const strict = 'Leave it out: nothing loosens the rules of HTTP; docs/http-rules.md has them.';
const always = 'Leave it out: that is so always.';

/** By flag, without dashes. Each is a sentence that says what to do. */
const hints: Readonly<Record<string, string>> = {
  // gunicorn
  k: 'There is one kind of worker; use --threads for requests at the same time.',
  'worker-class': 'There is one kind of worker; use --threads for requests at the same time.',
  'worker-connections': 'Connections cost little here; bound them with --http-limit connections=1000.',
  'worker-tmp-dir': 'Leave it out: workers are watched without files.',
  'limit-request-line': 'Write --http-limit requestLine=8192.',
  'limit-request-fields': 'Write --http-limit fields=100.',
  'limit-request-field_size': 'Write --http-limit field=8192.',
  'reload-engine': 'Leave it out: files are looked at when a request comes.',
  'no-sendfile': 'Leave it out: there is nothing to switch off.',
  initgroups: 'Leave it out: the processes have one group, that of --group or of the user.',
  D: service,
  daemon: service,
  'error-logfile': standardError,
  'log-file': standardError,
  'log-level': standardError,
  'capture-output': always,
  'log-config': standardError,
  'logger-class': standardError,
  'log-syslog': `${standardError} systemd-cat and logger(1) bring it to syslog.`,
  'log-syslog-to': `${standardError} systemd-cat and logger(1) bring it to syslog.`,
  R: always,
  'enable-stdio-inheritance': always,
  'statsd-host': watching,
  paste: module,
  paster: module,
  'log-config-json': standardError,
  'log-syslog-prefix': standardError,
  'log-syslog-facility': standardError,
  'disable-redirect-access-to-syslog': 'Leave it out: there is no syslog.',
  'statsd-prefix': watching,
  'dogstatsd-tags': watching,
  'enable-backlog-metric': watching,
  'paste-global': module,
  'uwsgi-allow-from': protocol,
  'cert-reqs': tls,
  'suppress-ragged-eofs': tls,
  'do-handshake-on-connect': tls,
  'http-protocols': http2,
  'http2-cleartext': http2,
  'http2-max-concurrent-streams': http2,
  'http2-initial-window-size': http2,
  'http2-max-frame-size': http2,
  'http2-max-header-list-size': http2,
  'permit-obsolete-folding': strict,
  'strip-header-spaces': strict,
  'permit-unconventional-http-method': strict,
  'permit-unconventional-http-version': strict,
  'casefold-http-method': strict,
  'header-map': 'Leave it out: names with underscores do not become variables.',
  spew: 'Python has it: python3 -m trace.',
  certfile: tls,
  keyfile: tls,
  'ca-certs': tls,
  'ssl-version': tls,
  ciphers: tls,
  protocol,
  'forwarder-headers': 'Write --forwarded-header for each header that the proxy sets.',
  // uWSGI
  http: 'Write --bind HOST:PORT.',
  'http-socket': 'Write --bind HOST:PORT.',
  'http11-socket': 'Write --bind HOST:PORT.',
  socket: 'Write --bind unix:PATH, and let nginx use proxy_pass in place of uwsgi_pass.',
  'uwsgi-socket': 'Write --bind unix:PATH, and let nginx use proxy_pass in place of uwsgi_pass.',
  s: 'Write --bind unix:PATH, and let nginx use proxy_pass in place of uwsgi_pass.',
  module: 'Name it as fapws wsgi MODULE:ATTRIBUTE.',
  'wsgi-file': 'Name its module: fapws wsgi MODULE:ATTRIBUTE, with --chdir for its folder.',
  callable: 'Name it behind the module: fapws wsgi MODULE:ATTRIBUTE.',
  master: always,
  M: always,
  processes: 'Write --workers.',
  cheaper: 'Write --workers 2-8: at least two processes, at most eight.',
  'enable-threads': always,
  'single-interpreter': always,
  'need-app': always,
  'die-on-term': always,
  vacuum: always,
  'thunder-lock': always,
  'lazy-apps': 'Leave it out: each process loads the application, unless --preload is given.',
  lazy: 'Leave it out: each process loads the application, unless --preload is given.',
  harakiri: 'Write --timeout.',
  'max-worker-lifetime': 'Write --max-lifetime.',
  'reload-on-rss': 'Write --max-memory 300M.',
  'evil-reload-on-rss': 'Write --max-memory 300M.',
  'worker-reload-mercy': 'Write --graceful-timeout.',
  'reload-mercy': 'Write --graceful-timeout.',
  listen: 'Write --backlog.',
  l: 'Write --backlog.',
  'static-map': 'Write --static /path=folder.',
  'check-static': 'Write --static /path=folder.',
  'http-keepalive': always,
  'http-timeout-keepalive': 'Write --keep-alive.',
  'buffer-size': 'Write --http-limit head=16K.',
  'limit-post': 'Write --http-limit content=16M.',
  'post-buffering': 'Leave it out: large uploads are kept on the disk until a worker reads them.',
  logto: standardError,
  daemonize: service,
  'disable-logging': 'Leave it out: there is no access log unless --log asks for it.',
  'log-format': 'Write --log with a format of Apache.',
  'py-autoreload': 'Write --reload.',
  'touch-reload': 'Send SIGHUP to the process of --pid-file.',
  'chmod-socket': 'Write --socket-mode 660.',
  home: 'Write --venv.',
  H: 'Write --venv.',
  'manage-script-name': 'Write --prefix.',
  stats: watching,
  ini: 'Write --config: docs/from-gunicorn-and-uwsgi.md has the names.',
  emperor: service,
  // everybody's
  'env-file': 'Write --dotenv: node takes --env-file for itself wherever it stands.',
  host: 'Write --bind HOST:PORT.',
  port: 'Write --bind HOST:PORT.',
  P: 'Write --bind HOST:PORT.',
  watch: 'Write --reload.',
};

/** What to do in place of a flag of others; none if it is nobody's. @param flag without dashes */
export function hintFor(flag: string): string | undefined {
  return Object.hasOwn(hints, flag) ? hints[flag] : undefined;
}

/** The flags that are known so, for the test that none of them has become one of ours. */
export const foreignFlags: readonly string[] = Object.keys(hints);
