"""The pages and verdicts of committed results, made anew from what is committed: records and the study's file.

    python benchmarks/pages.py results/figure2 results/lottery

Curves and pictures need the trials themselves and are in no such page. The looks of a study that ran with
--until-decided are those of its study.json, kept as looks.json beside the records; without it a page would judge the
same records as if they had been looked at once.
"""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd

from genbench.report import contents
from genbench.report.formats import formats
from genbench.study import file
from genbench.trial.about import About

STUDIES = Path(__file__).parent
TABLES = ("verdicts.csv", "verdicts-by-condition.csv")
"""Tables that are made anew where a folder has them."""


def main(words: Sequence[str] | None = None) -> None:
    """Write them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("folders", type=Path, nargs="+")
    for folder in parser.parse_args(words).folders:
        make(folder)
        print(folder / "report.html")


def make(folder: Path) -> None:
    """Write report.html into a folder that has a records.csv, and the tables of verdicts that it has."""
    records = pd.read_csv(folder / "records.csv", low_memory=False)
    report = contents.of_records(records, about(folder), folder.name)
    with TemporaryDirectory() as name:
        for path in formats.write(report, ["html", "csv"], Path(name)).files:
            if path.name == "report.html" or (path.name in TABLES and (folder / path.name).exists()):
                shutil.copy(path, folder / path.name)


def about(folder: Path) -> About:
    """What the file of a study says of it, and its folder of its looks; targets need curves."""
    said: dict[str, Any] = file.load(STUDIES / f"{folder.name}.yaml").to_dict()
    looks = folder / "looks.json"
    return About(
        **{name: said[name] for name in ("title", "question", "paper", "claims", "published")},
        looks=json.loads(looks.read_text()) if looks.exists() else None,
    )


if __name__ == "__main__":
    main()
