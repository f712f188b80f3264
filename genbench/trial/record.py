"""A record: the one row that a trial leaves, however it ended; to and from files and pandas."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from genbench.config.nested import flatten
from genbench.errors import GenbenchError, shown
from genbench.trial.json_file import read_json, write_json
from genbench.trial.schema import made, sections
from genbench.trial.trial import Trial

if TYPE_CHECKING:
    pass

Status = Literal["finished", "diverged", "failed", "interrupted", "running"]
FINAL = ("finished", "diverged")
"""Statuses of trials that the same command does not run again."""


@dataclass(frozen=True, kw_only=True)
class Record:
    """What ran, under which conditions, and what came out."""

    study: str
    trial: str
    """The name of the trial's folder."""
    id: str
    """Of the trial: ten hexadecimal digits, a hash of everything that determines its numbers."""
    method: str
    variant: str = ""
    dataset: str
    architecture: str
    seed: int = field(metadata={"signed": True})
    status: Status
    """`running`: another process writes its record."""
    error: str = ""
    images: int = 0
    """Taken from the data, repetitions counted."""
    updates: int = 0
    """Of the generator."""
    train_seconds: float = 0.0
    """Time inside the trainer's step."""
    images_per_second: float = 0.0
    evaluate_seconds: float = 0.0
    """Time of scoring in the last attempt, curves included, and of what was scored since."""
    wall_seconds: float = 0.0
    """Time of the last attempt from its first line to its last, training and evaluation included."""
    resumes: int = 0
    """How often a later attempt went on from a checkpoint."""
    best_images: int = 0
    """Where the checkpoint kept as the best stands; 0 when nothing was scored during training (`evaluate.every`)."""
    best_updates: int = 0
    started: float = 0.0
    """When the last attempt began, in seconds since 1970."""
    ended: float = 0.0
    """When the last attempt ended, in seconds since 1970."""
    peak_memory_mb: float = 0.0
    """Of the process; on an accelerator of the device."""
    generator_parameters: int = 0
    """Numbers that training changes in the generator: the networks that samples come from."""
    trainer_parameters: int = 0
    """The same of everything that the trainer holds, the generator included."""
    average: str = ""
    """How the weights that made the samples were averaged; empty: they were those of the last update."""
    schedule: str = ""
    """What every learning rate was multiplied with over the budget: `constant`, `linear`, `cosine`; empty: an older
    version made the record."""
    start: str = ""
    """What the untrained samples came from: `generator`, the study's; `field`, the study's; `own`, another network or
    something more; empty: an older version made the record."""
    latent: str = ""
    """What samples are made of: `prior`, the study's; `data`, normal numbers in the data's shape; `both`."""
    evaluations: int = 0
    """How often one sample passes through a network; 0: an older version made the record."""
    critic_norm: str = ""
    """Of the study's critics that the trainer took: `batch`, `spectral`, `layer`, or `none`, which a critic that was
    built without batch norms has, too; empty: it took none, or an older version made the record."""
    data_hash: str = ""
    """sha256 of the data set's content."""
    batches_hash: str = ""
    """sha256 of the first batches: equal for all methods of one seed."""
    generator_hash: str = ""
    """sha256 of the untrained generator's samples of the first evaluation latents: equal for all methods of one seed.
    """
    device: str = ""
    arithmetic: str = ""
    """Whether the algorithms of the device repeat bit for bit, and what else changes digits: TF32, CUDA graphs; empty:
    an older version made the record."""
    threads: int = 1
    world: int = 1
    origin: str = ""
    """The distribution that provides the method, and its version."""
    genbench_version: str = ""
    torch_version: str = ""
    python_version: str = ""
    git_commit: str = ""
    numerics: Mapping[str, int] = field(default_factory=dict)
    """The numerics revisions that it was made under, of the core, method, data set, architecture; none: not known."""
    warnings: Sequence[str] = ()
    """What a reader of the metrics must know."""
    metrics: Mapping[str, float] = field(default_factory=dict)
    protocol: Mapping[str, str] = field(default_factory=dict)
    """Metric to the key of its protocol: numbers with different keys must not be compared."""
    protocols: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Key to the protocol in full: how the numbers were made."""
    better: Mapping[str, str] = field(default_factory=dict)
    """Metric to the direction that is better, `higher`, `lower` or `neither`: a reader does not need the metric
    installed."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Nested: method, data, net, train, evaluate, seeds, device, threads."""

    @property
    def label(self) -> str:
        """The method as it is written on the command line."""
        return f"{self.method}/{self.variant}" if self.variant else self.method

    def to_row(self) -> dict[str, Any]:
        """One flat row: a metric's column is its name, `metrics` lists them, settings are `settings.train.batch`.

        The key of a metric's protocol is `protocol.fid`, the fields of that protocol are `protocols.<key>.extractor`,
        its better direction is `better.fid`.
        """
        row = asdict(self)
        metrics = row.pop("metrics")
        nested = {name: row.pop(name) for name in NESTED}
        return {**row, "warnings": list(self.warnings), "metrics": list(metrics), **metrics, **flatten(nested)}

    @classmethod
    def from_row(cls, row: Mapping[str, Any], place: str = "a record") -> Record:
        """The inverse of `to_row`, with texts as they can be shown; columns of a newer version are ignored.

        place: the file that it is from. Raises GenbenchError that names it and the first value that cannot be.
        """
        own = {f.name: row[f.name] for f in fields(cls) if f.name in row}
        named = row.get("metrics", [])
        own["metrics"] = {name: row.get(name) for name in named} if _are_texts(named) else named
        nested = sections(row, NESTED, place, AGAIN)
        record = made(cls, shown.plainly({**own, **nested}), place, AGAIN)
        return replace(record, warnings=tuple(record.warnings))


def _are_texts(values: object) -> bool:
    return isinstance(values, list | tuple) and all(isinstance(value, str) for value in values)


AGAIN = "remove it and run the trial again"
NESTED = ("protocol", "protocols", "better", "settings", "numerics")
"""Fields that are columns with dotted names in a row."""
COLUMNS = tuple(f.name for f in fields(Record))
"""Names that no metric can have."""


def write(record: Record, directory: Path) -> None:
    """Write record.json into a trial's folder, atomically."""
    write_json(record.to_row(), directory / "record.json")


def read(directory: Path) -> Record | None:
    """The record in a trial's folder, or None while there is none; raises GenbenchError for a damaged one, and for that
    of another trial.
    """
    path = directory / "record.json"
    if not path.exists():
        return None
    trial = Trial.read(directory)
    try:
        row = read_json(path, sealed=trial.signs)
    except GenbenchError:
        if not path.exists():  # whoever runs the trial again took it away meanwhile
            return None
        raise
    record = Record.from_row(row, str(path))
    trial.own(record.id, path, files="it")
    return record


def trial_directories(path: Path) -> Iterator[Path]:
    """The folders of trials at or below a path: a trial's folder, a study's, or a whole results folder; sorted."""
    if (path / "trial.json").exists():
        yield path
    else:
        yield from sorted(
            file.parent for pattern in ("trials/*/trial.json", "*/trials/*/trial.json") for file in path.glob(pattern)
        )
