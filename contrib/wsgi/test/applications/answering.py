"""What the applications of the clauses share."""

import json

PLAIN = [("Content-Type", "text/plain")]
# What applications have noticed after their answer, by name; /noticed?name tells it.
noticed = {}


def text(start_response, value):
    start_response("200 OK", PLAIN)
    return [json.dumps(value).encode()]


class Result:
    """An iterable with close() and nothing else: any other attribute would raise."""

    __slots__ = ("_blocks", "_name")

    def __init__(self, name, *blocks):
        self._blocks = iter(blocks)
        self._name = name
        noticed[name] = 0

    def __iter__(self):
        return self

    def __next__(self):
        block = next(self._blocks)
        if callable(block):
            return block()
        return block

    def close(self):
        noticed[self._name] += 1


class Sized(Result):
    __slots__ = ("_length",)

    def __init__(self, name, *blocks):
        super().__init__(name, *blocks)
        self._length = len(blocks)

    def __len__(self):
        return self._length


def fail():
    raise ZeroDivisionError("on purpose")
