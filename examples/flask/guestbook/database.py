"""The entries, in SQLite: a connection for each request, so that threads share none."""

import sqlite3
from pathlib import Path

from flask import current_app, g


def connection():
    if "connection" not in g:
        g.connection = sqlite3.connect(Path(current_app.config["DATA"], "guestbook.db"))
        g.connection.row_factory = sqlite3.Row
    return g.connection


def close(_error):
    if "connection" in g:
        g.pop("connection").close()


def create():
    with connection() as entries:
        entries.execute(
            """CREATE TABLE IF NOT EXISTS entry
            (id INTEGER PRIMARY KEY, at TEXT DEFAULT (datetime('now')), name TEXT, text TEXT, picture TEXT)"""
        )


def add(name, text, picture):
    with connection() as entries:
        entries.execute("INSERT INTO entry (name, text, picture) VALUES (?, ?, ?)", (name, text, picture))


def latest(count):
    return connection().execute("SELECT * FROM entry ORDER BY id DESC LIMIT ?", (count,)).fetchall()


def every():
    """Yields all entries, some hundred at a time: between these, nobody who wants to write has to wait for a slow reader."""
    last = 0
    while entries := connection().execute("SELECT * FROM entry WHERE id > ? ORDER BY id LIMIT 500", (last,)).fetchall():
        yield from entries
        last = entries[-1]["id"]
