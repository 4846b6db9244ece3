import common
from flask import Flask, Response, request, send_file, session, url_for

app = Flask(__name__)
app.config["SECRET_KEY"] = "not a secret"


@app.get("/where")
def where():
    return {"url": url_for("where", _external=True), "root": request.script_root, "path": request.path, "client": request.remote_addr}


@app.post("/form")
def form():
    return request.form.to_dict(flat=False)


@app.post("/upload")
def upload():
    file = request.files["file"]
    return {"note": request.form["note"], "name": file.filename, "file": common.digest(file.stream)}


@app.get("/counted")
def counted():
    session["count"] = session.get("count", 0) + 1
    return str(session["count"])


@app.get("/file")
def file():
    return send_file(common.file_of(int(request.args["size"])), mimetype="application/octet-stream")


@app.get("/stream/<name>")
def stream(name):
    return Response(getattr(common, name)(), mimetype="text/event-stream")


@app.get("/closed")
def closed():
    return common.closed


@app.post("/advance")
def advance():
    common.advance()
    return ""


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
    return ""


@app.get("/fail")
def fail():
    common.fail()
