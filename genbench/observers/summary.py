"""Puts a study's report into MLflow, as one more run of the study's experiment."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from genbench.observers.names import LONGEST_TAG
from genbench.observers.store import connect, has_store, locked

TAG = "genbench.report"
"""Marks the run of a study's report; its value is the study's name."""


def add_report(results: Path, study: str, sentences: Sequence[str], files: Sequence[Path], figures: Path) -> bool:
    """Make or renew the run "STUDY: report", with the verdicts as its description and the files and figures as its
    artifacts.

    Returns whether there was a store that knows the study. What MLflow raises is passed on.
    """
    if not has_store(results):
        return False
    client = connect(results)
    experiment = client.get_experiment_by_name(study)
    if experiment is None or experiment.lifecycle_stage == "deleted":
        return False
    number = experiment.experiment_id
    with locked(results):
        found = client.search_runs([number], f"tags.`{TAG}` = '{study}'", max_results=1)
        tags = {TAG: study, "mlflow.source.name": "genbench"}
        run = (
            found[0].info.run_id
            if found
            else client.create_run(number, round(time.time() * 1000), tags, f"{study}: report").info.run_id
        )
        client.set_tag(run, "mlflow.note.content", "\n\n".join(sentences)[:LONGEST_TAG])
        for file in files:
            client.log_artifact(run, str(file))
        if figures.is_dir():
            client.log_artifacts(run, str(figures), "figures")
        client.set_terminated(run)
    return True
