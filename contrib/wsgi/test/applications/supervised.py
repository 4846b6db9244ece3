"""What has to be watched: /name?argument does it, then answers the process's id."""

import os
import signal
import time

import stuck

kept = []
marks = None


def sleep(argument):
    time.sleep(float(argument))


def leave(argument):
    """Ends the process after so many seconds, without a word."""
    time.sleep(float(argument))
    os._exit(3)


def take(argument):
    """Takes so many octets, and keeps them."""
    kept.append(b"x" * int(argument))


def hog(argument):
    """Takes memory without end, a megabyte at a time."""
    while True:
        kept.append(b"x" * 1_000_000)
        time.sleep(0.005)


def fault(argument):
    os.kill(os.getpid(), getattr(signal, argument))


def mark(argument):
    """Writes what it was given, and nothing else, to the file that the environment names."""
    global marks
    if marks is None:
        marks = os.open(os.environ["MARKS"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(marks, argument.encode() + b"\n")


def loop(argument):
    stuck.loop()


def deadlock(argument):
    stuck.deadlock()


def hold(argument):
    stuck.hold_interpreter()


def application(environ, start_response):
    name = environ["PATH_INFO"].strip("/")
    if name == "stream":
        start_response("200 OK", [("Content-Type", "text/plain")])
        return stream(float(environ["QUERY_STRING"]))
    if name == "multiprocess":
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [str(environ["wsgi.multiprocess"]).encode()]
    if name != "pid":
        if name != "mark":
            print(name, "begins", file=environ["wsgi.errors"])
        globals()[name](environ["QUERY_STRING"])
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"%d" % os.getpid()]


def stream(pause):
    """Five pieces, with a pause before each."""
    for number in range(5):
        time.sleep(pause)
        yield b"%d" % number

