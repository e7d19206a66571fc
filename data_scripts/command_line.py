"""The command line that every script in this folder shares."""

import argparse
import sys
from pathlib import Path
from typing import NoReturn

from thlab.data.prepare import prepare


class OneLineParser(argparse.ArgumentParser):
    """Says what is wrong in one line, without the usage."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}\n")


def main(corpus: str, description: str | None, argv: list[str] | None = None) -> int:
    """The command line that every script in data_scripts/ shares. Returns the exit status."""
    parser = OneLineParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("root", type=Path, help="the corpus in its official layout")
    parser.add_argument("out", type=Path, help="where the prepared clips go")
    parser.add_argument(
        "--size", type=int, default=128, help="pixels of a crop's side, 64 to 256 (default 128)"
    )
    parser.add_argument("--workers", type=int, default=1, help="processes (default 1)")
    parser.add_argument("--limit", type=int, help="prepare the first so many clips")
    parser.add_argument("--speakers", nargs="+", help="prepare these speakers' clips")
    arguments = parser.parse_args(argv)
    for name in ("workers", "limit"):
        if getattr(arguments, name) is not None and getattr(arguments, name) < 1:
            parser.error(f"--{name} {getattr(arguments, name)}: at least 1 is needed")
    try:
        counts = prepare(corpus, **vars(arguments))
    except (ValueError, OSError, ImportError) as error:
        parser.error(str(error))
    except KeyboardInterrupt:
        print("interrupted: the same command resumes", file=sys.stderr)
        return 130
    print(
        f"{arguments.out}: {counts['prepared']} clips prepared, {counts['skipped']} were there, "
        f"{counts['unusable']} unusable (unusable.jsonl says why)"
    )
    return 0
