#!/usr/bin/env python3
# Each line is sent when it is flushed. When the client leaves, the script is ended: SIGTERM, and SIGKILL a while later.

import time

print("Content-Type: text/plain\n", flush=True)
for second in (3, 2, 1):
    print(second, flush=True)
    time.sleep(0.5)
print("go")
