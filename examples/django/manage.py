#!/usr/bin/env python3
"""The commands of this project: `python3 manage.py help`."""

import os
import sys


def main():
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bookshop.settings")
    try:
        from django.core.management import execute_from_command_line
    except ModuleNotFoundError as error:
        if error.name != "django":
            raise
        sys.exit(
            "There is no Django for %s. Get it with apt-get install python3-django, "
            "or into an active virtual environment with pip install django." % sys.executable
        )
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
