"""Applications that take their time, by path."""

import hashlib
import json
import os
import threading
import time

counted = 0


def application(environ, start_response):
    return globals()[environ["PATH_INFO"].strip("/")](environ, start_response)


def text(start_response, value):
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(value).encode()]


def ping(environ, start_response):
    return text(start_response, "pong")


def wait(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    yield b"begun"
    time.sleep(float(environ["QUERY_STRING"]))
    yield b"ended"


def forever(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    yield b"begun"
    while True:
        time.sleep(0.01)


def garbage(environ, start_response):
    os.write(3, b"garbage" * 10)
    time.sleep(60)


def digest(environ, start_response):
    size = 0
    sum = hashlib.md5()
    while True:
        block = environ["wsgi.input"].read(100000)
        if not block:
            return text(start_response, [size, sum.hexdigest()])
        size += len(block)
        sum.update(block)


def upload(environ, start_response):
    print("reading", file=environ["wsgi.errors"])
    try:
        environ["wsgi.input"].read()
    except OSError as error:
        print(type(error).__name__, file=environ["wsgi.errors"])
        raise
    return text(start_response, "whole")


def threaded_log(environ, start_response):
    errors = environ["wsgi.errors"]
    threads = [threading.Thread(target=lambda: [errors.write("x" * 5000 + "\n") for _ in range(100)]) for _ in range(3)]
    for thread in threads:
        thread.start()
    start_response("200 OK", [("Content-Type", "text/plain")])
    for _ in range(100):
        yield b"y" * 5000
    for thread in threads:
        thread.join()


def echo(environ, start_response):
    time.sleep(float(environ["QUERY_STRING"].split("&")[0]))
    return text(start_response, environ["QUERY_STRING"])


def count(environ, start_response):
    global counted
    counted += 1
    return text(start_response, counted)


def read_counted(environ, start_response):
    return text(start_response, counted)


def file(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return environ["wsgi.file_wrapper"](open(environ["QUERY_STRING"], "rb"), 8192)


def leave(environ, start_response):
    print("leaving", file=environ["wsgi.errors"])
    time.sleep(float(environ["QUERY_STRING"]))
    os._exit(7)
