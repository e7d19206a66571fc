"""Copy book/ to a folder under _build/ and add the pages that tools write.

That is what Jupyter Book renders; book/ stays as it is.

    python book/tools/stage.py _build/book
"""

import shutil
import sys
from pathlib import Path

from api_page import api_page
from claims_page import claims_page
from results_page import BUILT, FIGURE, results_page, write_forest

BOOK = Path(__file__).resolve().parent.parent
NOT_COPIED = shutil.ignore_patterns("vendor", "tools", ".*", "__pycache__")
MADE = ("api.md", "claims.md", "results-*.md", FIGURE.format("*"))


def write_if_changed(path: Path, text: str) -> None:
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


def remove_vanished(target: Path, own: tuple[str, ...]) -> None:
    """Remove what book/ no longer has; `own` are the patterns of files that only the copy has."""
    for path in target.rglob("*"):
        relative = path.relative_to(target)
        stays = relative.parts[0] == "vendor" or any(relative.match(pattern) for pattern in own)
        if path.is_file() and not stays and not (BOOK / relative).exists():
            path.unlink()


def stage(target: Path, executed: set[str] | None = None) -> None:
    """Make target a copy of book/; files keep their times.

    executed: chapters that the copy has run itself; they and the models they wrote are left as they
    are.
    """
    left = set() if executed is None else executed | {"models"}

    def ignore(folder: str, names: list[str]) -> set[str]:
        return set(NOT_COPIED(folder, names)) | (left & set(names))

    shutil.copytree(BOOK, target, ignore=ignore, dirs_exist_ok=True)
    remove_vanished(target, MADE if executed is None else (*MADE, "static/models/*"))
    write_if_changed(target / "api.md", api_page(BOOK.parent))
    write_if_changed(target / "claims.md", claims_page(BOOK / "claims.json"))
    for key in BUILT if (BOOK / "claims.json").exists() else ():
        write_if_changed(target / f"results-{key}.md", results_page(BOOK, key))
        write_forest(BOOK, key, target / FIGURE.format(key))
    vendor = target / "vendor"
    if not vendor.is_symlink():
        vendor.symlink_to(BOOK / "vendor", target_is_directory=True)


if __name__ == "__main__":
    stage(Path(sys.argv[1]))
