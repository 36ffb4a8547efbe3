"""Pictures of what was measured, for docs/performance.md: SVG, one axis a picture, readable in light and dark."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib

matplotlib.use("svg")
matplotlib.rcParams["svg.hashsalt"] = "voxhouse"  # the same figures give the same file

from matplotlib import pyplot  # noqa: E402 - after the backend is chosen

GREY = "#808080"  # readable on white and on black
COLOURS = ("#2f81f7", "#d9822b", "#3aa675", "#b65bd6", "#d64545")

Curves = Mapping[str, Sequence[float]]


def curves(file: Path, *, title: str, across: str, up: str, at: Sequence[float], lines: Curves) -> None:
    """One line a name over `at`, which doubles from point to point, on a logarithmic axis."""
    figure, axes = pyplot.subplots(figsize=(7, 3.6))
    for (name, values), colour in zip(lines.items(), COLOURS, strict=False):
        axes.plot(at, values, marker="o", markersize=4, linewidth=1.8, color=colour, label=name)
    axes.set_xscale("log", base=2)
    axes.set_xticks(list(at), [f"{each:g}" for each in at])
    axes.set_ylim(bottom=0)
    axes.set_title(title, loc="left", fontsize=11, color=GREY)
    axes.set_xlabel(across, color=GREY)
    axes.set_ylabel(up, color=GREY)
    axes.tick_params(colors=GREY)
    axes.grid(visible=True, color=GREY, alpha=0.25, linewidth=0.6)
    for side in ("top", "right", "left", "bottom"):
        axes.spines[side].set_visible(False)
    axes.legend(frameon=False, labelcolor=GREY, fontsize=9)
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, transparent=True, bbox_inches="tight", metadata={"Date": None})
    pyplot.close(figure)
