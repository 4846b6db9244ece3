#!/bin/sh
# CLASS: sync closes its connections after each answer; gthread keeps them alive.
exec setpriv --pdeathsig KILL gunicorn --chdir "$(dirname "$0")" --bind "127.0.0.1:$PORT" \
  --worker-class "$CLASS" --workers "$WORKERS" --threads "$THREADS" --keep-alive 120 --timeout 120 \
  --log-level critical "$MODULE:application"
