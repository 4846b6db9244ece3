"""A worker's life: handshake, loading, serving. It ends when the channel does."""

import faulthandler
import json
import os
import platform
import signal
import socket
import sys
import traceback

from .fork_server import ForkServer
from .loading import LoadError, load, prepare
from .owner import OwnerWatch
from .pool import ThreadPool
from .protocol import FAILED, HEADER_SIZE, HELLO, READY, VERSION, Channel, message, unpack_header
from .single import SingleThread
from .sources import Sources
from .stacks import dump_on

CHANNEL = 3


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
    settings = _meet(connection)
    if settings is None:
        return 2
    channel = Channel(connection)
    owner = OwnerWatch(connection)
    sources = Sources() if settings.get("files") else None
    if sources is not None:
        sources.install(connection.sendall)
    try:
        prepare(settings["chdir"], settings["pythonpath"])
        application = load(settings["application"])
    except BaseException as error:
        if sources is not None:
            sources.miss(error)
        why = str(error) if isinstance(error, LoadError) else _load_traceback()
        connection.sendall(message(FAILED, why.encode("utf-8", "backslashreplace")))
        return 1
    fork_server = settings.get("forkServer")
    if fork_server:
        owner.end()
        connection = ForkServer(channel, fork_server["address"], fork_server["token"]).run()
        if connection is None:
            return 0
        # This is a new worker.
        settings = _meet(connection)
        if settings is None:
            return 2
        channel = Channel(connection)
        OwnerWatch(connection)
    extras = settings["environ"]
    threads = settings["threads"]
    engine = (
        SingleThread(application, channel, extras)
        if threads == 1
        else ThreadPool(application, channel, extras, threads)
    )
    if sources is not None:
        sources.follow(engine)
    connection.sendall(message(READY))
    engine.run()
    sys.stdout.flush()
    return 0


def _meet(connection):
    """Exchanges HELLO with the front. Returns what it says; None when there is nothing that this worker understands."""
    # The application's own child processes must not keep the channel open.
    connection.set_inheritable(False)
    connection.setblocking(True)
    # Not one octet more than the message: what follows it is for others.
    header = connection.recv(HEADER_SIZE, socket.MSG_WAITALL)
    if len(header) < HEADER_SIZE:
        return None
    length, kind, _, _, _, version = unpack_header(header)
    if kind != HELLO or version != VERSION:
        print("fapws: the front speaks version %d of the worker protocol, this worker %d." % (version, VERSION), file=sys.stderr)
        return None
    payload = connection.recv(length, socket.MSG_WAITALL)
    if len(payload) < length:
        return None
    settings = json.loads(payload)
    # Before HELLO, which tells the front that this signal does no harm.
    dump_on(settings.get("dumpSignal"))
    about = {
        "pid": os.getpid(),
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "executable": sys.executable,
    }
    connection.sendall(message(HELLO, json.dumps(about).encode(), argument=VERSION))
    return settings


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
