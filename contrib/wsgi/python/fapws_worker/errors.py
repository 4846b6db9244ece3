"""wsgi.errors: goes to the log of the front line by line, with the request at which it was written."""


class ErrorStream:
    """A text sink for all requests; `request_of` says which one the present thread works on."""

    encoding = "utf-8"

    def __init__(self, engine, request_of):
        self._engine = engine
        self._request_of = request_of
        # Ends of text without their line feed, by request.
        self._tails = {}

    def write(self, text):
        if not isinstance(text, str):
            raise TypeError("wsgi.errors takes str, not %s." % type(text).__name__)
        request = self._request_of()
        lines = self._tails.pop(request, "") + text
        end = lines.rfind("\n") + 1
        if end:
            self._log(request, lines[:end])
        if end < len(lines):
            self._tails[request] = lines[end:]
        return len(text)

    def writelines(self, lines):
        for line in lines:
            self.write(line)

    @property
    def has_tails(self):
        return bool(self._tails)

    def flush(self):
        self.finish(self._request_of())

    def finish(self, request):
        """Sends what has no line feed yet."""
        tail = self._tails.pop(request, "")
        if tail:
            self._log(request, tail)

    def _log(self, request, text):
        label = "" if request is None else "%s %s: " % (request.method, request.target)
        self._engine.log(request, "".join(["%s%s\n" % (label, line) for line in text.splitlines()]))
