import json

import common
from bottle import Bottle, request, response

app = Bottle()


@app.get("/where")
def where():
    return {
        "url": request.url,
        "root": request.script_name.rstrip("/"),
        "path": request.path,
        "client": request.remote_addr,
    }


@app.post("/form")
def form():
    # Attributes and decode() are text; items are octets as code points, as Bottle has it.
    fields = request.forms.decode()
    return {name: fields.getall(name) for name in fields}


@app.post("/upload")
def upload():
    file = request.files["file"]
    # Of a multipart form items are text.
    return {"note": request.forms["note"], "name": file.raw_filename, "file": common.digest(file.file)}


@app.get("/counted")
def counted():
    count = request.get_cookie("count", default=0, secret="not a secret") + 1
    response.set_cookie("count", count, secret="not a secret")
    return str(count)


@app.get("/file")
def file():
    response.content_type = "application/octet-stream"
    # Bottle hands a file to wsgi.file_wrapper.
    return common.file_of(int(request.query.size))


@app.get("/stream/<name>")
def stream(name):
    response.content_type = "text/event-stream"
    return getattr(common, name)()


@app.get("/closed")
def closed():
    return json.dumps(common.closed)


@app.post("/advance")
def advance():
    common.advance()


@app.get("/meet")
def meet():
    common.meet()
    return "met"


@app.get("/rest")
def rest():
    common.rest(request.environ["wsgi.errors"])
    return "rested"


@app.post("/wake")
def wake():
    common.wake()


@app.get("/fail")
def fail():
    common.fail()
