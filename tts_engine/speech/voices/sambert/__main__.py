"""`python -m tts_engine.speech.voices.sambert`: check and measure a model without the platform.

parity FILE.npz [FILE.npz ...] PARAMS.json [--batch]   our networks against the reference's numbers
make-snapshot FOLDER --seed N [--voices NAME ...]      a model folder of the true size, with seeded weights
bench FOLDER [--symbols FILE] [--batch N]              what each stage of its compiled voice takes
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tts_engine.speech.errors import SpeechError
from tts_engine.speech.voices.sambert.acoustic_files import PRECISIONS

# The published configurations that can be stood in for; they lie in data/, as KAN-TTS (MIT) has them.
ACOUSTIC = ("sambert_16k", "sambert_24k", "sambert_nsf_16k")
GENERATORS = ("hifigan_noncausal_v1_16k", "hifigan_v1_16k", "hifigan_v1_24k", "hifigan_noncausal_nsf_v1_16k")


def parity(args: argparse.Namespace) -> int:
    from tts_engine.speech.voices.sambert.parity import compare, report

    result = report(compare(args.files, args.params, batch=args.batch))
    write(result)
    return 0 if result["equal"] else 1


def snapshot(args: argparse.Namespace) -> int:
    from tts_engine.speech.voices.sambert.snapshot import make_snapshot

    make_snapshot(args.folder, args.seed, args.voices, args.acoustic, args.generator)
    return 0


def measure(args: argparse.Namespace) -> int:
    from tts_engine.speech.voices.sambert.bench import bench

    write(bench(args.folder, args.symbols, args.batch, args.threads, args.precision))
    return 0


def write(result: Mapping[str, Any]) -> None:
    json.dump(result, sys.stdout, indent=2)
    sys.stdout.write("\n")


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tts_engine.speech.voices.sambert", description=__doc__)
    commands = parser.add_subparsers(required=True)

    command = commands.add_parser("parity", help="compare our networks with the reference's numbers")
    command.add_argument("files", nargs="+", type=Path, metavar="FILE.npz")
    command.add_argument("params", type=Path, metavar="PARAMS.json")
    command.add_argument("--batch", action="store_true", help="run the files as one batch")
    command.set_defaults(run=parity)

    command = commands.add_parser("make-snapshot", help="write a model folder of the true size, with seeded weights")
    command.add_argument("folder", type=Path, metavar="FOLDER", help="a new folder")
    command.add_argument("--seed", type=int, required=True, metavar="N", help="the same seed gives the same bytes")
    command.add_argument(
        "--voices", nargs="+", default=["zhitian_emo"], metavar="NAME", help="the first is the default"
    )
    command.add_argument("--acoustic", choices=ACOUSTIC, default=ACOUSTIC[0], help="published acoustic model")
    command.add_argument("--generator", choices=GENERATORS, default=GENERATORS[0], help="published generator")
    command.set_defaults(run=snapshot)

    command = commands.add_parser("bench", help="time the stages of a compiled voice")
    command.add_argument("folder", type=Path, metavar="FOLDER", help="a model folder; its default voice is compiled")
    command.add_argument("--symbols", type=Path, metavar="FILE", help="an utterance a line, in units")
    command.add_argument("--batch", type=int, default=1, metavar="N", help="utterances at once")
    command.add_argument("--threads", type=int, default=1, metavar="N", help="of each onnxruntime session")
    command.add_argument("--precision", choices=PRECISIONS, help="of decoder and generator; each its own if left out")
    command.set_defaults(run=measure)
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
