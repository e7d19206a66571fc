"""The `thlab` command."""

import argparse
import sys
from pathlib import Path

from thlab import corpus

BAD_ARGUMENTS, INTERRUPTED = 2, 130


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns its exit status: 0 done, 1 failed, 2 bad arguments, 130 interrupted."""
    options = parser().parse_args(arguments)
    try:
        return options.run(options)
    except KeyboardInterrupt:
        print("thlab: stopped; what is finished is kept, and the same command goes on from there", file=sys.stderr)
        return INTERRUPTED
    except ValueError as error:
        print(f"thlab: {error}", file=sys.stderr)
        return BAD_ARGUMENTS
    except (OSError, ImportError, RuntimeError) as error:
        print(f"thlab: {error}", file=sys.stderr)
        return 1


class _OneLineParser(argparse.ArgumentParser):
    """argparse, but a wrong argument gets one line, not the whole usage."""

    def error(self, message: str):
        self.exit(BAD_ARGUMENTS, f"{self.prog}: {message} (see {self.prog} --help)\n")


def parser() -> argparse.ArgumentParser:
    """All commands and their options."""
    top = _OneLineParser(prog="thlab", description="Talking-head laboratory")
    commands = top.add_subparsers(required=True, metavar="corpus")
    talk = commands.add_parser("corpus", help="the embedded talking-head corpus").add_subparsers(
        required=True, metavar="build|show|verify"
    )
    build = talk.add_parser("build", help="build, finish or mend a corpus")
    build.add_argument("root", nargs="?", type=Path, help="folder to build in (default: under $THLAB_HOME)")
    build.add_argument("--preset", default="tiny", help=f"one of {', '.join(corpus.PRESETS)} (default: tiny)")
    build.add_argument("--view", default="face", help="face, portrait or both (default: face)")
    build.add_argument("--size", type=int, help="pixels, 64 to 256 (default: the preset's)")
    build.add_argument("--head-motion", type=float, default=1.0, help="0 still to 1 lively; .4 moves like GRID")
    build.add_argument("--motion-seed", type=int, default=0, help="other random motion for the same speech")
    build.add_argument("--workers", type=int, help="processes (default: one a core)")
    build.set_defaults(run=_build)
    show = talk.add_parser("show", help="contact sheet of a corpus, as a PNG")
    show.add_argument("root", type=Path)
    show.add_argument("-o", "--out", type=Path, default=Path("sheet.png"))
    show.add_argument("--clips", type=int, default=16, help="how many clips (default: 16)")
    show.set_defaults(run=_show)
    verify = talk.add_parser("verify", help="name every missing, truncated or altered file")
    verify.add_argument("root", type=Path)
    verify.set_defaults(run=_verify)
    return top


def _build(options: argparse.Namespace) -> int:
    settings = {
        key: getattr(options, key) for key in ("preset", "view", "size", "head_motion", "motion_seed", "workers")
    }
    root = corpus.build(options.root, **settings) if options.root else corpus.ensure(**settings)
    print(root)
    return 0


def _show(options: argparse.Namespace) -> int:
    print(corpus.contact_sheet(options.root, options.out, options.clips))
    return 0


def _verify(options: argparse.Namespace) -> int:
    problems = corpus.verify(options.root)
    print("\n".join(problems) or f"{options.root}: every file is whole")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
