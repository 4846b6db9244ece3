"""One thread: the main one reads, calls the application and sends. No locks."""

import socket
from collections import deque

from .engine import Engine, EndOfChannel


class SingleThread(Engine):
    def __init__(self, application, channel, extras):
        self._queue = deque()
        self._current = None
        # The whole of an answer that waits for company: it leaves before anything that may take time.
        self._unsent = b""
        self._sendall = channel.socket.sendall
        super().__init__(application, channel, extras)
        self.enqueue = self._queue.append

    def run(self):
        receive = self.channel.receive
        queue = self._queue
        try:
            while True:
                while queue:
                    if self._unsent:
                        self._flush()
                    job = queue.popleft()
                    self._current = job[0]
                    self.call(job)
                    self._current = None
                if self._unsent:
                    self._flush()
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
        return self._current

    def answer(self, data):
        self._unsent = data

    def send(self, data):
        if self._unsent:
            data = self._unsent + data
            self._unsent = b""
        self._sendall(data)

    def _flush(self):
        data = self._unsent
        self._unsent = b""
        self._sendall(data)

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
