"""wsgi.file_wrapper (PEP 3333: "Optional Platform-Specific File Handling")."""

import os
import stat


class FileWrapper:
    """Iterates a file in blocks, from where it stands. It reads nothing before it is iterated."""

    def __init__(self, filelike, blksize=8192):
        self.filelike = filelike
        self.blksize = blksize
        if hasattr(filelike, "close"):
            self.close = filelike.close

    def __iter__(self):
        return self

    def __next__(self):
        block = self.filelike.read(self.blksize)
        if block:
            return block
        raise StopIteration

    def length(self):
        """Octets from where a real file stands to its end; None for anything else."""
        try:
            status = os.fstat(self.filelike.fileno())
            if not stat.S_ISREG(status.st_mode):
                return None
            # What reads through a decompressor, or writes text, has a descriptor too, but its octets are others.
            if type(self.filelike).__module__ not in ("_io", "tempfile"):
                return None
            if "b" not in self.filelike.mode:
                return None
            return max(0, status.st_size - self.filelike.tell())
        except (AttributeError, OSError, TypeError, ValueError):
            return None
