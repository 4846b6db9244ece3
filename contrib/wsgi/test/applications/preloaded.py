"""Tells how it came to be where it is. Its memory is large on request."""

import json
import os
import sys
import threading

loaded_in = os.getpid()
print("loaded", flush=True)

# Pages that nobody writes to, so that forks share them.
ballast = os.urandom(1 << 20) * int(os.environ.get("MEBIBYTES", "0"))

if os.environ.get("THREADS"):
    threading.Thread(target=threading.Event().wait, name="a poller", daemon=True).start()


def application(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/leave":
        print("the last words", file=sys.stderr, flush=True)
        os._exit(7)
    if path == "/say":
        print("said by %d" % os.getpid())
    start_response("200 OK", [("Content-Type", "application/json")])
    return [
        json.dumps(
            {
                "pid": os.getpid(),
                "parent": os.getppid(),
                "loaded_in": loaded_in,
                "environment": os.environ.get("GREETING"),
                "threads": sorted(thread.name for thread in threading.enumerate()),
            }
        ).encode()
    ]
