"""What passes between a worker and its front: docs/worker-protocol.md. It knows messages, not their meaning."""

import struct

VERSION = 1

# A message is a header and its payload. Length of the payload, type, flags, 0, request, argument; little endian.
HEADER = struct.Struct("<IBBHII")
HEADER_SIZE = HEADER.size

# Types. Both ways:
HELLO = 1
# From the worker:
READY = 2
FAILED = 3
ANSWER = 4
BROKEN = 5
WANT = 6
LOG = 7
HINTS = 8
FILES = 9
EXITED = 10
# From the front:
REQUEST = 16
CONTENT = 17
CREDIT = 18
ABORT = 19
STOP = 20
FORK = 21
KILL = 22

# Flags of ANSWER, CONTENT and REQUEST.
HEAD = 1
END = 2
# Flag of EXITED: the argument is the number of a signal, not an exit code.
SIGNALLED = 1
# Flag of REQUEST: several processes serve the application.
MULTIPROCESS = 4
# Flag of REQUEST: the content is in a file, whose path follows the environ.
FILE = 8

# Octets of an answer's content, or of a request's, that may be on their way without a word from the receiver.
WINDOW = 262144
# Octets of one message's payload, at most, in what a worker accepts: a head and an inline content have much less.
LONGEST = 16777216

pack_header = HEADER.pack
unpack_header = HEADER.unpack_from


def message(kind, payload=b"", request=0, flags=0, argument=0):
    return pack_header(len(payload), kind, flags, 0, request, argument) + payload


class ProtocolError(Exception):
    """The front has sent something that is no message, or speaks another version."""


class Channel:
    """The socket to the front, as a sequence of messages. One thread reads; sending is up to the engine."""

    def __init__(self, socket):
        self.socket = socket
        self._rest = b""

    def receive(self, flags=0):
        """Waits for octets and yields nothing but whole messages.

        Returns a list of (kind, flags, request, argument, payload), which may be empty; None at the end of the channel.
        """
        data = self.socket.recv(65536, flags)
        if not data:
            return None
        if self._rest:
            data = self._rest + data
        messages = []
        at = 0
        end = len(data)
        while end - at >= HEADER_SIZE:
            length, kind, bits, _, request, argument = unpack_header(data, at)
            if length > LONGEST:
                raise ProtocolError("a message of %d octets: this is not the protocol of Fapws" % length)
            start = at + HEADER_SIZE
            if end - start < length:
                break
            at = start + length
            messages.append((kind, bits, request, argument, data[start:at]))
        self._rest = data[at:]
        return messages
