"""One thread: the main one reads, calls the application and sends. No locks."""

import socket
import sys
import threading
from collections import deque

from .engine import Engine, EndOfChannel


class SingleThread(Engine):
    def __init__(self, application, channel, extras):
        self._queue = deque()
        self._current = None
        self._thread = threading.get_ident()
        # Answers leave one by one. Gathering them would save the worker a microsecond each, but whatever is gathered waits
        # for the next call of the application, and nobody knows how long that takes.
        self.send = channel.socket.sendall
        super().__init__(application, channel, extras)
        self.enqueue = self._queue.append

    def run(self):
        receive = self.channel.receive
        queue = self._queue
        try:
            while True:
                while queue:
                    job = queue.popleft()
                    self._current = job[0]
                    self.call(job)
                    self._current = None
                if self.stopping:
                    return
                messages = receive()
                if messages is None:
                    return
                self.dispatch(messages)
        except (EndOfChannel, BrokenPipeError, ConnectionResetError):
            # The front is gone, and whoever waited for this worker's answers with it.
            return

    def current_request(self):
        # A thread of the application's own belongs to no request.
        return self._current if threading.get_ident() == self._thread else None

    def log(self, request, lines):
        if threading.get_ident() == self._thread:
            super().log(request, lines)
        else:
            # Two threads that send at once would tear each other's messages.
            sys.stderr.write(lines)

    def wait(self, request):
        messages = self.channel.receive()
        if messages is None:
            raise EndOfChannel
        self.dispatch(messages)

    def poll(self, request):
        try:
            messages = self.channel.receive(socket.MSG_DONTWAIT)
        except BlockingIOError:
            return
        if messages is None:
            raise EndOfChannel
        self.dispatch(messages)
