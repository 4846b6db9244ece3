#!/bin/sh
# With its own HTTP/1.1 and without a router in front: uWSGI's fastest way to speak HTTP.
exec setpriv --pdeathsig KILL uwsgi --plugin python3 --chdir "$(dirname "$0")" --module "$MODULE:application" \
  --http11-socket "127.0.0.1:$PORT" --listen 1024 --buffer-size 16384 --socket-timeout 120 \
  --master --no-orphans --processes "$WORKERS" --enable-threads --threads "$THREADS" --thunder-lock \
  --need-app --disable-logging --log-master --logto /dev/null --die-on-term
