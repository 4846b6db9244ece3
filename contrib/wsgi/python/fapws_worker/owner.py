"""Ends a process whose front is gone while the application keeps its main thread busy, perhaps for ever."""

import os
import select
import threading
import time

# Seconds that a process without a front has to end by itself.
GRACE = 5


class OwnerWatch:
    """A thread that sleeps until the other end of a connection is closed."""

    def __init__(self, connection):
        self._connection = connection
        self._wake, self._woken = os.pipe()
        self._thread = threading.Thread(target=self._watch, name="fapws-owner", daemon=True)
        self._thread.start()

    def end(self):
        """Returns when the thread is no more: a process must not fork while it has threads."""
        os.close(self._woken)
        self._thread.join()
        os.close(self._wake)

    def _watch(self):
        poll = select.poll()
        # No event is asked for: what is always told is that the other end is closed.
        poll.register(self._connection.fileno(), 0)
        poll.register(self._wake, 0)
        if any(descriptor == self._wake for descriptor, _ in poll.poll()):
            return
        time.sleep(GRACE)
        os._exit(0)
