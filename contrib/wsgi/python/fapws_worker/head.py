"""Status and headers of an answer: checked when start_response is called (PEP 3333: "Error Handling", "Other HTTP Features")."""

import re

_status = re.compile(r"[2-9][0-9][0-9] [\t\x20-\x7e\x80-\xff]*", re.ASCII)
_name = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+", re.ASCII)
_value = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_length = re.compile(r"[0-9]{1,15}", re.ASCII)

# They describe the connection, which is the server's.
_hop_by_hop = frozenset(
    (
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "trailers",
        "transfer-encoding",
        "upgrade",
    )
)

# An application says the same things again and again. All are forgotten when there are too many.
_known = {}
_MOST_KNOWN = 1024
_LONGEST_KNOWN = 2048


class Head:
    """A head that may be sent: `octets` as the front wants them, and what they mean for the content."""

    __slots__ = ("octets", "length", "has_content")

    def __init__(self, octets, length, has_content):
        self.octets = octets
        # Content-Length, or None.
        self.length = length
        self.has_content = has_content

    def with_length(self, length):
        """This head and a Content-Length, which the application has left to the server."""
        return Head(self.octets + b"\nContent-Length\n%d" % length, length, self.has_content)


def head_of(status, headers):
    """HOT. The head with a status and headers. Raises TypeError or ValueError that says what is wrong with them."""
    if type(headers) is not list:
        raise TypeError("Headers are a list of (name, value) tuples, not a %s." % type(headers).__name__)
    try:
        key = (status, *headers)
        known = _known.get(key)
    except TypeError:
        # Something in it can't be hashed, so it is no tuple of strings; the check says what.
        key = known = None
    return known or _checked(status, headers, key)


def _checked(status, headers, key):
    if type(status) is not str:
        raise TypeError("The status is a str, not a %s: %r." % (type(status).__name__, status))
    if not _status.fullmatch(status):
        raise ValueError(
            "%r is not a status. Give three digits from 200 on, a space and a reason, as in '200 OK'." % status
        )
    lines = [status]
    length = None
    code = status[:3]
    for header in headers:
        if type(header) is not tuple or len(header) != 2:
            raise TypeError("A header is a tuple of name and value, not %r." % (header,))
        name, value = header
        if type(name) is not str or type(value) is not str:
            raise TypeError("Name and value of a header are str: %r." % (header,))
        if not _name.fullmatch(name):
            raise ValueError("%r is not a header name. A name has letters, digits and -_.!#$%%&'*+^`|~ only." % name)
        if not _value.fullmatch(value):
            raise ValueError(
                "The value of %s has a character that a header can't carry: %r. Controls, CR, LF, NUL and what is "
                "above U+00FF have to be encoded." % (name, value)
            )
        lower = name.lower()
        if lower in _hop_by_hop:
            raise ValueError(
                "%s describes the connection, which is the server's: an application must not set it (PEP 3333)." % name
            )
        if lower == "status":
            raise ValueError("The status is an argument of its own, not a header.")
        if lower == "content-length":
            if length is not None:
                raise ValueError("Content-Length is given twice.")
            if not _length.fullmatch(value):
                raise ValueError("Content-Length %r is not a number of octets." % value)
            length = int(value)
        lines.append(name)
        lines.append(value)
    octets = "\n".join(lines).encode("latin-1")
    head = Head(octets, length, code not in ("204", "205", "304"))
    if key is not None and len(octets) <= _LONGEST_KNOWN:
        if len(_known) >= _MOST_KNOWN:
            _known.clear()
        _known[key] = head
    return head
