"""The applications that every Python server is asked to run. What is compared is the server, so they do nothing more."""

import time

HELLO = b"Hello World!!"
TEXT = [("Content-Type", "text/plain"), ("Content-Length", str(len(HELLO)))]


def hello(environ, start_response):
    start_response("200 OK", TEXT)
    return [HELLO]


def echo(environ, start_response):
    body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
    start_response("200 OK", [("Content-Type", "application/octet-stream"), ("Content-Length", str(len(body)))])
    return [body]


def sleep(environ, start_response):
    time.sleep(0.01)
    return hello(environ, start_response)


paths = {"/hello": hello, "/echo": echo, "/sleep": sleep}


def application(environ, start_response):
    return paths[environ["PATH_INFO"]](environ, start_response)
