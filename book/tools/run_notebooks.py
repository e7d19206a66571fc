"""Execute the book's chapters: for a reader in a copy, or for an author in place.

    python book/tools/run_notebooks.py copy _build/executed        (make run)
    python book/tools/run_notebooks.py inplace book/dtw.ipynb ...  (make notebooks)

In a copy, a chapter whose text, package and preset are those of its last run is not executed again.
"""

import argparse
import hashlib
import os
import time
from pathlib import Path

import nbformat
from chapter import chapters, read
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from stage import BOOK, stage

from thlab.training.presets import current

MAX_BYTES = 1_500_000
CELL_SECONDS = 3600


def fingerprint(notebook: nbformat.NotebookNode) -> str:
    """Changes whenever outputs might: with cells, package, pinned packages and preset."""
    digest = hashlib.sha256(current().encode())
    for cell in notebook.cells:
        digest.update(f"{cell.cell_type}\n{cell.source}\n{cell.metadata}\n".encode())
    for path in [*sorted((BOOK.parent / "thlab").rglob("*.py")), BOOK.parent / "constraints.txt"]:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def execute(notebook: nbformat.NotebookNode, name: str, folder: Path) -> None:
    """Run every cell in order, saying how far it is; the first failing cell ends the program."""
    code = sum(cell.cell_type == "code" for cell in notebook.cells)
    started = time.monotonic()
    done = 0

    def report(**_: object) -> None:
        nonlocal done
        done += 1
        print(
            f"\r{name}: cell {done} of {code}, {time.monotonic() - started:.0f} s ",
            end="",
            flush=True,
        )

    client = NotebookClient(
        notebook,
        timeout=CELL_SECONDS,
        kernel_name="python3",
        # else each kernel warns that its local connection is not encrypted
        extra_arguments=["--log-level=40"],
        resources={"metadata": {"path": str(folder)}},
        record_timing=False,
        coalesce_streams=True,  # prints of one cell are one box on the page
        on_cell_executed=report,
    )
    try:
        client.execute()
    except CellExecutionError as error:
        raise SystemExit(f"\n{name}: {error}") from None
    finally:
        print(flush=True)


def forget_defaults(notebook: nbformat.NotebookNode) -> None:
    """Drop what the widgets leave unset, most of their state: the page fills it in."""
    for view in notebook.metadata.get("widgets", {}).values():
        for model in view["state"].values():
            model["state"] = {
                key: value for key, value in model["state"].items() if value is not None
            }


def save(notebook: nbformat.NotebookNode, path: Path) -> None:
    part = path.with_suffix(".part")
    nbformat.write(notebook, part)
    part.replace(path)


def run_copy(target: Path) -> None:
    """Execute what changed in a copy of the book; the copy's figures and models are its own."""
    fresh = set()
    for source in chapters(BOOK):
        copy = target / source.name
        if copy.exists() and read(copy).metadata.get("thlab_run") == fingerprint(read(source)):
            print(f"{source.stem}: unchanged, not executed again")
            fresh.add(source.name)
    stage(target, executed=fresh)
    os.environ["THLAB_BOOK"] = str(target.resolve())
    for source in chapters(BOOK):
        if source.name not in fresh:
            notebook = read(source)
            notebook.metadata["thlab_run"] = fingerprint(notebook)
            execute(notebook, source.stem, target)
            save(notebook, target / source.name)


def run_in_place(paths: list[Path]) -> None:
    """Refresh the stored outputs of chapters; nothing of the machine that ran them is kept."""
    os.environ["THLAB_BOOK"] = str(BOOK)
    for path in paths:
        notebook = read(path)
        execute(notebook, path.stem, path.parent)
        notebook.metadata["language_info"] = {"name": "python"}
        forget_defaults(notebook)
        save(notebook, path)
        size = path.stat().st_size
        print(f"{path.stem}: {size / 1e3:.0f} kB")
        if size > MAX_BYTES:
            raise SystemExit(
                f"{path} is larger than {MAX_BYTES / 1e6} MB: show fewer or smaller pictures"
            )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("how", choices=["copy", "inplace"])
    parser.add_argument("paths", nargs="+", type=Path)
    args = parser.parse_args()
    print(f"preset: {current()}")
    if args.how == "copy":
        run_copy(args.paths[0])
    else:
        run_in_place(args.paths)


if __name__ == "__main__":
    main()
