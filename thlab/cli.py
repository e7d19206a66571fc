"""The `thlab` command."""

import argparse
import sys
from pathlib import Path
from typing import Any

from thlab import __version__
from thlab.papers import PAPERS, load_paper

BAD_ARGUMENTS = 2
INTERRUPTED = 130
DEVICE = ("accelerator", "devices", "num_nodes", "precision")
COMMANDS = {
    "corpus": "the embedded talking-head corpus: build, show, verify",
    "train": "train a paper's models; a run that was stopped resumes",
    "evaluate": "measure a paper's tables again: its numbers, ours, and what holds",
    "results": "measure every table of every paper again, on several cores; it resumes",
    "generate": "a talking head from speech and a face; tagged as synthetic",
}


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns its exit status.

    0 done, 1 failed, 2 bad arguments, 130 interrupted.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        options = parser(arguments).parse_args(arguments)
        return options.run(options)
    except KeyboardInterrupt:
        print(
            "thlab: stopped; what is finished is kept, and the same command resumes",
            file=sys.stderr,
        )
        return INTERRUPTED
    except (ValueError, FileNotFoundError) as error:
        print(f"thlab: {error}", file=sys.stderr)
        return BAD_ARGUMENTS
    except (OSError, ImportError, RuntimeError, ArithmeticError) as error:
        print(f"thlab: {error}", file=sys.stderr)
        return 1


class _OneLineParser(argparse.ArgumentParser):
    """argparse, but a wrong argument gets one line, not the whole usage."""

    def error(self, message: str):
        self.exit(BAD_ARGUMENTS, f"{self.prog}: {message} (see {self.prog} --help)\n")


def parser(arguments: list[str]) -> argparse.ArgumentParser:
    """The commands; of the one that is asked for, and of its paper, the options too."""
    top = _OneLineParser(prog="thlab", description="Talking-head laboratory")
    top.add_argument("--version", action="version", version=f"thlab {__version__}")
    names = " | ".join(COMMANDS)
    commands = top.add_subparsers(required=True, metavar=names.replace(" ", ""))
    asked = next((word for word in arguments if word in COMMANDS), "")
    for name, about in COMMANDS.items():
        command = commands.add_parser(name, help=about, description=about)
        if name == asked == "corpus":
            _add_corpus(command)
        elif name == asked == "results":
            _add_results(command)
        elif name == asked:
            _add_papers(command, name, arguments)
    return top


def _add_papers(command: argparse.ArgumentParser, name: str, arguments: list[str]) -> None:
    """Of `train`, `evaluate`, `generate`: the papers, and all options of the one named."""
    add = {"train": _add_train, "evaluate": _add_evaluate, "generate": _add_generate}[name]
    if name == "generate":
        command.add_argument(
            "--paper", required=True, choices=list(PAPERS), metavar="PAPER", help=_papers()
        )
        command.epilog = "the options of one: thlab generate --paper PAPER --help"
        key = _after(arguments, "--paper")
        if key in PAPERS:
            add(command, load_paper(key))
        return
    papers = command.add_subparsers(required=True, metavar="PAPER", help=_papers(), dest="paper")
    for key in PAPERS:
        if key not in arguments:
            papers.add_parser(key)
            continue
        paper = load_paper(key)
        choices = _inventory(paper, name)
        own = papers.add_parser(key, help=paper.about, description=paper.about, epilog=choices)
        add(own, paper)


def _papers() -> str:
    return f"one of {', '.join(PAPERS)}"


def _after(arguments: list[str], flag: str) -> str:
    """The word after a flag, or what follows its equals sign."""
    for i, word in enumerate(arguments):
        if word == flag:
            return arguments[i + 1] if i + 1 < len(arguments) else ""
        if word.startswith(f"{flag}="):
            return word.partition("=")[2]
    return ""


def _inventory(paper: Any, command: str) -> str:
    """What there is to choose from, for the end of a paper's help."""
    if command == "train":
        return f"stages: {', '.join(paper.stages)}"
    tables = [f"{name} ({spec.title})" for name, spec in paper.tables.items()]
    return f"tables: {'; '.join(tables) or 'none'}"


def _add_train(command: argparse.ArgumentParser, paper: Any) -> None:
    _add_data(command, paper.corpus)
    stages = ", ".join(paper.stages)
    command.add_argument("--stage", default="all", help=f"{stages}, or all (default)")
    command.add_argument(
        "--out", type=Path, required=True, help="run folder: checkpoints, logs, then the weights"
    )
    command.add_argument("--seed", type=int, default=0)
    command.add_argument("--accelerator", default="auto", help="auto, cpu or cuda (default: auto)")
    command.add_argument(
        "--devices", type=int, default=1, help="processes on this machine (default: 1)"
    )
    command.add_argument(
        "--num-nodes", type=int, default=1, help="machines; start it with torchrun on each"
    )
    command.add_argument(
        "--precision", default="auto", help="32-true, bf16-mixed, or auto: the faster in a trial"
    )
    _add_own(command, paper, "train")
    command.set_defaults(run=_train)


