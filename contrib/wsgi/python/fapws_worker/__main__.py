"""The start of a worker: `python3 -u …/fapws_worker`, with the channel to the front as descriptor 3.

Python has put this folder in front of sys.path. The application must find nothing of ours there, so the folder is taken
away again as soon as the package is loaded, which therefore loads all of itself at once.
"""

import os
import sys

folder = os.path.dirname(os.path.abspath(__file__))
# Not there with PYTHONSAFEPATH.
if sys.path and os.path.abspath(sys.path[0]) == folder:
    del sys.path[0]
sys.path.insert(0, os.path.dirname(folder))
try:
    from fapws_worker.main import main
finally:
    del sys.path[0]

sys.exit(main())
