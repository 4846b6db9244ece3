"""Stack dumps on demand: which line every thread is at, also of a process that does not react to anything else."""

import faulthandler
import signal
import sys


def dump_on(name):
    """Writes the stacks of all threads to standard error at each signal of this name. "" leaves all signals alone.

    The handler is C code that asks for no lock: it works in an endless loop, in a deadlock and where an extension module does not
    give the interpreter away. An application that sets a handler of its own for the signal later has it for itself.
    """
    if name:
        faulthandler.register(getattr(signal, name), file=sys.stderr, all_threads=True)
