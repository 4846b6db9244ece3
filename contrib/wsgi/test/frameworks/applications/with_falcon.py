import os

import common
import falcon


class Where:
    def on_get(self, req, resp):
        resp.media = {"url": req.uri, "root": req.app, "path": req.path, "client": req.remote_addr}


class Form:
    def on_post(self, req, resp):
        resp.media = {name: value if isinstance(value, list) else [value] for name, value in req.get_media().items()}


class Upload:
    def on_post(self, req, resp):
        result = {}
        for part in req.get_media():
            if part.name == "note":
                result["note"] = part.text
            else:
                result["name"] = part.filename
                result["file"] = common.digest(part.stream)
        resp.media = result


class Counted:
    def on_get(self, req, resp):
        count = int(req.cookies.get("count", 0)) + 1
        resp.set_cookie("count", str(count), secure=False)
        resp.text = str(count)


class File:
    def on_get(self, req, resp):
        file = common.file_of(req.get_param_as_int("size"))
        resp.content_type = "application/octet-stream"
        resp.set_stream(file, os.fstat(file.fileno()).st_size)


class Stream:
    def on_get(self, req, resp, name):
        resp.content_type = "text/event-stream"
        resp.stream = getattr(common, name)()


class Closed:
    def on_get(self, req, resp):
        resp.media = common.closed


class Advance:
    def on_post(self, req, resp):
        common.advance()


class Meet:
    def on_get(self, req, resp):
        common.meet()
        resp.text = "met"


class Rest:
    def on_get(self, req, resp):
        common.rest(req.env["wsgi.errors"])
        resp.text = "rested"


class Wake:
    def on_post(self, req, resp):
        common.wake()


class Fail:
    def on_get(self, req, resp):
        common.fail()


app = falcon.App()
app.add_route("/stream/{name}", Stream())
for resource in (Where, Form, Upload, Counted, File, Closed, Advance, Meet, Rest, Wake, Fail):
    app.add_route("/" + resource.__name__.lower(), resource())
