"""Ways in which an application comes to nothing."""

import itertools
import os
import threading


def loop():
    while True:
        pass


def deadlock():
    first = threading.Lock()
    second = threading.Lock()
    both_have_one = threading.Barrier(2)

    def take(one, other):
        with one:
            both_have_one.wait()
            with other:
                pass

    thread = threading.Thread(target=take, args=(second, first), name="the other one", daemon=True)
    thread.start()
    take(first, second)


def hold_interpreter():
    # A loop in C that has no end and never lets another thread run.
    sum(itertools.repeat(0))


def application(environ, start_response):
    environ["wsgi.errors"].write("begun\n")
    if environ["PATH_INFO"] != "/ping":
        {"/loop": loop, "/deadlock": deadlock, "/hold": hold_interpreter}[environ["PATH_INFO"]]()
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"%d" % os.getpid()]
