"""One request's answer: start_response, write() and the result, as PEP 3333 has them. The engine moves what it sends."""

from collections import deque

from .content import ClientDisconnected
from .file_wrapper import FileWrapper
from .head import head_of
from .protocol import ANSWER, END, HEAD, HINTS, WINDOW, message, pack_header

# Content of a longer answer leaves in pieces: a piece in memory at each end is enough.
_PIECE = 65536


class ContentLengthError(ValueError):
    """An answer has other octets than its Content-Length says."""


class Response:
    """HOT. Made for every request, so it holds what an answer needs and nothing more."""

    __slots__ = (
        "id",
        "method",
        "target",
        "pieces",
        "content_ended",
        "gone",
        "credit",
        "begun",
        "ended",
        "_engine",
        "_head",
        "_called",
        "_left",
    )

    def __init__(self, engine, request, method, target, content_ended):
        self._engine = engine
        self.id = request
        self.method = method
        self.target = target
        # The request's content as it arrives, when it is not all here; content.py reads it.
        self.pieces = None if content_ended else deque()
        self.content_ended = content_ended
        # Whether nobody waits for the answer any more.
        self.gone = False
        # Octets of content that the front takes without a further word.
        self.credit = WINDOW
        self._head = None
        self._called = False
        # Whether the head was sent, and whether all was.
        self.begun = False
        self.ended = False
        # Octets that Content-Length leaves; None without one.
        self._left = None

    # What the application calls.

    def start_response(self, status, headers, exc_info=None):
        """HOT."""
        if exc_info:
            try:
                if self.begun:
                    raise exc_info[1].with_traceback(exc_info[2])
            finally:
                # A frame that holds its own traceback would live until the collector comes by.
                exc_info = None
        elif self._called:
            raise RuntimeError(
                "start_response was called twice. To replace an answer because of an error, pass exc_info as third argument."
            )
        self._called = True
        self._head = head_of(status, headers)
        return self.write

    def write(self, data):
        if not isinstance(data, bytes):
            raise TypeError("write() takes bytes, not %s." % type(data).__name__)
        if data:
            self._send(data)

    def early_hints(self, headers):
        """wsgi.early_hints: 103, ahead of the answer; checked as that is."""
        head = head_of("200 OK", list(headers))
        if head.length is not None:
            raise ValueError("Early hints have no content, so no Content-Length.")
        lines = head.octets.partition(b"\n")[2]
        if lines and not self.begun and not self.gone:
            self._engine.send(message(HINTS, lines, self.id))

    # What the engine calls.

    def deliver(self, result):
        """HOT. Sends what the application has returned, and closes it."""
        kind = type(result)
        if (kind is list or kind is tuple) and not self.begun and self._head is not None:
            # All of it is here and nothing happens between the pieces, so it is one piece. A list has no close().
            if len(result) == 1:
                content = result[0]
                if type(content) is not bytes:
                    content = _joined(result)
            else:
                content = _joined(result)
            head = self._head
            length = len(content)
            if length <= WINDOW and (head.length is None or head.length == length) and head.has_content:
                octets = head.octets
                size = len(octets)
                self.begun = self.ended = True
                self._engine.send(
                    pack_header(size + length, ANSWER, HEAD | END, 0, self.id, size) + octets + content
                )
                return
            self._deliver_known(content, length)
            return
        try:
            self._deliver_iterable(result)
        finally:
            close = getattr(result, "close", None)
            if close is not None:
                close()

    def _deliver_known(self, content, length):
        """Content that is all here."""
        head = self._head
        if head.length is None:
            if head.has_content and length > WINDOW:
                self._head = head.with_length(length)
        elif length < head.length and self._counts:
            # Nothing was sent yet, so this can still become a 500.
            raise too_short(length, head.length)
        if content:
            self._send(content)
        self._finish()

    def _deliver_iterable(self, result):
        if type(result) is FileWrapper:
            self._prepare_file(result)
        only = not self.begun and _only(result)
        for block in result:
            if not isinstance(block, bytes):
                raise TypeError("A result consists of bytes, not of %s: %r" % (type(block).__name__, block))
            if block:
                self._send(block, only)
                # Nobody will see the rest.
                if not self._counts:
                    break
            elif self.gone:
                raise ClientDisconnected("The client went away before its answer was complete.")
        self._finish()

    def _prepare_file(self, wrapper):
        """The server may read a file of its own wrapper in blocks that suit it, and say how long it is."""
        wrapper.blksize = max(wrapper.blksize, _PIECE)
        head = self._head
        if head is None or self.begun or not head.has_content:
            return
        if head.length is None:
            length = wrapper.length()
            if length is not None:
                self._head = head.with_length(length)

    @property
    def _counts(self):
        """Whether the content's octets reach the client: not with HEAD, 204, 205 and 304."""
        return self._head.has_content and self.method != "HEAD"

    def _begin(self):
        """Returns the head to be sent with the first content."""
        head = self._head
        if head is None:
            raise RuntimeError("There is content, but start_response(status, headers) was not called.")
        self.begun = True
        self._left = head.length if self._counts else None
        return head.octets

    def _send(self, data, whole=False):
        """Sends content at once and waits while the front has no room for more (PEP 3333: "Handling the ... write() Callable")."""
        if self.ended:
            raise self._too_long()
        octets = b"" if self.begun else self._begin()
        surplus = False
        if self._left is not None:
            surplus = len(data) > self._left
            if surplus:
                data = data[: self._left]
            self._left -= len(data)
            whole = self._left == 0
        elif not self._counts:
            # Only the head will be seen. What follows it says how it is framed: a whole piece has a length, the first octet
            # of more has none.
            if not self._head.has_content:
                data = b""
            elif not whole or len(data) > WINDOW:
                data = data[:1]
                whole = False
        engine = self._engine
        at = 0
        flags = HEAD if octets else 0
        while True:
            while self.credit <= 0 and not self.gone:
                engine.wait(self)
            if self.gone:
                raise ClientDisconnected("The client went away before its answer was complete.")
            piece = data if at == 0 and len(data) <= self.credit and len(data) <= WINDOW else data[at : at + min(self.credit, _PIECE)]
            at += len(piece)
            self.credit -= len(piece)
            if at == len(data) and whole:
                flags |= END
                self.ended = True
            engine.send(
                pack_header(len(octets) + len(piece), ANSWER, flags, 0, self.id, len(octets)) + octets + piece
            )
            if at == len(data):
                break
            octets = b""
            flags = 0
        if surplus:
            raise self._too_long()
        if not self.ended:
            # Has the client left meanwhile?
            engine.poll(self)

    def _finish(self):
        if self.ended:
            return
        octets = b"" if self.begun else self._begin()
        if self._left:
            raise too_short(self._head.length - self._left, self._head.length)
        self.ended = True
        self._engine.send(message(ANSWER, octets, self.id, (HEAD if octets else 0) | END, len(octets)))

    def _too_long(self):
        return ContentLengthError(
            "The answer is longer than its Content-Length of %d; what was too much is not sent." % self._head.length
            if self._head.length is not None
            else "The answer is complete; nothing can be added to it."
        )


def _only(result):
    """Whether a result says that it has one block (PEP 3333: "Handling the Content-Length Header")."""
    try:
        return len(result) == 1
    except Exception:
        # It has no length, or a broken one: both tell nothing.
        return False


def _joined(blocks):
    for block in blocks:
        if not isinstance(block, bytes):
            raise TypeError("A result consists of bytes, not of %s: %r" % (type(block).__name__, block))
    return b"".join(blocks)


def too_short(length, declared):
    return ContentLengthError("The answer has %d octets, but its Content-Length says %d." % (length, declared))
