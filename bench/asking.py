"""Asks a web process for a page without a pause, eight at a time, until its standard input ends; prints how many
answers came. A program of its own, so that who asks takes no time from who measures (one interpreter has one lock).

usage: python -m bench.asking http://127.0.0.1:8443/about
"""

import contextlib
import os
import sys
import threading
import urllib.request

N_BUSY = 8


def ask(address: str, ended: threading.Event, answers: list[int]) -> None:
    """One of the eight."""
    while not ended.is_set():
        with contextlib.suppress(OSError):
            answers.append(len(urllib.request.urlopen(address, timeout=10).read()))


def main(address: str) -> None:
    """All of them, behind everything else of this machine."""
    os.nice(19)
    ended, answers = threading.Event(), list[int]()
    threads = [threading.Thread(target=ask, args=(address, ended, answers)) for _ in range(N_BUSY)]
    for each in threads:
        each.start()
    sys.stdin.read()
    ended.set()
    for each in threads:
        each.join()
    sys.stdout.write(f"{len(answers)}\n")


if __name__ == "__main__":
    main(sys.argv[1])
