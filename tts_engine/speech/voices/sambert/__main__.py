"""`python -m tts_engine.speech.voices.sambert`: check and measure a model without the platform.

parity FILE.npz [FILE.npz ...] PARAMS.json [--batch]   our networks against the reference's numbers
make-snapshot FOLDER --seed N [--voices NAME ...]      a model folder of the true size, with seeded weights
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from tts_engine.speech.errors import SpeechError


def parity(args: argparse.Namespace) -> int:
    from tts_engine.speech.voices.sambert.parity import compare, report

    result = report(compare(args.files, args.params, batch=args.batch))
    json.dump(result, sys.stdout, indent=2)
    sys.stdout.write("\n")
    return 0 if result["equal"] else 1


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tts_engine.speech.voices.sambert", description=__doc__)
    commands = parser.add_subparsers(required=True)

    command = commands.add_parser("parity", help="compare our networks with the reference's numbers")
    command.add_argument("files", nargs="+", type=Path, metavar="FILE.npz")
    command.add_argument("params", type=Path, metavar="PARAMS.json")
    command.add_argument("--batch", action="store_true", help="run the files as one batch")
    command.set_defaults(run=parity)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    args = arguments().parse_args(argv)
    try:
        return int(args.run(args))
    except SpeechError as error:
        sys.stderr.write(f"{error}\n")
        return 2


if __name__ == "__main__":
    sys.exit(main())
