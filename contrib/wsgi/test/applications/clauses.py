"""One application per clause of PEP 3333, found by the path: /A1 is A1(). What it has to say it answers, or writes to wsgi.errors."""

import io
import json
import os
import sys
import tempfile
import threading
import time

from answering import PLAIN, Result, Sized, fail, noticed, text
from starting import E1, E2, E2_after_failure, E3, E4, E4_late, E5, E6, E7


def application(environ, start_response):
    return globals()[environ["PATH_INFO"].strip("/") or "B"](environ, start_response)


def read_noticed(environ, start_response):
    return text(start_response, noticed.get(environ["QUERY_STRING"]))


def A1(*arguments, **keywords):
    environ, start_response = arguments
    return text(start_response, [len(arguments), len(keywords)])


def A1_other(environ, start_response, third):
    return text(start_response, "not to be")


def A1_counted(environ, start_response):
    noticed["A1_counted"] = noticed.get("A1_counted", 0) + 1
    return text(start_response, "counted")


def A2(environ, start_response):
    fresh = "left.over" not in environ
    environ["left.over"] = 1
    del environ["REQUEST_METHOD"]
    return text(start_response, [type(environ) is dict, fresh])


def A3(environ, start_response):
    write = start_response("200 OK", PLAIN, None)
    return [str(callable(write)).encode()]


def A3_arguments(environ, start_response):
    start_response("200 OK")


def A4(environ, start_response):
    yield b""
    start_response("200 OK", PLAIN)
    yield b"lazy"


def A4_late(environ, start_response):
    yield b"early"
    start_response("200 OK", PLAIN)


def A5(environ, start_response):
    start_response("200 OK", PLAIN)
    return Result("A5", b"a", b"b")


def A5_kind(environ, start_response):
    start_response("200 OK", PLAIN)
    return 5


def A6(environ, start_response):
    start_response("200 OK", PLAIN)
    return Sized("A6", b"only")


def A6_two(environ, start_response):
    start_response("200 OK", PLAIN)
    return Sized("A6_two", b"on", b"ly")


def A7(environ, start_response):
    start_response("200 OK", PLAIN)
    return Result("A7", b"a", b"b")


def A7_raise(environ, start_response):
    start_response("200 OK", PLAIN)
    return Result("A7_raise", b"a", fail)


def A7_length(environ, start_response):
    start_response("200 OK", PLAIN + [("Content-Length", "1")])
    return Result("A7_length", b"a", b"b", b"c")


def A7_gone(environ, start_response):
    start_response("200 OK", PLAIN)

    def blocks():
        while True:
            yield b"x" * 1000

    result = Result("A7_gone")
    result._blocks = blocks()
    return result


def A8(environ, start_response):
    start_response("200 OK", PLAIN)
    yield b"first"
    # Goes on only when the client, who has the first block, has left something here to read.
    yield environ["wsgi.input"].read(6)


def A9(environ, start_response):
    start_response("200 OK", PLAIN)
    return [bytes(range(256))]


def A9_str(environ, start_response):
    start_response("200 OK", PLAIN)
    return ["text"]


def B(environ, start_response):
    shown = {key: value if isinstance(value, (str, bool)) else repr(value) for key, value in environ.items()}
    shown["types"] = sorted({type(value).__name__ for key, value in environ.items() if "." not in key})
    shown["key types"] = sorted({type(key).__name__ for key in environ})
    shown["largest"] = max(ord(letter) for value in environ.values() if type(value) is str for letter in value)
    shown["version"] = environ["wsgi.version"] == (1, 0) and type(environ["wsgi.version"]) is tuple
    return text(start_response, shown)


def C1(environ, start_response):
    source = environ["wsgi.input"]
    parts = [source.read(3), source.readline(), source.readline(2), source.readlines(1), list(source), source.read(), source.read(1)]
    return text(start_response, json.loads(json.dumps(parts, default=lambda part: part.decode("latin-1"))))


def C2(environ, start_response):
    source = environ["wsgi.input"]
    size = len(source.read(int(environ.get("CONTENT_LENGTH") or 0) + 10))
    return text(start_response, [size, source.read(10).decode(), source.readline().decode(), len(source.readlines())])


def C3(environ, start_response):
    return text(start_response, len(environ["wsgi.input"].read()))


def C4(environ, start_response):
    source = environ["wsgi.input"]
    parts = [[source.readline(2), source.readline(0), source.readline()], source.readlines(3), source.readlines()]
    return text(start_response, json.loads(json.dumps(parts, default=lambda part: part.decode("latin-1"))))


def C_never(environ, start_response):
    return text(start_response, "not read")


def D1(environ, start_response):
    errors = environ["wsgi.errors"]
    errors.write("one\ntw")
    errors.write("o\n")
    errors.writelines(["three\n", "f\u00f6ur \u20ac \ud800"])
    errors.flush()
    print("five", file=errors)
    errors.write("six")
    return text(start_response, "said")


def D1_bytes(environ, start_response):
    try:
        environ["wsgi.errors"].write(b"bytes")
    except TypeError as error:
        return text(start_response, str(error))


def F1(environ, start_response):
    start_response("200 OK", PLAIN + [("Content-Length", "3")])
    yield b"ab"
    yield b"cdef"


def F1_list(environ, start_response):
    start_response("200 OK", PLAIN + [("Content-Length", "3")])
    return [b"abcdef"]


