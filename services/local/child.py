"""A process of the product under the supervisor: it ends when the supervisor does, however that happens."""

import ctypes
import os
import signal
import sys
from typing import Final

from services.local.cli import main

PR_SET_PDEATHSIG: Final = 1


def follow(parent: int) -> None:
    """This will have the kernel end this process when its parent dies, even by SIGKILL (Linux only).

    It is asked for here and not between fork and exec, where Python code can deadlock in a supervisor with threads.
    Elsewhere the next supervisor ends what an earlier one left behind.
    """
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != parent:  # it died before we asked
        sys.exit(0)


if __name__ == "__main__":
    follow(int(sys.argv.pop(1)))
    main()
