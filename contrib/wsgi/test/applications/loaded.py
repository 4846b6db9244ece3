"""What an application finds when it is loaded."""

import json
import os
import sys

NUMBER = 5


def create():
    found = {
        "path": sys.path,
        "greeting": os.environ.get("GREETING"),
        "home": os.environ.get("HOME"),
        "cwd": os.getcwd(),
        # Descriptors that a child process of the application would have besides the standard ones.
        "inherited": [number for number in range(3, 20) if is_inheritable(number)],
    }

    def application(environ, start_response):
        start_response("200 OK", [("Content-Type", "application/json")])
        return [json.dumps(found).encode()]

    return application


def is_inheritable(number):
    try:
        return os.get_inheritable(number)
    except OSError:
        return False