def F1_write(environ, start_response):
    write = start_response("200 OK", PLAIN + [("Content-Length", "3")])
    write(b"abc")
    try:
        write(b"d")
    except ValueError as error:
        noticed["F1_write"] = str(error)
    return []


def F2(environ, start_response):
    start_response("200 OK", PLAIN + [("Content-Length", "10")])
    yield b"short"


def F2_list(environ, start_response):
    start_response("200 OK", PLAIN + [("Content-Length", "10")])
    return [b"short"]


def F3(environ, start_response):
    start_response("200 OK", PLAIN)
    return [b"x" * int(environ["QUERY_STRING"])]


def F3_unknown(environ, start_response):
    start_response("200 OK", PLAIN)
    yield b"a"
    yield b"b"


def G1(environ, start_response):
    write = start_response("200 OK", PLAIN)
    write(b"one ")
    write(b"")
    write(b"two ")
    return [b"three ", b"four"]


def G1_str(environ, start_response):
    start_response("200 OK", PLAIN)("text")


def H1(environ, start_response):
    fail()


def H1_exit(environ, start_response):
    sys.exit("no, I stay")


def H1_after(environ, start_response):
    start_response("200 OK", PLAIN)
    yield b"begun"
    fail()


def H1_close(environ, start_response):
    start_response("200 OK", PLAIN)

    class Unclosable:
        def __iter__(self):
            return iter([b"whole"])

        def close(self):
            fail()

    return Unclosable()


def I1(environ, start_response):
    if environ["QUERY_STRING"] == "refuse":
        start_response("401 Unauthorized", PLAIN)
        return [b"not read"]
    return text(start_response, environ["wsgi.input"].read().decode())


def I3(environ, start_response):
    start_response("404 My own words", PLAIN + [("Content-Encoding", "mine"), ("ETag", '"x"')])
    return [b"as it is"]


def I4(environ, start_response):
    at_work = noticed["I4"] = noticed.get("I4", 0) + 1
    time.sleep(0.02)
    noticed["I4"] -= 1
    return text(start_response, [at_work, threading.current_thread().name])


def J1_removed(environ, start_response):
    def inner(environ, start_response):
        hints = environ.get("wsgi.early_hints")
        return text(start_response, "nothing" if hints is None else "something")

    del environ["wsgi.early_hints"]
    return inner(environ, start_response)


def early(environ, start_response):
    hint = environ["wsgi.early_hints"]
    hint([("Link", "</style.css>; rel=preload"), ("Link", "</caf\u00e9.js>; rel=preload")])
    hint([])
    passed = []
    for headers in ([("Link", "a\nb")], [("Connection", "close")], [("Content-Length", "1")], [("Link", b"bytes")], 5):
        try:
            hint(headers)
            passed.append(repr(headers))
        except (TypeError, ValueError):
            pass
    start_response("200 OK", PLAIN)
    # Nothing of the answer is out yet.
    hint([("Link", "</more.js>; rel=preload")])
    return [json.dumps(passed).encode()]


def early_late(environ, start_response):
    start_response("200 OK", PLAIN)
    yield b"one "
    environ["wsgi.early_hints"]([("Link", "</late.css>; rel=preload")])
    yield b"two"


def K1(environ, start_response):
    reads = []

    class Reader(io.BytesIO):
        def read(self, *arguments):
            reads.append(arguments)
            return super().read(*arguments)

        def close(self):
            noticed["K1"] = "closed"

    wrapper = environ["wsgi.file_wrapper"](Reader(b"in memory"), 4)
    start_response("200 OK", PLAIN + [("X-Reads", str(len(reads)))])
    return wrapper


def K2(environ, start_response):
    """A middleware that changes the wrapper's blocks."""
    wrapper = environ["wsgi.file_wrapper"](io.BytesIO(b"abcdefgh"), 4)
    start_response("200 OK", PLAIN)
    return (block.upper() + b"|" for block in wrapper)


def K2_unclosable(environ, start_response):
    class Reader:
        def __init__(self):
            self.left = 3

        def read(self, size):
            self.left -= 1
            return b"r" if self.left >= 0 else b""

    start_response("200 OK", PLAIN)
    return environ["wsgi.file_wrapper"](Reader())


def K3(environ, start_response):
    file = tempfile.TemporaryFile()
    file.write(b"0123456789" * 50000)
    file.seek(499990)
    start_response("200 OK", PLAIN)
    return environ["wsgi.file_wrapper"](file)


def K3_length(environ, start_response):
    file = tempfile.TemporaryFile()
    file.write(b"0123456789")
    file.seek(2)
    start_response("200 OK", PLAIN + [("Content-Length", "4")])
    return environ["wsgi.file_wrapper"](file)


def no_content(environ, start_response):
    start_response(environ["QUERY_STRING"].replace("+", " "), [])
    return Result("no_content", b"must not be seen", b"nor this")


def large(environ, start_response):
    start_response("200 OK", PLAIN)
    size = int(environ["QUERY_STRING"])
    noticed["sent"] = 0
    while noticed["sent"] < size:
        yield b"l" * 100000
        noticed["sent"] += 100000


def process_id(environ, start_response):
    return text(start_response, os.getpid())


def leave(environ, start_response):
    sys.stderr.write("the last words\n")
    os._exit(7)


def leave_later(environ, start_response):
    start_response("200 OK", PLAIN)
    yield b"begun"
    os._exit(7)
