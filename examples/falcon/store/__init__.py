"""A store of files over HTTP: PUT, GET, DELETE, and a list."""

import os
from pathlib import Path

import falcon

from .files import File, Files
from .token import TokenForChanges


def create():
    """What the server is told to call; each worker does so once."""
    folder = Path(os.environ["FILES"])
    app = falcon.App(middleware=[TokenForChanges(os.environ["TOKEN"])])
    app.add_route("/files", Files(folder))
    app.add_route("/files/{name}", File(folder))
    return app
