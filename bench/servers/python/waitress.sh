#!/bin/sh
cd "$(dirname "$0")" || exit 1
exec setpriv --pdeathsig KILL /usr/bin/python3 -m waitress --listen="127.0.0.1:$PORT" --threads="$THREADS" \
  --connection-limit=1000 --channel-timeout=120 "$MODULE:application"
