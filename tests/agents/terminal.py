"""A terminal of its own for a command: each line of standard input is typed, and what the command shows is printed.

usage: terminal.py COMMAND [ARGUMENT…]
"""

import os
import pty
import sys
import threading

pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])


def typing():
    for line in sys.stdin:
        os.write(terminal, line.encode())


threading.Thread(target=typing, daemon=True).start()
try:
    while shown := os.read(terminal, 4096):
        sys.stdout.buffer.write(shown)
        sys.stdout.buffer.flush()
except OSError:
    # How Linux says that nobody holds the other end any more.
    pass
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
