"""Copy book/ to a folder under _build/ and add the API page: what Jupyter Book renders, so book/ stays as it is.

python book/tools/stage.py _build/book
"""

import shutil
import sys
from pathlib import Path

from api_page import api_page

BOOK = Path(__file__).resolve().parent.parent
NOT_COPIED = shutil.ignore_patterns("vendor", "tools", ".*", "__pycache__")


def write_if_changed(path: Path, text: str) -> None:
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


def remove_vanished(target: Path, keep: set[Path]) -> None:
    """Remove what book/ no longer has; `keep` names files that only the copy has."""
    for path in target.rglob("*"):
        relative = path.relative_to(target)
        if path.is_file() and relative.parts[0] != "vendor" and not (BOOK / relative).exists() and relative not in keep:
            path.unlink()


def stage(target: Path, skip: set[str] = frozenset()) -> None:
    """Make target a copy of book/, but for the top-level files named in skip; files keep their times."""

    def ignore(folder: str, names: list[str]) -> set[str]:
        here = skip & set(names) if Path(folder) == BOOK else set()
        return NOT_COPIED(folder, names) | here

    shutil.copytree(BOOK, target, ignore=ignore, dirs_exist_ok=True)
    models = {p.relative_to(target) for p in target.glob("static/models/*")} if skip else set()
    remove_vanished(target, {Path("api.md"), *models})
    write_if_changed(target / "api.md", api_page(BOOK.parent))
    vendor = target / "vendor"
    if not vendor.is_symlink():
        vendor.symlink_to(BOOK / "vendor", target_is_directory=True)


if __name__ == "__main__":
    stage(Path(sys.argv[1]))
