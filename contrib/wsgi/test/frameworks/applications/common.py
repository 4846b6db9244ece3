"""What the applications of all frameworks have in common, so that one suite can ask any of them."""

import hashlib
import tempfile
import threading
import time

# Names of the results that were closed.
closed = []

# Events go out one by one, each when the test says so.
_next = threading.Semaphore(0)

# Whoever gets here waits until three are here: only requests that are worked on at the same time get through.
_meeting = threading.Barrier(3)

# For those that wait in the middle of a request, and a word of who is there.
_resting = threading.Event()


def events():
    try:
        number = 0
        while True:
            number += 1
            yield b"data: %d\n\n" % number
            if not _next.acquire(timeout=20):
                raise TimeoutError("Nobody asked for the next event.")
    finally:
        closed.append("events")


def advance():
    _next.release()


def idle():
    """A stream that has nothing to say, and looks from time to time whether anybody would hear it: an empty block does that."""
    try:
        yield b": begun\n\n"
        while True:
            time.sleep(0.02)
            yield b""
    finally:
        closed.append("idle")


def endless():
    try:
        while True:
            yield b"x" * 65536
    finally:
        closed.append("endless")


def meet():
    _meeting.wait(timeout=20)


def rest(errors):
    errors.write("resting\n")
    errors.flush()
    _resting.wait(timeout=20)
    _resting.clear()


def wake():
    _resting.set()


def file_of(size):
    """A real file of so many octets."""
    file = tempfile.TemporaryFile()
    file.truncate(size)
    return file


def digest(file):
    """How many octets a file has, and their digest, without having them in memory."""
    size = 0
    hashed = hashlib.md5()
    while block := file.read(65536):
        size += len(block)
        hashed.update(block)
    return [size, hashed.hexdigest()]


def fail():
    raise ValueError("on purpose")
