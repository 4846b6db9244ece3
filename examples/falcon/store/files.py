"""Files in a folder. Their content is never in memory as a whole, neither on its way in nor on its way out."""

import os
import re
import shutil
import tempfile

import falcon

# No path, no hidden file, nothing that a terminal would take for an option or a control.
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")

BLOCK = 256 * 1024


class Files:
    def __init__(self, folder):
        self._folder = folder

    def on_get(self, req, resp):
        with os.scandir(self._folder) as entries:
            files = [{"name": entry.name, "size": entry.stat().st_size} for entry in entries if NAME.fullmatch(entry.name)]
        resp.media = {"files": sorted(files, key=lambda file: file["name"])}


class File:
    def __init__(self, folder):
        self._folder = folder

    def on_get(self, req, resp, name):
        try:
            # The server closes it, also when the client leaves half-way.
            content = open(self._path(name), "rb")
        except FileNotFoundError:
            raise missing(name) from None
        resp.set_stream(content, os.fstat(content.fileno()).st_size)
        resp.content_type = "application/octet-stream"
        # It is what somebody has sent: to be stored by browsers, not shown.
        resp.downloadable_as = name
        resp.set_header("X-Content-Type-Options", "nosniff")
        # Pictures, archives, films: the server would compress for nothing what is compressed already.
        resp.cache_control = ["no-transform"]

    def on_put(self, req, resp, name):
        path = self._path(name)
        # Written beside its place, and moved there when it is complete: nobody ever sees a part.
        with tempfile.NamedTemporaryFile(dir=self._folder, prefix=".", delete=False) as arriving:
            try:
                # It ends where the content ends.
                shutil.copyfileobj(req.bounded_stream, arriving, BLOCK)
                arriving.flush()
                is_new = not path.exists()
                os.replace(arriving.name, path)
            except BaseException:
                os.unlink(arriving.name)
                raise
        resp.status = falcon.HTTP_201 if is_new else falcon.HTTP_200
        resp.location = "%s/files/%s" % (req.prefix, name)
        resp.media = {"name": name, "size": path.stat().st_size}

    def on_delete(self, req, resp, name):
        try:
            self._path(name).unlink()
        except FileNotFoundError:
            raise missing(name) from None
        resp.status = falcon.HTTP_204

    def _path(self, name):
        if not NAME.fullmatch(name):
            raise falcon.HTTPBadRequest(
                title="This can't be a name", description="Up to 100 letters, digits, dots, dashes and underscores, please."
            )
        return self._folder / name


def missing(name):
    return falcon.HTTPNotFound(title="There is no such file", description="%s is not here." % name)
