"""The `thlab` command."""

import argparse
import importlib
import inspect
import sys
from pathlib import Path

from thlab import corpus

BAD_ARGUMENTS, INTERRUPTED = 2, 130
PAPERS = ("priors", "davs", "stochastic")
TRAINABLE = (*PAPERS, "judges")


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns its exit status: 0 done, 1 failed, 2 bad arguments, 130 interrupted."""
    options = parser().parse_args(arguments)
    try:
        return options.run(options)
    except KeyboardInterrupt:
        print("thlab: stopped; what is finished is kept, and the same command goes on from there", file=sys.stderr)
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


def parser() -> argparse.ArgumentParser:
    """All commands and their options."""
    top = _OneLineParser(prog="thlab", description="Talking-head laboratory")
    commands = top.add_subparsers(required=True, metavar="corpus|train|evaluate|generate")
    talk = commands.add_parser("corpus", help="the embedded talking-head corpus").add_subparsers(
        required=True, metavar="build|show|verify"
    )
    build = talk.add_parser("build", help="build, finish or mend a corpus")
    build.add_argument("root", nargs="?", type=Path, help="folder to build in (default: under $THLAB_HOME)")
    build.add_argument("--preset", default="tiny", help=f"one of {', '.join(corpus.PRESETS)} (default: tiny)")
    build.add_argument("--view", default="face", help="face, portrait or both (default: face)")
    build.add_argument("--size", type=int, help="pixels, 64 to 256 (default: the preset's)")
    build.add_argument(
        "--head-motion", type=float, help="0 still to 1 lively; .4 moves like GRID (default: the preset's)"
    )
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
    for add in (_add_train, _add_evaluate, _add_generate):
        add(commands)
    return top


def _add_train(commands) -> None:
    train = commands.add_parser("train", help="train a paper's models; a run that was stopped goes on")
    train.add_argument("paper", choices=TRAINABLE, metavar="paper", help=f"one of {', '.join(TRAINABLE)}")
    _add_data(train)
    train.add_argument("--stage", default="all", help="one of the paper's stages, or all (default)")
    train.add_argument(
        "--out", type=Path, required=True, help="run folder: checkpoints, logs, and the weights at the end"
    )
    train.add_argument("--seed", type=int, default=0)
    train.add_argument("--accelerator", default="auto", help="auto, cpu or cuda (default: auto)")
    train.add_argument("--devices", type=int, default=1, help="processes on this machine (default: 1)")
    train.add_argument("--num-nodes", type=int, default=1, help="machines; start the command with torchrun on each")
    train.add_argument(
        "--precision", default="auto", help="32-true, bf16-mixed, or auto: what a short trial finds faster"
    )
    train.set_defaults(run=_train)


def _add_evaluate(commands) -> None:
    evaluate = commands.add_parser("evaluate", help="run a paper's tables again: its number, ours, held or not")
    evaluate.add_argument("paper", choices=PAPERS, metavar="paper", help=f"one of {', '.join(PAPERS)}")
    _add_data(evaluate)
    evaluate.add_argument(
        "--table", default=argparse.SUPPRESS, help="which table, or all (default: the one that judges the weights)"
    )
    evaluate.add_argument("--seeds", type=int, default=3, help="trainings a row, for the intervals (default: 3)")
    evaluate.add_argument("--weights", type=Path, help="folder of a finished training (default: the committed weights)")
    evaluate.add_argument("--out", type=Path, default=Path("results"), help="folder for the tables (default: results)")
    evaluate.add_argument(
        "--beside", choices=["davs"], default=argparse.SUPPRESS, metavar="davs",
        help="the paper whose committed model gets a row of Table 1 (stochastic)",
    )  # fmt: skip
    evaluate.set_defaults(run=_evaluate)


def _add_generate(commands) -> None:
    generate = commands.add_parser("generate", help="a talking head from speech and one picture; tagged as synthetic")
    generate.add_argument("--paper", choices=PAPERS, required=True, metavar="paper", help=f"one of {', '.join(PAPERS)}")
    taken = {"default": argparse.SUPPRESS}  # not every paper takes these
    speech = generate.add_mutually_exclusive_group(required=True)
    speech.add_argument("--audio", type=Path, help="speech, any format that ffmpeg reads", **taken)
    speech.add_argument("--video", type=Path, help="instead: a face that speaks, whose lips are read (davs)", **taken)
    generate.add_argument("--image", type=Path, required=True, help="a picture of one face")
    generate.add_argument("-o", "--out", type=Path, required=True, help="the .mp4 to write")
    generate.add_argument("--overwrite", action="store_true", help="write over an output that exists")
    generate.add_argument("--weights", type=Path, help="folder of a finished training (default: the committed weights)")
    generate.add_argument(
        "--samples", type=int, help="takes; out-1.mp4, out-2.mp4, … (default: 1; stochastic)", **taken
    )
    generate.add_argument("--seed", type=int, help="of the chance in them (default: 0; stochastic)", **taken)
    generate.add_argument(
        "--temperature", type=float, help="how much chance; 0: the mean (default: 1; stochastic)", **taken
    )
    generate.set_defaults(run=_generate)


def _add_data(command: argparse.ArgumentParser) -> None:
    presets = ", ".join(corpus.PRESETS)
    command.add_argument(
        "--corpus", default="medium", help=f"{presets}, or a folder of prepared clips (default: medium)"
    )
    command.add_argument("--preset", help="fast, book or paper (default: book on a GPU, else fast; see $THLAB_PRESET)")


def _commands(paper: str):
    """The module of a paper that trains, evaluates and generates; imported late, for torch takes seconds."""
    return importlib.import_module(
        "thlab.papers.evaluators.train" if paper == "judges" else f"thlab.papers.{paper}.commands"
    )


def _given(options: argparse.Namespace) -> dict:
    return {key: value for key, value in vars(options).items() if key not in ("run", "paper")}


def _train(options: argparse.Namespace) -> int:
    for path in _commands(options.paper).train(**_given(options)):
        print(path)
    return 0


def _evaluate(options: argparse.Namespace) -> int:
    for table in _run(options, "evaluate"):
        print(table)
    return 0


def _generate(options: argparse.Namespace) -> int:
    print(*_run(options, "generate"), sep="\n")
    return 0


def _run(options: argparse.Namespace, command: str):
    """What a paper's command makes of the options; ValueError for one that this paper does not have."""
    run, given = getattr(_commands(options.paper), command), _given(options)
    for name in given.keys() - inspect.signature(run).parameters:
        raise ValueError(f"--{name} is not an option of {options.paper}")
    if beside := given.get("beside"):  # here, for no paper imports another
        given["beside"] = {beside.upper(): _commands(beside).speaker(given["corpus"])}
    return run(**given)


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
