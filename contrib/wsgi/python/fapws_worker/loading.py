"""Finds the application: `module:attribute`, or `module:factory()`, which is called without arguments."""

import importlib
import os
import sys


class LoadError(Exception):
    """The application was named in a way that leads nowhere. The message is all that the reader needs."""


def prepare(chdir, pythonpath):
    """Makes the application's folder the current one and the first in which modules are looked for."""
    if chdir:
        os.chdir(chdir)
    sys.path[:0] = [os.path.abspath(path) for path in pythonpath] + [os.getcwd()]


def load(name):
    """Returns the application that `name` leads to."""
    module_name, colon, path = name.partition(":")
    if not colon or not module_name or not path:
        raise LoadError(
            "%r does not name an application. Give a module and an attribute, as in 'shop.wsgi:application', "
            "or a factory, as in 'shop:create_app()'." % name
        )
    is_factory = path.endswith("()")
    if is_factory:
        path = path[:-2]
    found = importlib.import_module(module_name)
    for attribute in path.split("."):
        try:
            found = getattr(found, attribute)
        except AttributeError:
            raise LoadError(
                "%s has no %r. It was looked for in %s."
                % (module_name, path, getattr(sys.modules[module_name], "__file__", None) or "a namespace package")
            ) from None
    if is_factory:
        found = found()
    if not callable(found):
        raise LoadError("%s is no application: a %s can't be called." % (name, type(found).__name__))
    return found
