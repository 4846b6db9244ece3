"""What visitors see and send."""

import json
import secrets
from pathlib import Path

from flask import (
    Blueprint,
    Response,
    abort,
    current_app,
    flash,
    redirect,
    render_template,
    request,
    session,
    stream_with_context,
    url_for,
)

from . import database

guestbook = Blueprint("guestbook", __name__)

# The formats that are taken, by how their content begins. What its sender calls a file says nothing.
SIGNATURES = {b"\x89PNG\r\n\x1a\n": ".png", b"\xff\xd8\xff": ".jpg", b"GIF87a": ".gif", b"GIF89a": ".gif"}


@guestbook.before_request
def refuse_foreign_forms():
    """Any page of the web can have its visitors' browsers send a form here. They say so."""
    if request.method == "POST" and request.headers.get("Sec-Fetch-Site", "none") not in ("same-origin", "none"):
        abort(403, "This form was sent by a page of another site.")


@guestbook.get("/")
def index():
    return page()


@guestbook.post("/")
def sign():
    name = request.form.get("name", "").strip()
    text = request.form.get("text", "").strip()
    upload = request.files.get("picture")
    picture = None
    if not 0 < len(name) <= 80 or not 0 < len(text) <= 2000:
        return page(wrong="A name and some words, please.", text=text), 422
    if upload:
        picture = keep(upload)
        if picture is None:
            return page(wrong="A PNG, JPEG or GIF, please.", text=text), 422
    database.add(name, text, picture)
    # Next time the name is there already.
    session["name"] = name
    session.permanent = True
    flash("Thank you!")
    # Reloading the page that follows does not send the form once more.
    return redirect(url_for(".index"), 303)


@guestbook.get("/entries.jsonl")
def export():
    """All entries, a line each, made while they are sent: however many there are, few are in memory."""
    lines = (json.dumps(dict(entry), ensure_ascii=False) + "\n" for entry in database.every())
    return Response(stream_with_context(lines), mimetype="application/x-ndjson")


def page(wrong=None, text=""):
    name = request.form.get("name", session.get("name", ""))
    return render_template("index.html", entries=database.latest(50), wrong=wrong, name=name, text=text)


def keep(upload):
    """Stores a picture under a name of our own. Returns None for what is no picture."""
    begin = upload.stream.read(8)
    upload.stream.seek(0)
    for signature, suffix in SIGNATURES.items():
        if begin.startswith(signature):
            name = secrets.token_hex(16) + suffix
            upload.save(Path(current_app.config["DATA"], "pictures", name))
            return name
    return None
