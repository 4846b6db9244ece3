"""Prints what in the modules of a folder Python 3.8 does not have: syntax, and functions and methods that came later."""

import ast
import pathlib
import sys

# The most tempting ones of the standard library since 3.9.
LATER = {
    "removeprefix",
    "removesuffix",
    "cache",
    "pairwise",
    "batched",
    "to_thread",
    "is_relative_to",
    "add_note",
    "waitstatus_to_exitcode",
    "bit_count",
    "get_annotations",
    "orig_argv",
    "process_cpu_count",
    "randbytes",
    "stdlib_module_names",
}


def names(node):
    if isinstance(node, ast.Attribute):
        yield node.attr
    elif isinstance(node, ast.ImportFrom):
        for alias in node.names:
            yield alias.name


found = False
for path in sorted(pathlib.Path(sys.argv[1]).glob("**/*.py")):
    try:
        tree = ast.parse(path.read_text("utf-8"), str(path), feature_version=(3, 8))
    except SyntaxError as error:
        print("%s:%s: %s" % (path.name, error.lineno, error.msg))
        found = True
        continue
    for node in ast.walk(tree):
        for name in names(node):
            if name in LATER:
                print("%s:%d: %s" % (path.name, node.lineno, name))
                found = True
sys.exit(found)
