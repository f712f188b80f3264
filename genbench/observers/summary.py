"""Puts a study's report into MLflow, as one more run of the study's experiment."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from genbench.observers.names import LONGEST_TAG
from genbench.observers.store import connect, has_store, locked

TAG = "genbench.report"
"""Marks the run of a study's report; its value is the study's name."""
CLAIM = "genbench.claim."
"""Before the number of a claim: the tags of a report's run that say how claims stand."""


def add_report(
    results: Path,
    study: str,
    sentences: Sequence[str],
    files: Sequence[Path],
    figures: Path,
    *,
    claims: Mapping[str, str],
) -> bool:
    """Make or renew the run "STUDY: report", with the verdicts as its description and the files and figures as its
    artifacts.

    claims: the study's, by their numbers, with how each stands; they become the tags `genbench.claim.NUMBER`.
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
        tagged = {f"{CLAIM}{number}": words[:LONGEST_TAG] for number, words in claims.items()}
        stale = [tag for tag in client.get_run(run).data.tags if tag.startswith(CLAIM) and tag not in tagged]
        for tag in stale:
            client.delete_tag(run, tag)
        for tag, words in tagged.items():
            client.set_tag(run, tag, words)
        for file in files:
            client.log_artifact(run, str(file))
        if figures.is_dir():
            client.log_artifacts(run, str(figures), "figures")
        client.set_terminated(run)
    return True
