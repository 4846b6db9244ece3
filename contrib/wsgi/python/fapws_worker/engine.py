"""Takes requests from the channel and calls the application: what one thread and several have in common."""

import io
import marshal
import sys
import traceback

from .content import ClientDisconnected, buffered, opened
from .errors import ErrorStream
from .file_wrapper import FileWrapper
from .protocol import (
    ABORT,
    BROKEN,
    CONTENT,
    CREDIT,
    END,
    FILE,
    LOG,
    MULTIPROCESS,
    REQUEST,
    STOP,
    ProtocolError,
    message,
)
from .response import Response


class EndOfChannel(BaseException):
    """The front is gone, or has said that nothing more comes. No application's `except Exception` may swallow it."""


class Engine:
    multithread = False

    def __init__(self, application, channel, extras):
        self.application = application
        self.channel = channel
        self.stopping = False
        # Requests that are queued or being answered.
        self.requests = {}
        self.errors = ErrorStream(self, self.current_request)
        # The same in every environ.
        self.constants = {
            "wsgi.version": (1, 0),
            "wsgi.errors": self.errors,
            "wsgi.multithread": self.multithread,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
            "wsgi.input_terminated": True,
            "wsgi.file_wrapper": FileWrapper,
        }
        self.constants.update(extras)

    # What the engines do differently.

    def run(self):
        """Returns when the channel is at its end, or after STOP when all is answered."""
        raise NotImplementedError

    def current_request(self):
        """The Response on which the present thread works, or None."""
        raise NotImplementedError

    def enqueue(self, job):
        raise NotImplementedError

    def news(self):
        """Something has arrived for a request that may be waiting."""

    def send(self, data):
        """Sends at once."""
        raise NotImplementedError

    def log(self, request, lines):
        """Sends whole lines to the front's log."""
        # Lone surrogates, as file names can have, are shown and stop nothing.
        octets = lines.encode("utf-8", "backslashreplace")
        self.send(message(LOG, octets, 0 if request is None else request.id))

    def wait(self, request):
        """Returns when there is news of a request, or may be."""
        raise NotImplementedError

    def poll(self, request):
        """Learns what has arrived of a request without waiting. Raises nothing: `gone` says it."""

    # From the front.

    def dispatch(self, messages):
        """HOT."""
        for kind, flags, request, argument, payload in messages:
            if kind == REQUEST:
                # marshal stops at the end of the dict; what follows it is content.
                environ = marshal.loads(payload)
                response = Response(self, request, environ["REQUEST_METHOD"], environ["REQUEST_URI"], flags & END != 0)
                self.requests[request] = response
                self.enqueue((response, environ, flags, payload[argument:]))
                continue
            if kind == STOP:
                self.stopping = True
                continue
            response = self.requests.get(request)
            if kind == CREDIT:
                if response is not None:
                    response.credit += argument
            elif kind == ABORT:
                if response is not None:
                    response.gone = True
            elif kind == CONTENT:
                if response is not None and response.pieces is not None:
                    if payload:
                        response.pieces.append(payload)
                    if flags & END:
                        response.content_ended = True
            else:
                raise ProtocolError("a message of type %d, which a front does not send" % kind)
            self.news()

    # To the application.

    def call(self, job):
        """HOT. Answers one request, whatever the application does."""
        response, environ, flags, content = job
        if response.gone:
            # It left while it was queued: nobody needs to know what the application would have said.
            self.finish(response)
            return
        try:
            environ.update(self.constants)
            if flags & MULTIPROCESS:
                environ["wsgi.multiprocess"] = True
            environ["wsgi.early_hints"] = response.early_hints
            if flags & FILE:
                with opened(content) as environ["wsgi.input"]:
                    response.deliver(self.application(environ, response.start_response))
            else:
                environ["wsgi.input"] = io.BytesIO(content) if flags & END else buffered(response, self)
                response.deliver(self.application(environ, response.start_response))
        except ClientDisconnected:
            # That the client has left is no news to report.
            pass
        except EndOfChannel:
            raise
        except BaseException:
            # SystemExit too: an application that calls sys.exit() fails, and the worker goes on.
            self.fail(response)
        if self.errors.has_tails:
            self.errors.finish(response)
        if response.ended:
            del self.requests[response.id]
        else:
            self.finish(response)

    def finish(self, response):
        """The front counts on a last word about every request, also when nobody waits for the answer any more."""
        del self.requests[response.id]
        self.send(message(BROKEN, b"", response.id))

    def fail(self, response):
        """Tells the front what was raised, and where. It answers 500, or cuts what has begun."""
        text = own_traceback()
        if response.ended or response.gone:
            # The client has its answer, or has left; this is a matter for the log.
            self.errors.write(text)
        else:
            response.ended = True
            self.send(message(BROKEN, text.encode("utf-8", "backslashreplace"), response.id))


def own_traceback():
    """The traceback of what is being handled, without the worker's own outermost frame."""
    kind, error, trace = sys.exc_info()
    try:
        if trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        return "".join(traceback.format_exception(kind, error, trace))
    finally:
        del trace, error
