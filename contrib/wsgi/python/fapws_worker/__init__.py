"""Runs one WSGI application for Fapws: see docs/worker-protocol.md. Nothing but the standard library, Python 3.8 and later."""
