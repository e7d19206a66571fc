"""A process that makes clips: settings, then groups of rows, come in as lines of JSON; finished rows go out.

It is started by `build`, and ends when the pipe does, so nothing outlives a killed build.
"""

import json
import signal
import sys
import tempfile
from pathlib import Path

from thlab.corpus.clip import make_clip
from thlab.corpus.settings import Settings


def main() -> None:
    """Serve one build. An error goes out as a line of its own and ends the worker."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    root, settings = json.loads(sys.stdin.readline())
    with tempfile.TemporaryDirectory(prefix="thlab-") as scratch:
        for line in sys.stdin:
            for row in json.loads(line):
                try:
                    done = make_clip(Path(root), row, Settings(**settings), Path(scratch))
                except Exception as error:
                    number = error.errno if isinstance(error, OSError) else None
                    print(json.dumps({"error": f"{type(error).__name__}: {error}", "errno": number}), flush=True)
                    return
                print(json.dumps(done), flush=True)


if __name__ == "__main__":
    main()
