"""wsgi.input of a request whose content did not come with it: it is in a file, or arrives while the application reads."""

import io
import os

from .protocol import WANT, WINDOW, message

_BUFFER = 65536


class ClientDisconnected(ConnectionError):
    """The client has left in the middle of its request, or of its answer."""


class ContentFileError(OSError):
    """The front has stored content where this process can't read it."""


def opened(path):
    """wsgi.input of content in a file."""
    try:
        return open(os.fsdecode(path), "rb", _BUFFER)
    except OSError as error:
        raise ContentFileError(
            "The content of this request, which the front has stored in a file, can't be opened: %s. "
            "With pythonApp's option spool: false the front hands content on as it arrives." % error
        ) from None


class ContentStream(io.RawIOBase):
    """The raw side; io.BufferedReader makes read, readline, readlines and iteration of it, in C."""

    def __init__(self, request, engine):
        super().__init__()
        self._request = request
        self._engine = engine
        # Octets that were asked for and have not arrived.
        self._wanted = 0
        # What has arrived and did not fit.
        self._rest = b""

    def readable(self):
        return True

    def readinto(self, buffer):
        data = self._rest or self._next()
        size = min(len(buffer), len(data))
        buffer[:size] = data[:size]
        self._rest = data[size:]
        return size

    def _next(self):
        request = self._request
        pieces = request.pieces
        while not pieces:
            if request.gone:
                raise ClientDisconnected("The client went away before its request was complete.")
            if request.content_ended:
                return b""
            # Asked for when it is read, and not before: with Expect, that is when the client is told to send.
            if self._wanted <= WINDOW // 2:
                grant = WINDOW - self._wanted
                self._wanted += grant
                self._engine.send(message(WANT, b"", request.id, 0, grant))
            self._engine.wait(request)
        data = pieces.popleft()
        self._wanted -= len(data)
        return data


def buffered(request, engine):
    return io.BufferedReader(ContentStream(request, engine), _BUFFER)
