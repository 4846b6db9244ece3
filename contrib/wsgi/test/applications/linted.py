"""The applications of validated.py behind Werkzeug's judge of servers, which warns when one breaks a rule."""

import warnings

import validated
from werkzeug.middleware.lint import LintMiddleware


def reading(environ, start_response):
    """The one of validated.py, without what this judge forbids: readlines, and lines without a bound."""
    source = environ["wsgi.input"]
    parts = [source.read(size) for size in (2, 2, 3, 100)]
    start_response("200 OK", validated.TEXT)
    return [b"|".join(parts)]


def without(environ, start_response):
    """This judge wants a length even here; HTTP forbids it, so it is for the server to leave it out."""
    start_response("204 No Content", [("Content-Length", "0")])
    return []


OWN = {"reading": reading, "without": without}
judged = {name: LintMiddleware(OWN.get(name, getattr(validated, name))) for name in validated.checked}

# What validated.py has set is for the other judge. A warning that is raised could be caught on its way.
warnings.simplefilter("always")
warnings.showwarning = lambda message, category, *rest: validated.complaints.append(
    "%s: %s" % (category.__name__, message)
)


def application(environ, start_response):
    name = environ["PATH_INFO"].strip("/")
    return (judged.get(name) or validated.application)(environ, start_response)
