"""Several threads: the main one reads, the others call the application and send."""

import queue
import threading

from .engine import Engine, EndOfChannel


class ThreadPool(Engine):
    multithread = True

    def __init__(self, application, channel, extras, threads):
        self._jobs = queue.SimpleQueue()
        self._local = threading.local()
        # One answer at a time on the channel.
        self._sending = threading.Lock()
        # Notified of whatever arrives for a request that is being answered.
        self._arrived = threading.Condition()
        self._count = threads
        self._over = False
        self._sendall = channel.socket.sendall
        super().__init__(application, channel, extras)
        self.enqueue = self._jobs.put

    def run(self):
        threads = [
            threading.Thread(target=self._work, name="fapws-%d" % number, daemon=True) for number in range(1, self._count + 1)
        ]
        for thread in threads:
            thread.start()
        try:
            while not self.stopping:
                messages = self.channel.receive()
                if messages is None:
                    self._over = True
                    break
                self.dispatch(messages)
        except ConnectionResetError:
            self._over = True
        self.news()
        for _ in threads:
            self._jobs.put(None)
        # After STOP what was begun is finished, and its credit and content still have to be read.
        if not self._over:
            reader = threading.Thread(target=self._read_on, name="fapws-reader", daemon=True)
            reader.start()
            for thread in threads:
                thread.join()

    def _read_on(self):
        messages = self.channel.receive()
        while messages is not None:
            self.dispatch(messages)
            messages = self.channel.receive()
        self._over = True
        self.news()

    def _work(self):
        try:
            job = self._jobs.get()
            while job is not None:
                self._local.request = job[0]
                self.call(job)
                self._local.request = None
                job = self._jobs.get()
        except (EndOfChannel, BrokenPipeError, ConnectionResetError):
            # The front is gone; the main thread learns it from the channel.
            return

    def current_request(self):
        return getattr(self._local, "request", None)

    def send(self, data):
        with self._sending:
            self._sendall(data)

    def news(self):
        with self._arrived:
            self._arrived.notify_all()

    def wait(self, request):
        with self._arrived:
            # Looked at under the lock: what arrived before it was taken has been told to nobody.
            if self._over:
                raise EndOfChannel
            if request.gone or request.pieces or (request.pieces is not None and request.content_ended):
                return
            if request.pieces is None and request.credit > 0:
                return
            self._arrived.wait()
