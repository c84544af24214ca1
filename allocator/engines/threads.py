"""Threads of this process: solvers work outside Python's lock."""

from __future__ import annotations

import os
import pickle
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice

from allocator.chunks import solved_chunk
from allocator.engines import Done, Task
from allocator.errors import InputError

AHEAD = 2
"Tasks handed out for each thread, so that none waits for the next."


class Threads:
    """So many threads, with a session each.

    Args:
        count: one for each processor by default.

    Raises:
        InputError: fewer than one.
    """

    def __init__(self, count: int | None = None) -> None:
        self.count = count if count is not None else len(os.sched_getaffinity(0))
        if self.count < 1:
            raise InputError.of(f"{count} threads", "ask for one or more")

    def run(self, session: bytes, tasks: Iterable[Task]) -> Iterator[Done]:
        """What comes of tasks, as each is done."""
        own, waiting = threading.local(), iter(tasks)

        def solve(task: Task) -> Done:
            if not hasattr(own, "session"):
                own.session = pickle.loads(session)
            return task[0], solved_chunk(own.session, *task)

        with ThreadPoolExecutor(self.count) as pool:
            running: set[Future[Done]] = {pool.submit(solve, task) for task in islice(waiting, AHEAD * self.count)}
            try:
                while running:
                    done, running = wait(running, return_when=FIRST_COMPLETED)
                    running |= {pool.submit(solve, task) for task in islice(waiting, len(done))}
                    yield from (future.result() for future in done)
            finally:
                pool.shutdown(wait=True, cancel_futures=True)
