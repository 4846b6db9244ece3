import hmac

import falcon


class TokenForChanges:
    """Everybody may read; who changes something shows the token."""

    def __init__(self, token):
        self._expected = ("Bearer " + token).encode()

    def process_request(self, req, resp):
        if req.method in ("GET", "HEAD", "OPTIONS"):
            return
        shown = (req.auth or "").encode("utf-8", "surrogateescape")
        # Takes as long whatever is shown, so that it can't be found out letter by letter.
        if not hmac.compare_digest(shown, self._expected):
            raise falcon.HTTPUnauthorized(
                title="A token is needed", description="Send Authorization: Bearer …", challenges=["Bearer"]
            )
