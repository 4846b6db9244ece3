"""A guestbook with pictures. Nothing in here knows which server runs it."""

from datetime import timedelta
from pathlib import Path

from flask import Flask

from . import database, views


def create_app():
    """What the server is told to call; each worker does so once."""
    app = Flask(__name__)
    app.config.from_mapping(
        DATA="data",
        # A form with its picture. The server has the same limit, and refuses what is larger before Python sees it.
        MAX_CONTENT_LENGTH=9 * 1024**2,
        PERMANENT_SESSION_LIFETIME=timedelta(days=30),
        SESSION_COOKIE_SAMESITE="Lax",
    )
    # FLASK_SECRET_KEY, FLASK_DATA, and where the site is served over TLS FLASK_SESSION_COOKIE_SECURE=true.
    app.config.from_prefixed_env()
    if not app.config["SECRET_KEY"]:
        raise RuntimeError("FLASK_SECRET_KEY is not set. Sessions are signed with it: any long random text will do.")
    Path(app.config["DATA"], "pictures").mkdir(parents=True, exist_ok=True)
    app.teardown_appcontext(database.close)
    app.register_blueprint(views.guestbook)
    with app.app_context():
        database.create()
    return app
