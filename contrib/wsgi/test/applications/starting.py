"""The clauses about start_response."""

import json
import sys

from answering import PLAIN, fail


def E1(environ, start_response):
    start_response("200 OK", PLAIN + [("X-First", "1")])
    try:
        fail()
    except ZeroDivisionError:
        start_response("203 Replaced", PLAIN, sys.exc_info())
    return [b"", b"second"]


def E2(environ, start_response):
    start_response("200 OK", PLAIN)
    start_response("200 OK", PLAIN)


def E2_after_failure(environ, start_response):
    try:
        start_response("nonsense", PLAIN)
    except ValueError:
        start_response("200 OK", PLAIN)
    return [b"never"]


def E3(environ, start_response):
    write = start_response("200 OK", PLAIN)
    write(b"sent")
    try:
        raise KeyError("the original")
    except KeyError:
        start_response("500 Late", PLAIN, sys.exc_info())
    return [b"never"]


def E4(environ, start_response):
    import gc
    import weakref

    class Witness:
        pass

    gc.disable()
    try:
        witness = Witness()
        reference = weakref.ref(witness)

        def scene(held):
            try:
                fail()
            except ZeroDivisionError:
                start_response("200 OK", PLAIN, sys.exc_info())

        scene(witness)
        del witness
        return [str(reference() is None).encode()]
    finally:
        gc.enable()


def E4_late(environ, start_response):
    """The error that is raised again must not be held by the frame that raises it."""
    import gc
    import weakref

    class Witness(Exception):
        pass

    write = start_response("200 OK", PLAIN)
    write(b"sent ")
    gc.disable()
    try:

        def scene():
            error = Witness()
            reference = weakref.ref(error)
            try:
                try:
                    raise error
                except Witness:
                    start_response("500 Late", PLAIN, sys.exc_info())
            except Witness:
                pass
            del error
            return reference

        return [str(scene()() is None).encode()]
    finally:
        gc.enable()


def E5(environ, start_response):
    wrong = [
        ("200", PLAIN),
        ("200OK", PLAIN),
        ("199 Low", PLAIN),
        ("200 O\nK", PLAIN),
        (200, PLAIN),
        (b"200 OK", PLAIN),
        ("200 OK", tuple(PLAIN)),
        ("200 OK", dict(PLAIN)),
        ("200 OK", [["A", "b"]]),
        ("200 OK", [("A", "b", "c")]),
        ("200 OK", [("A", 5)]),
        ("200 OK", [(b"A", "b")]),
        ("200 OK", [("A:", "b")]),
        ("200 OK", [("", "b")]),
        ("200 OK", [("A b", "b")]),
        ("200 OK", [("A", "b\r\nC: d")]),
        ("200 OK", [("A", "b\0")]),
        ("200 OK", [("A", "\u20ac")]),
        ("200 OK", [("Status", "200 OK")]),
        ("200 OK", [("Content-Length", "-1")]),
        ("200 OK", [("Content-Length", "1"), ("content-length", "1")]),
    ]
    accepted = []
    for status, headers in wrong:
        try:
            # exc_info lets one request try them all.
            start_response(status, headers, (None, ValueError(), None))
            accepted.append([repr(status), repr(headers)])
        except (TypeError, ValueError):
            pass
    start_response("200 \u00fcber all", [("X-Latin", "\u00e9"), ("!#$%&'*+-.^_`|~09", "\t ~")], (None, ValueError(), None))
    return [json.dumps(accepted).encode()]


def E6(environ, start_response):
    accepted = []
    for name in (
        "Connection Keep-Alive Proxy-Authenticate Proxy-Authorization TE Trailer Trailers Transfer-Encoding Upgrade te".split()
    ):
        try:
            start_response("200 OK", [(name, "x")], (None, ValueError(), None))
            accepted.append(name)
        except ValueError:
            pass
    start_response("200 OK", PLAIN, (None, ValueError(), None))
    return [json.dumps(accepted).encode()]


def E7(environ, start_response):
    start_response("200 OK", [("content-type", "text/plain"), ("dATE", "mine"), ("sERVER", "mine too")])
    return [b"x"]
