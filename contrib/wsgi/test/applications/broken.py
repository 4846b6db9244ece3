"""Can not be loaded."""

undefined_name  # noqa
