"""Which files the application is made of, told to a front that watches them (option `reload`).

What counts is the state of a file when it was read: the front compares it with the present one, so that no edit is lost, not
even one that is made while the application is being loaded.
"""

import importlib.machinery
import json
import os
import site
import sys
import sysconfig
import threading
from types import ModuleType

from .protocol import FILES, message

# Folders of installed packages: an update there is no edit. Editable installs are elsewhere, and are watched.
_INSTALLED = ("site-packages", "dist-packages")


class Sources:
    """Notes the files of modules as they are imported, and where a module was looked for in vain."""

    def __init__(self):
        # The application's own threads import too.
        self._lock = threading.RLock()
        # What was not told yet: path to state.
        self._news = {}
        self._known = set()
        self._modules = 0
        self._foreign = _foreign_folders()
        # Folder to whether what is in it belongs to the project.
        self._folders = {}
        self._tell = None

    def install(self, tell):
        """Takes notes from now on. `tell` gets messages for the front at once, until there is an engine to follow."""
        self._tell = tell
        loader = importlib.machinery.SourceFileLoader
        path_stats = loader.path_stats

        def noting_path_stats(reader, path):
            if self._note(path):
                # Python takes bytecode from its cache if its source has the same length and was changed in the same second. An
                # edit must not be lost for that, so the project's own files are compiled each time.
                raise OSError("The cache is not used for files that are being edited.")
            return path_stats(reader, path)

        loader.path_stats = noting_path_stats
        # The last one is asked only for what no other has found.
        sys.meta_path.append(self)

    def find_spec(self, name, path=None, target=None):
        """The import system asks for a module that is nowhere, yet. It may appear in the project."""
        for folder in sys.path if path is None else path:
            if isinstance(folder, str) and self._is_own(os.path.abspath(folder)):
                self._note_places(folder, name)
        return None

    def miss(self, error):
        """Notes for an error that ended the loading where the missing module may appear: also by installing it."""
        while error is not None:
            name = getattr(error, "name", None)
            if isinstance(error, ModuleNotFoundError) and name and "." not in name:
                for folder in sys.path:
                    self._note_places(folder, name)
            error = error.__cause__ or error.__context__
        self._tell_news()

    def follow(self, engine):
        """The application is loaded: tells the rest, and from now on what a request has imported before the end of its answer."""
        with self._lock:
            self._tell = None
        send = engine.send

        def telling_send(data):
            news = self._news_of_modules()
            send(data if news is None else news + data)

        engine.send = telling_send
        telling_send(b"")

    def _news_of_modules(self):
        if len(sys.modules) != self._modules:
            self._modules = len(sys.modules)
            self._note_modules()
        return self._taken()

    def _note_modules(self):
        """Notes what was not read as Python source: extension modules."""
        for module in list(sys.modules.values()):
            if not isinstance(module, ModuleType):
                continue
            try:
                # Asking a lazy module for its file must not load it.
                path = object.__getattribute__(module, "__dict__").get("__file__")
            except AttributeError:
                # An imitation of a module, as cffi makes them.
                continue
            if isinstance(path, str) and os.path.abspath(path) not in self._known and os.path.isfile(path):
                self._note(path)

    def _note_places(self, folder, name):
        place = os.path.join(folder, name.rpartition(".")[2])
        self._add(os.path.abspath(place))
        self._add(os.path.abspath(place + ".py"))

    def _note(self, path):
        """Whether a file is one of the project's, which is noted."""
        path = os.path.abspath(path)
        if not self._is_own(os.path.dirname(path)):
            return False
        self._add(path)
        # At once, as long as it is being loaded: that may end the process.
        self._tell_news()
        return True

    def _add(self, path):
        try:
            # Another name can't be told, and the front could not open it.
            path.encode("utf-8")
        except UnicodeEncodeError:
            return
        with self._lock:
            self._news[path] = _state(path)
            self._known.add(path)

    def _tell_news(self):
        with self._lock:
            if self._tell is not None:
                news = self._taken()
                if news is not None:
                    self._tell(news)

    def _taken(self):
        with self._lock:
            if not self._news:
                return None
            news, self._news = self._news, {}
        return message(FILES, json.dumps(list(news.items())).encode())

    def _is_own(self, folder):
        own = self._folders.get(folder)
        if own is None:
            # An editable package may be a link among the installed ones.
            real = os.path.realpath(folder)
            own = not any(part in _INSTALLED for part in real.split(os.sep)) and not any(
                real == foreign or real.startswith(foreign + os.sep) for foreign in self._foreign
            )
            self._folders[folder] = own
        return own


def _state(path):
    """As src/watch.ts has it. Empty for what is not there."""
    try:
        found = os.stat(path)
    except OSError:
        return ""
    return "%d-%d-%d" % (found.st_mtime_ns, found.st_size, found.st_ino)


def _foreign_folders():
    """Real paths of what the project does not consist of: the standard library, installed packages, this worker."""
    paths = sysconfig.get_paths()
    folders = {paths[name] for name in ("stdlib", "platstdlib", "purelib", "platlib") if paths.get(name)}
    folders.add(os.path.dirname(os.__file__))
    folders.add(os.path.dirname(os.path.abspath(__file__)))
    # Old virtual environments have a site module of their own, without this.
    folders.update(getattr(site, "getsitepackages", list)())
    return {os.path.realpath(folder) for folder in folders}
