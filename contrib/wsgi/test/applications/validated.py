"""Applications of every kind behind wsgiref.validate: the validator raises, or warns, when the server breaks a rule."""

import io
import sys
import tempfile
import warnings
from wsgiref.validate import validator

# What the validator reports where nobody could catch it: a missing close() is found by the garbage collector.
complaints = []
warnings.simplefilter("error")
sys.unraisablehook = lambda unraisable: complaints.append(repr(unraisable.exc_value))

TEXT = [("Content-Type", "text/plain")]


def listed(environ, start_response):
    start_response("200 OK", TEXT)
    return [b"a", b"", b"b"]


def one(environ, start_response):
    start_response("200 OK", TEXT + [("Content-Length", "3")])
    return (b"one",)


def generated(environ, start_response):
    start_response("200 OK", TEXT)
    yield b""
    yield b"a"
    yield b"b"


def written(environ, start_response):
    write = start_response("200 OK", TEXT)
    write(b"written ")
    return [b"returned"]


def empty(environ, start_response):
    start_response("200 OK", TEXT)
    return []


def replaced(environ, start_response):
    start_response("200 OK", TEXT)
    try:
        raise ValueError("on purpose")
    except ValueError:
        start_response("500 Replaced", TEXT, sys.exc_info())
    return [b"replaced"]


def without(environ, start_response):
    start_response("204 No Content", [])
    return []


def memory(environ, start_response):
    start_response("200 OK", TEXT)
    return environ["wsgi.file_wrapper"](io.BytesIO(b"memory"))


def file(environ, start_response):
    opened = tempfile.TemporaryFile()
    opened.write(b"a file")
    opened.seek(0)
    start_response("200 OK", TEXT)
    return environ["wsgi.file_wrapper"](opened)


def reading(environ, start_response):
    source = environ["wsgi.input"]
    parts = [source.read(2), source.readline(), *source.readlines(1), *source]
    environ["wsgi.errors"].writelines(["read\n"])
    environ["wsgi.errors"].flush()
    start_response("200 OK", TEXT)
    return [b"|".join(parts)]


checked = {name: validator(globals()[name]) for name in "listed one generated written empty replaced without memory file reading".split()}


def application(environ, start_response):
    name = environ["PATH_INFO"].strip("/")
    if name == "complaints":
        import gc

        gc.collect()
        start_response("200 OK", TEXT)
        return ["\n".join(complaints).encode()]
    return checked[name](environ, start_response)
