"""The ring: 12 settings x 3 methods, as in the paper's Figures 2 and 6, and the bars that GRAM and MMD-nets should clear.

    python benchmarks/ring.py [--slots 2]

Writes results/ring/: table.csv, figure.png, bars.md. The trials are kept in results/ring-bars/, so that running it again
goes on where it was broken off.
"""

from __future__ import annotations

import argparse
import platform
from pathlib import Path

import pandas as pd
import torch

import genbench

RESULTS = Path("results")
SETTINGS = ["net.latent=2,4,8,16", "net.width=20,100,200", "net.critic_width=100"]
COLUMNS = ["dataset", "method", "latent", "width", "updates", "status", "modes", "modes_any", "high_quality", "mode_kl", "mmd", "max_abs", "train_seconds"]


def main() -> None:
    """Run what is not done yet and write the results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--slots", type=int, default=None, help="trials at once")
    slots = parser.parse_args().slots
    runs = [
        genbench.run(methods=["gan", "gram", "mmdnet"], overrides=SETTINGS, study="ring-bars", results=RESULTS, slots=slots),
        genbench.run(methods=["gram"], overrides=["train.images=100000"], study="ring-bars", results=RESULTS, slots=slots),
        genbench.run(methods=["gram"], overrides=["train.images=1600000"], study="ring-bars", results=RESULTS, slots=slots),
        genbench.run(methods=["gram"], dataset="ring-sharp", overrides=["train.images=1600000"], study="ring-bars", results=RESULTS, slots=slots),
    ]
    records = pd.concat(runs).drop_duplicates("trial")
    table = records.rename(columns={"settings.net.latent": "latent", "settings.net.width": "width"})[COLUMNS]
    folder = RESULTS / "ring"
    folder.mkdir(parents=True, exist_ok=True)
    table.sort_values(["dataset", "method", "updates", "width", "latent"]).to_csv(folder / "table.csv", index=False, float_format="%.5g")
    (folder / "bars.md").write_text(bars(table))
    draw(records[records["images"] == 1_200_000], folder / "figure.png")


def bars(table: pd.DataFrame) -> str:
    """Each claim, what was measured, and whether it holds; a GAN's outcome is reported and claims nothing."""
    gram, mmdnet, gan = (table[(table["method"] == name) & (table["dataset"] == "ring")] for name in ("gram", "mmdnet", "gan"))
    early, full, late = (gram[gram["updates"] == updates] for updates in (500, 6000, 8000))
    sharp = table[table["dataset"] == "ring-sharp"]
    gap = 100 * (full["high_quality"].mean() - mmdnet["high_quality"].mean())
    claims = [
        ("GRAM after 500 updates covers 8/8 modes", early["modes"].min() == 8, f"{early['modes'].min():.0f}"),
        ("… with mode_kl < 0.05", early["mode_kl"].max() < 0.05, f"{early['mode_kl'].max():.3f}"),
        ("… and more than 30 % high quality", early["high_quality"].min() > 0.30, f"{100 * early['high_quality'].min():.1f} %"),
        ("GRAM after 6,000 updates covers 8/8 modes in all 12 settings", (full["modes"] == 8).sum() == 12, f"{(full['modes'] == 8).sum()}/12"),
        ("… with mode_kl < 0.05 in each", full["mode_kl"].max() < 0.05, f"at most {full['mode_kl'].max():.3f}"),
        ("… and more than 65 % high quality in each", full["high_quality"].min() > 0.65, f"at least {100 * full['high_quality'].min():.1f} %"),
        ("GRAM after 8,000 updates has at least 85 % high quality", late["high_quality"].min() >= 0.85, f"{100 * late['high_quality'].min():.1f} %"),
        ("GRAM on ring-sharp after 8,000 updates covers 8/8 modes", sharp["modes"].min() == 8, f"{sharp['modes'].min():.0f}"),
        ("… with more than 45 % high quality", sharp["high_quality"].min() > 0.45, f"{100 * sharp['high_quality'].min():.1f} %"),
        ("MMD-net covers 8/8 modes in all 12 settings", (mmdnet["modes"] == 8).sum() == 12, f"{(mmdnet['modes'] == 8).sum()}/12"),
        ("… at least 4 points of high quality below GRAM's mean", gap >= 4, f"{gap:.1f} points below"),
    ]
    lines = ["| bar | measured | holds |", "|---|---|---|"]
    lines += [f"| {claim} | {measured} | {'yes' if holds else '**no**'} |" for claim, holds, measured in claims]
    collapsed = ", ".join(f"h={row['latent']} width={row['width']} ({row['modes']:.0f})" for row in gan[gan["modes"] < 8].to_dict("records"))
    alive = gan[gan["modes"] == 8]["high_quality"]
    lines += [
        "",
        f"GAN, reported and not judged: fewer than 8 modes in {(gan['modes'] < 8).sum()}/12 settings{': ' + collapsed if collapsed else ''}; "
        f"high quality of the others {100 * alive.min():.0f}–{100 * alive.max():.0f} %.",
        "",
        f"Python {platform.python_version()}, torch {torch.__version__}, CPU, 1 thread per trial, seed 0.",
    ]
    return "\n".join(lines) + "\n"


def draw(records: pd.DataFrame, path: Path) -> None:
    """The final samples of every setting: a block of rows per method, a row per width, a column per noise dimension."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    methods, widths, latents = ["gan", "gram", "mmdnet"], [20, 100, 200], [2, 4, 8, 16]
    figure, axes = plt.subplots(len(widths), len(methods) * len(latents), figsize=(16, 4.6), constrained_layout=True)
    for record in records.to_dict("records"):
        width, latent = record["settings.net.width"], record["settings.net.latent"]
        axis = axes[widths.index(width), len(latents) * methods.index(record["method"]) + latents.index(latent)]
        axis.imshow(plt.imread(RESULTS / "ring-bars" / "trials" / record["trial"] / "samples" / "final.png"))
        axis.set_title(f"{record['method']}  h={latent}\n{record['modes']:.0f}/8  {100 * record['high_quality']:.0f} %", fontsize=8)
        axis.set_xticks([])
        axis.set_yticks([])
    for axis, width in zip(axes[:, 0], widths, strict=True):
        axis.set_ylabel(f"width {width}")
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    main()
