"""Work shared among processes: each is told its share in JSON, all answer on one pipe.

Processes of their own rather than a pool's: a script that builds a corpus needs no guard for its
main module.
"""

import errno
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Generator
from typing import Any

import numpy as np

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def shared_work(
    worker: str,
    arguments: list[str],
    tasks: list[dict],
    workers: int,
) -> Generator[dict, None, None]:
    """Start workers, give each a stretch of the tasks, and yield the answers as they come.

    worker: Python source that ends in `answer_all`; arguments: what it finds in sys.argv. Closing
    ends the workers.
    """
    command = [sys.executable, "-c", worker, *arguments]
    reader, writer = os.pipe()
    team = []
    try:
        for share in np.array_split(np.arange(len(tasks)), min(workers, len(tasks))):
            with tempfile.TemporaryFile("w+") as told:
                json.dump([tasks[i] for i in share], told)
                told.seek(0)
                environment = os.environ | ONE_THREAD
                team.append(subprocess.Popen(command, stdin=told, stdout=writer, env=environment))
        os.close(writer)  # the pipe now ends with the last worker
        with open(reader) as answers:
            yield from map(json.loads, answers)
    finally:
        for process in team:
            process.kill()
            process.wait()


def answer_all(do: Callable[[dict], dict[str, Any]]) -> None:
    """Be a worker: do each task that comes in and answer with what it gives, or with its error."""
    # Ctrl-C reaches the whole group; the parent decides
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for task in json.load(sys.stdin):
        try:
            answer = do(task)
        except Exception as error:
            number = getattr(error, "errno", None)
            answer = {"error": f"{type(error).__name__}: {error}", "errno": number}
        # in one piece: all workers write to one pipe, and print writes twice
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def raise_error(answer: dict, what: str, hint: str) -> None:
    """OSError where a worker met a full disk, RuntimeError where anything else went wrong."""
    if answer.get("errno") == errno.ENOSPC:
        raise OSError(errno.ENOSPC, f"the disk is full; free some and make {what} again: {hint}")
    if "error" in answer:
        raise RuntimeError(f"making {what} failed: {answer['error']}")
