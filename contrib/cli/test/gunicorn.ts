// The flags of gunicorn 26.1, from its table of settings.

export const gunicornFlags: readonly string[] = `
-c --config -b --bind --backlog -w --workers -k --worker-class --threads --worker-connections --max-requests
--max-requests-jitter -t --timeout --graceful-timeout --keep-alive --limit-request-line --limit-request-fields
--limit-request-field_size --reload --reload-engine --reload-extra-file --spew --check-config --print-config --preload
--no-sendfile --reuse-port --chdir -D --daemon -e --env -p --pid --worker-tmp-dir -u --user -g --group -m --umask --initgroups
--forwarded-allow-ips --access-logfile --disable-redirect-access-to-syslog --access-logformat --error-logfile --log-file
--log-level --capture-output --logger-class --log-config --log-config-json --log-syslog-to --log-syslog --log-syslog-prefix
--log-syslog-facility -R --enable-stdio-inheritance --statsd-host --dogstatsd-tags --statsd-prefix --enable-backlog-metric
-n --name --pythonpath --paste --paster --proxy-protocol --proxy-allow-from --protocol --uwsgi-allow-from --keyfile --certfile
--ssl-version --cert-reqs --ca-certs --suppress-ragged-eofs --do-handshake-on-connect --ciphers --http-protocols
--http2-cleartext --http2-max-concurrent-streams --http2-initial-window-size --http2-max-frame-size
--http2-max-header-list-size --paste-global --permit-obsolete-folding --strip-header-spaces --permit-unconventional-http-method
--permit-unconventional-http-version --casefold-http-method --forwarder-headers --header-map
`
  .trim()
  .split(/\s+/);
