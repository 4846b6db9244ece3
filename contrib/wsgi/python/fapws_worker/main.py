"""A worker's life: handshake, loading, serving. It ends when the channel does."""

import faulthandler
import json
import os
import platform
import select
import signal
import socket
import sys
import threading
import time
import traceback

from .loading import LoadError, load, prepare
from .pool import ThreadPool
from .protocol import FAILED, HELLO, READY, VERSION, Channel, message
from .single import SingleThread

CHANNEL = 3
# Seconds that a worker without a front has to end by itself.
GRACE = 5


def main():
    """Returns the exit code: 0 at the end of the channel, 1 when the application can't be loaded, 2 for another protocol."""
    faulthandler.enable()
    # Ctrl-C and a service manager's stop reach every process of the group, but it is the front that decides when its
    # workers end: requests are still being answered. They are handled by doing nothing, not ignored: that would be inherited.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _leave_it_to_the_front)
    try:
        connection = socket.socket(fileno=CHANNEL)
    except OSError:
        print(
            "fapws: this is the worker of @fapws/wsgi. It is started by pythonApp() and not by hand: descriptor %d is no "
            "channel to a front." % CHANNEL,
            file=sys.stderr,
        )
        return 2
    # The application's own child processes must not keep the channel open.
    connection.set_inheritable(False)
    connection.setblocking(True)
    channel = Channel(connection)
    connection.sendall(message(HELLO, _about(), argument=VERSION))
    settings = _settings(channel)
    if settings is None:
        return 2
    _watch_owner(connection)
    try:
        prepare(settings["chdir"], settings["pythonpath"])
        application = load(settings["application"])
    except LoadError as error:
        connection.sendall(message(FAILED, str(error).encode("utf-8", "backslashreplace")))
        return 1
    except BaseException:
        connection.sendall(message(FAILED, _load_traceback().encode("utf-8", "backslashreplace")))
        return 1
    extras = settings["environ"]
    threads = settings["threads"]
    engine = (
        SingleThread(application, channel, extras)
        if threads == 1
        else ThreadPool(application, channel, extras, threads)
    )
    connection.sendall(message(READY))
    engine.run()
    sys.stdout.flush()
    return 0


def _about():
    about = {
        "pid": os.getpid(),
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "executable": sys.executable,
    }
    return json.dumps(about).encode()


def _settings(channel):
    """The front's HELLO; None when there is none that this worker understands."""
    messages = []
    while not messages:
        messages = channel.receive()
        if messages is None:
            return None
    kind, _, _, version, payload = messages[0]
    if kind != HELLO or version != VERSION:
        print("fapws: the front speaks version %d of the worker protocol, this worker %d." % (version, VERSION), file=sys.stderr)
        return None
    return json.loads(payload)


def _load_traceback():
    """Of what the application's modules have raised, without our frames and those of the import system."""
    kind, error, trace = sys.exc_info()
    try:
        while trace is not None and _is_ours(trace.tb_frame.f_code.co_filename):
            trace = trace.tb_next
        return "".join(traceback.format_exception(kind, error, trace))
    finally:
        del trace, error


def _is_ours(filename):
    return os.path.dirname(os.path.abspath(filename)) == os.path.dirname(os.path.abspath(__file__)) or (
        filename.startswith("<frozen importlib") or filename.endswith(os.path.join("importlib", "__init__.py"))
    )


def _leave_it_to_the_front(number, frame):
    pass


def _watch_owner(connection):
    """Ends this process when the front is gone while the application keeps the main thread busy, perhaps for ever."""

    def watch():
        poll = select.poll()
        # No event is asked for: what is always told is that the other end is closed. Until then this thread sleeps.
        poll.register(connection.fileno(), 0)
        poll.poll()
        time.sleep(GRACE)
        os._exit(0)

    threading.Thread(target=watch, name="fapws-owner", daemon=True).start()