def _add_evaluate(command: argparse.ArgumentParser, paper: Any) -> None:
    _add_data(command, None)
    tables = ", ".join(paper.tables) or "none"
    command.add_argument("--table", help=f"{tables}, or all (default: {paper.default_table})")
    command.add_argument("--row", help="measure and show this row of the table alone")
    command.add_argument(
        "--seeds", type=int, help="trainings a row, for the intervals (default: the table's own)"
    )
    command.add_argument(
        "--add-seeds", type=int, help="measure so many more, and add them to the table in --out"
    )
    command.add_argument(
        "--weights",
        type=Path,
        help="folder of a finished training (default: the committed weights)",
    )
    command.add_argument(
        "--out", type=Path, default=Path("results"), help="folder for the tables (default: results)"
    )
    _add_own(command, paper, "evaluate")
    command.set_defaults(run=_evaluate)


def _add_results(command: argparse.ArgumentParser) -> None:
    command.add_argument("--paper", action="append", choices=list(PAPERS), help="this one alone")
    command.add_argument("--preset", default="book", help="fast, book or paper (default: book)")
    command.add_argument(
        "--jobs", type=int, default=2, help="processes, one core each (default: 2)"
    )
    command.add_argument(
        "--out", type=Path, default=Path("results"), help="folder for the tables (default: results)"
    )
    command.set_defaults(run=_results)


def _add_generate(command: argparse.ArgumentParser, paper: Any) -> None:
    command.add_argument("-o", "--out", type=Path, required=True, help="the .mp4 to write")
    command.add_argument(
        "--overwrite", action="store_true", help="write over an output that exists"
    )
    command.add_argument(
        "--crop", action="store_true", help="the aligned face alone, not the whole picture"
    )
    command.add_argument(
        "--weights",
        type=Path,
        help="folder of a finished training (default: the committed weights)",
    )
    _add_own(command, paper, "generate")
    command.set_defaults(run=_generate)


def _add_own(command: argparse.ArgumentParser, paper: Any, name: str) -> None:
    """The options that only this paper has."""
    for option in paper.options_of(name):
        command.add_argument(
            option.flag,
            type=option.type,
            default=option.default,
            choices=option.choices,
            required=option.required,
            nargs="+" if option.several else None,
            metavar=option.name.upper(),
            help=option.help,
        )


def _add_data(command: argparse.ArgumentParser, corpus: str | None) -> None:
    from thlab.corpus import PRESETS

    default = corpus or "the table's own"
    names = f"{', '.join(PRESETS)}, or a folder of prepared clips (default: {default})"
    command.add_argument("--corpus", default=corpus, help=names)
    command.add_argument(
        "--preset",
        help="fast, book or paper (default: book on a GPU, else fast; see $THLAB_PRESET)",
    )
    command.add_argument(
        "--set",
        dest="settings",
        action="append",
        default=[],
        metavar="FIELD=VALUE",
        help="another value of a field of the config; repeatable",
    )


def _given(options: argparse.Namespace) -> dict[str, Any]:
    return {key: value for key, value in vars(options).items() if key not in ("run", "paper")}


def _train(options: argparse.Namespace) -> int:
    from thlab.papers import runner

    given = _given(options)
    device = {name: given.pop(name) for name in DEVICE}
    for path in runner.train(load_paper(options.paper), device=device, **given):
        print(path)
    return 0


def _evaluate(options: argparse.Namespace) -> int:
    from thlab.papers import runner

    for table in runner.evaluate(load_paper(options.paper), **_given(options)):
        print(table)
    return 0


def _results(options: argparse.Namespace) -> int:
    from thlab.papers.results import results

    for line in results(options.paper or [], options.preset, options.out, options.jobs):
        print(line, flush=True)
    return 0


def _generate(options: argparse.Namespace) -> int:
    from thlab.papers import runner

    print(*runner.generate(load_paper(options.paper), **_given(options)), sep="\n")
    return 0


def _add_corpus(command: argparse.ArgumentParser) -> None:
    from thlab import corpus

    talk = command.add_subparsers(required=True, metavar="build|show|verify")
    build = talk.add_parser("build", help="build, finish or mend a corpus")
    build.add_argument(
        "root", nargs="?", type=Path, help="folder to build in (default: under $THLAB_HOME)"
    )
    build.add_argument(
        "--preset", default="tiny", help=f"one of {', '.join(corpus.PRESETS)} (default: tiny)"
    )
    build.add_argument("--view", default="face", help="face, portrait or both (default: face)")
    build.add_argument("--size", type=int, help="pixels, 64 to 256 (default: the preset's)")
    build.add_argument(
        "--head-motion",
        type=float,
        help="0 still to 1 lively; .4 moves like GRID (default: the preset's)",
    )
    build.add_argument(
        "--motion-seed", type=int, default=0, help="other random motion for the same speech"
    )
    build.add_argument(
        "--light",
        default="clip",
        help="a lamp and backdrop for each clip or person (default: clip)",
    )
    build.add_argument("--quiet", action="store_true", help="no recording floor: digital silence")
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


def _build(options: argparse.Namespace) -> int:
    from thlab import corpus

    settings = _given(options)
    root = settings.pop("root")
    print(corpus.build(root, **settings) if root else corpus.ensure(**settings))
    return 0


def _show(options: argparse.Namespace) -> int:
    from thlab import corpus

    print(corpus.contact_sheet(options.root, options.out, options.clips))
    return 0


def _verify(options: argparse.Namespace) -> int:
    from thlab import corpus

    problems = corpus.verify(options.root)
    print("\n".join(problems) or f"{options.root}: every file is whole")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
