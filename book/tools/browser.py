"""Find a Chromium for the browser tests, installing the system's where this user may.

Order: the environment variable CHROME, chromium or chrome on the PATH, apt-get as root; else it
fails and says how to get one.
"""

import os
import shutil
import subprocess

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
APP = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
HELP = (
    "The browser tests need Chromium: install it (Debian: apt-get install chromium), or run"
    " `.venv/bin/playwright install chromium` and set CHROME to the program it installed."
)


def find() -> str | None:
    """Path of a Chromium or Chrome, or None. Raises SystemExit where CHROME names no program."""
    wanted = os.environ.get("CHROME")
    if wanted:
        found = shutil.which(wanted)
        if found is None:
            raise SystemExit(f"CHROME={wanted} is not a program")
        return found
    return next(filter(None, map(shutil.which, [*NAMES, APP])), None)


def install() -> None:
    if not shutil.which("apt-get") or os.geteuid() != 0:
        raise SystemExit(HELP)
    print("no Chromium found: installing the system's package", flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (
        ["update", "-qq"],
        ["install", "-y", "-qq", "--no-install-recommends", "chromium"],
    ):
        if subprocess.run(["apt-get", *command], env=environment).returncode:
            raise SystemExit(f"apt-get {' '.join(command)} failed. {HELP}")


if __name__ == "__main__":
    if find() is None:
        install()
    program = find()
    if program is None:
        raise SystemExit(HELP)
    print(f"browser: {program}")
