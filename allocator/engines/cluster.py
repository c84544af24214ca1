"""Workers of a Dask cluster (Rocklin 2015), which a scheduler at an address knows."""

from __future__ import annotations

import pickle
import threading
from collections.abc import Iterable, Iterator
from hashlib import sha256
from itertools import islice
from typing import Any

from allocator.chunks import Columns, solved_chunk
from allocator.engines import Done, Task
from allocator.errors import InputError
from allocator.scenarios import Numbers

AHEAD = 2
"Chunks handed out for each thread of a worker, so that none waits for the next."
PATIENCE = "30s"
RETRIES = 3
"How often a chunk is tried again on another worker after one died of it."
_own = threading.local()


class Cluster:
    """The workers that a scheduler has; they may come and go.

    Args:
        scheduler: its address, such as `tcp://10.0.0.5:8786`.

    Raises:
        InputError: the package is not installed.
    """

    def __init__(self, scheduler: str) -> None:
        try:
            import distributed  # noqa: F401
        except ImportError:
            mend = "install it with pip install 'sovereign-allocator[cluster]'"
            raise InputError.of("a cluster needs Dask's distributed", mend) from None
        self._scheduler = scheduler

    def run(self, session: bytes, tasks: Iterable[Task]) -> Iterator[Done]:
        """What comes of tasks, as each is done.

        A worker that dies takes nothing with it but what it was doing, which another one does again.

        Raises:
            InputError: no scheduler answers, or it has no workers.
        """
        from distributed import Client, as_completed

        with _connected(Client, self._scheduler) as client:
            threads = sum(client.nthreads().values())
            key = sha256(session).hexdigest()
            # Held by the scheduler as a task, so that a worker that is lost does not take it along.
            held = client.submit(bytes, session, key=f"session-{key}")
            waiting = iter(tasks)

            def submitted(count: int) -> list[Any]:
                return [
                    client.submit(_solve, key, held, *task, key=f"chunk-{key}-{task[0]}", retries=RETRIES, pure=False)
                    for task in islice(waiting, count)
                ]

            running = as_completed(submitted(AHEAD * threads), loop=client.loop)  # type: ignore[no-untyped-call]
            for future in running:
                first, columns = future.result()
                future.release()
                for new in submitted(1):
                    running.add(new)  # type: ignore[no-untyped-call]
                yield first, columns


def _connected(client: Any, scheduler: str) -> Any:
    try:
        found = client(scheduler, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError):
        mend = "check the address, as in tcp://10.0.0.5:8786, and that a 'dask scheduler' runs there"
        raise InputError.of(f"no scheduler answers at '{scheduler}'", mend) from None
    if not found.nthreads():
        found.close()
        raise InputError.of(f"the scheduler at '{scheduler}' has no workers", f"start 'dask worker {scheduler}'")
    return found


def _solve(key: str, session: bytes, first: int, values: Numbers) -> Done:
    """On a worker: a chunk, with a session that each of its threads makes once."""
    if getattr(_own, "key", None) != key:
        _own.key, _own.session = key, pickle.loads(session)
    columns: Columns = solved_chunk(_own.session, first, values)
    return first, columns
