"""Loads the application once and forks a worker whenever the front asks, so that they share its memory (option `preload`)."""

import gc
import os
import select
import signal
import socket
import sys
import threading
import traceback

from .protocol import EXITED, FAILED, FORK, KILL, READY, SIGNALLED, message

# Milliseconds between two looks at the children, should the application have taken SIGCHLD for itself.
_LOOK = 1000


class ForkServer:
    """Its only thread is the main one: a child gets nothing of the others but the locks that they hold."""

    def __init__(self, channel, address, token):
        self._channel = channel
        # Where a worker finds the front; a name that begins with NUL is no file.
        self._address = address
        self._token = token
        # Process id to the number that the front has given the worker.
        self._children = {}
        self._warned = False

    def run(self):
        """Serves the front until it is gone, then returns None. Returns in each new worker, with its own connection."""
        channel = self._channel
        self._wake, self._woken = socket.socketpair()
        for end in (self._wake, self._woken):
            end.setblocking(False)
        self._sigchld = signal.getsignal(signal.SIGCHLD)
        if self._sigchld in (signal.SIG_DFL, signal.SIG_IGN):
            # Ignored children would leave no exit code.
            signal.signal(signal.SIGCHLD, lambda number, frame: None)
        signal.set_wakeup_fd(self._woken.fileno(), warn_on_full_buffer=False)
        # A collection would write to all objects, and so give each worker a copy of its own.
        gc.collect()
        if hasattr(gc, "freeze"):
            gc.freeze()
        channel.socket.sendall(message(READY))
        poll = select.poll()
        poll.register(channel.socket, select.POLLIN)
        poll.register(self._wake, select.POLLIN)
        while True:
            ready = dict(poll.poll(_LOOK if self._children else None))
            if self._wake.fileno() in ready:
                self._wake.recv(4096)
            self._report()
            if channel.socket.fileno() not in ready:
                continue
            messages = channel.receive()
            if messages is None:
                # The workers learn it from their own connections.
                return None
            for kind, _, number, argument, _ in messages:
                if kind == FORK:
                    connection = self._fork(number)
                    if connection is not None:
                        return connection
                elif kind == KILL:
                    self._kill(number, argument)

    def _fork(self, number):
        self._warn_of_threads()
        sys.stdout.flush()
        sys.stderr.flush()
        try:
            child = os.fork()
        except OSError as error:
            self._channel.socket.sendall(message(FAILED, ("It could not be forked: %s." % error).encode(), number))
            return None
        if child:
            self._children[child] = number
            return None
        try:
            return self._become_worker(number)
        except BaseException:
            try:
                traceback.print_exc()
            finally:
                # Nothing of the parent's is for a child to clean up.
                os._exit(1)

    def _become_worker(self, number):
        signal.set_wakeup_fd(-1)
        if self._sigchld is not None:
            signal.signal(signal.SIGCHLD, self._sigchld)
        for end in (self._channel.socket, self._wake, self._woken):
            end.close()
        for role, descriptor in (("stdout", 1), ("stderr", 2)):
            with self._connect(number, role) as connection:
                os.dup2(connection.fileno(), descriptor)
        return self._connect(number, "channel")

    def _connect(self, number, role):
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.connect(self._address)
        connection.sendall(("%s %d %d %s\n" % (self._token, number, os.getpid(), role)).encode())
        return connection

    def _report(self):
        for child in list(self._children):
            try:
                ended, status = os.waitpid(child, os.WNOHANG)
            except ChildProcessError:
                # The application has waited for it, or had it ignored, and knows alone how it ended.
                ended, status = child, 0
            if ended:
                number = self._children.pop(child)
                if os.WIFSIGNALED(status):
                    self._tell_exit(number, SIGNALLED, os.WTERMSIG(status))
                else:
                    self._tell_exit(number, 0, os.WEXITSTATUS(status))

    def _tell_exit(self, number, flags, how):
        try:
            self._channel.socket.sendall(message(EXITED, b"", number, flags, how))
        except (BrokenPipeError, ConnectionResetError):
            # The front is gone, as the channel is about to tell.
            pass

    def _kill(self, number, which):
        # A process that was not waited for keeps its id, so the signal can't reach another one.
        for child, its_number in self._children.items():
            if its_number == number:
                os.kill(child, which)

    def _warn_of_threads(self):
        if self._warned:
            return
        others = [thread.name for thread in threading.enumerate() if thread is not threading.main_thread()]
        if others:
            self._warned = True
            print(
                "fapws: the application has started threads while it was loaded: %s. They run in the process that forks "
                "the workers (preload) and not in the workers, where a lock that one of them holds stays locked for ever. "
                "Start them with os.register_at_fork(after_in_child=...), or at the first request." % ", ".join(others),
                file=sys.stderr,
            )
