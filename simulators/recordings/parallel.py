"""The same work on many recordings, on every processor at hand, the answers in the order of the recordings."""

import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from itertools import islice
from typing import TypeVar

Task = TypeVar("Task")
Answer = TypeVar("Answer")


def in_turn(work: Callable[[Task], Answer], tasks: Sequence[Task]) -> Iterator[Answer]:
    """work(task) of each task, in the order of tasks; what it raises comes out where its answer would.

    `work` is a function of a module (it is sent to other processes by name). One task is worked on right here. What
    was not begun when the iterator is left is not done.
    """
    n_workers = min(len(tasks), len(os.sched_getaffinity(0)))
    if n_workers <= 1:
        yield from map(work, tasks)
        return
    # spawned, not forked: a progress bar's thread may be running, and a fork would copy its locks
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(n_workers, context, initializer=_leave_interrupts_to_the_parent) as pool:
        waiting: deque[Future[Answer]] = deque()
        left = iter(tasks)
        try:
            waiting.extend(pool.submit(work, task) for task in islice(left, 2 * n_workers))
            while waiting:
                answer = waiting.popleft().result()
                waiting.extend(pool.submit(work, task) for task in islice(left, 1))
                yield answer
        finally:
            for future in waiting:
                future.cancel()


def _leave_interrupts_to_the_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
