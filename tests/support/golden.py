"""Golden curves: what a seed yields with every method, architecture and metric of this repository.

`python tests/support/golden.py` writes tests/methods/golden.json anew, once a numerics revision has been raised; it
refuses to where numbers have moved and no revision has.
"""

import hashlib
import json
import sys
import tempfile
from pathlib import Path

import torch
from torch import nn

from genbench.contract import registry
from genbench.study.plan import plan_study
from genbench.training import worker
from genbench.trial import checkpoint, record
from genbench.trial.log import Tail
from genbench.trial.trial import Trial
from genbench.version import NUMERICS

FILE = Path(__file__).parents[1] / "methods" / "golden.json"
METHODS = ("gan", "mmdgan", "mmdgan/ae", "mmdgan/fsr", "mmdgan/scaled", "mmdgan/rq-gp", "mmdnet")
METHODS += ("gram", "gram/flow", "gram/julia", "gram/torch")
ZOO = ("wgan", "r3gan", "sngan", "drift", "energy", "energy/cramer", "ratio", "ratio/bgan")
ZOO += ("sliced", "sliced/features", "sinkhorn", "flow", "flow/ot", "flow/reflow", "vae")
"""Those of requirements-zoo.txt."""
ARCHITECTURES = ("convnet", "dcgan", "mnist-mlp")
METRICS = {"ring": "modes,modes_any,high_quality,mode_kl,mmd", "digits": "fid,is,kid,precision,recall,neighbour_ratio"}
WORDS = ["evaluate.samples=100", "train.log_every=1", "net.latent=4"]
CASES = {
    label: (label, "ring", ["train.batch=40", "net.width=12", "data.points=800"], 12) for label in METHODS + ZOO
} | {net: ("gan", "digits", [f"net={net}", "net.width=8", "train.batch=16"], 3) for net in ARCHITECTURES}
"""Name to method, data set, settings and generator updates."""
WAYS = [(name, precision) for name in CASES for precision in (("fp32",) if name in ARCHITECTURES else ("fp64", "fp32"))]
"""Case and precision."""
QUICK = ["mmdgan.warmup=1", "mmdgan.warmup_critic_steps=2", "mmdgan.burst_every=0"]
TOLERANCE = {"fp64": 1e-6, "fp32": 2e-2}
"""Relative: between processors that round differently, after so few updates. In fp32 only the bits tell small changes.
"""


def made(name: str, precision: str) -> dict:
    """The curve, the scores and the sum of the parameters of a case, from this code."""
    method, dataset, words, updates = CASES[name]
    words = [*WORDS, *words, f"train.precision={precision}", f"train.updates={updates}"]
    words += [f"evaluate.metrics=[{METRICS[dataset]}]", *(QUICK if method.startswith("mmdgan") else [])]
    with tempfile.TemporaryDirectory() as folder:
        planned = plan_study([method], [dataset], [1], words, name="golden", results=Path(folder))
        (trial,) = planned.trials
        directory = planned.directory_of(trial)
        directory.mkdir(parents=True)
        trial.write(directory)
        assert worker.run_trial(directory) == worker.DONE, record.read(directory).error
        state = checkpoint.latest(directory / "checkpoint", Trial.read(directory))["trainer"]
        tensors = [value for value in state.values() if torch.is_tensor(value)]
        return {
            "numerics": dict(trial.numerics) | {"metrics": _revisions(METRICS[dataset])},
            "curve": [row["values"] for row in Tail(directory).rows() if "values" in row],
            "scores": dict(record.read(directory).metrics),
            "parameters": sum(float(tensor.double().abs().sum()) for tensor in tensors),
            "bits": hashlib.sha256(b"".join(tensor.numpy().tobytes() for tensor in tensors)).hexdigest()[:16],
        }


def _revisions(metrics: str) -> dict[str, int]:
    return {name: registry.load("metrics", name).numerics for name in metrics.split(",")}


def processor() -> str:
    """A hash of what this machine's arithmetic gives for textbook operations in fp32: where it is the same, the bits of
    a trial are.
    """
    generator = torch.Generator().manual_seed(0)
    torch.set_num_threads(1)

    def numbers(*shape):
        return torch.randn(*shape, generator=generator)

    parts = [torch.__version__.encode()]
    for rows, inner, columns in ((40, 12, 12), (40, 4, 12), (16, 128, 64), (200, 2, 200), (64, 1280, 64)):
        a, b = numbers(rows, inner), numbers(inner, columns)
        parts += [_bytes(a @ b), _bytes(a.T @ a), _bytes(torch.exp(-(a**2)).sum(0)), _bytes(a.tanh().mean())]
    square = numbers(60, 60).double()
    parts.append(_bytes(torch.linalg.cholesky(square @ square.T + torch.eye(60))))
    parts.append(_bytes(torch.linalg.solve(square, square + 1)))
    image = numbers(16, 3, 16, 16).to(memory_format=torch.channels_last).requires_grad_()
    network = nn.Conv2d(3, 8, 4, 2, 1).to(memory_format=torch.channels_last)
    back = nn.ConvTranspose2d(8, 3, 4, 2, 1).to(memory_format=torch.channels_last)
    with torch.no_grad():
        for parameter in (*network.parameters(), *back.parameters()):
            parameter.copy_(numbers(*parameter.shape))
    optimizer = torch.optim.Adam([*network.parameters(), *back.parameters()], fused=True)
    for _ in range(3):
        loss = nn.functional.batch_norm(back(network(image)), None, None, training=True).sigmoid().log().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    parts += [_bytes(parameter.detach()) for parameter in (*network.parameters(), *back.parameters())]
    return hashlib.sha256(b"".join(parts)).hexdigest()[:16]


def _bytes(tensor: torch.Tensor) -> bytes:
    return tensor.contiguous().numpy().tobytes()


def moved(case: dict, golden: dict, precision: str) -> str:
    """Where the numbers of a case are not the golden ones, in words; empty where they are."""
    tolerance = TOLERANCE[precision]
    pairs = [("the sum of the parameters", case["parameters"], golden["parameters"])]
    for update, (row, kept) in enumerate(zip(case["curve"], golden["curve"], strict=True), start=1):
        pairs += [(f"{name} at update {update}", row[name], kept.get(name, float("nan"))) for name in row]
    pairs += [(name, case["scores"][name], kept) for name, kept in golden["scores"].items()]
    for what, got, kept in pairs:
        if not abs(got - kept) <= tolerance * max(1e-3, abs(kept)):
            return f"{what} is {got!r}, was {kept!r}"
    return ""


def write() -> None:
    """Write golden.json, where nothing moved under the revisions that it was written under."""
    kept = json.loads(FILE.read_text()) if FILE.exists() else {"cases": {}, "bits": {}}
    cases, here = {}, processor()
    bits = {name: dict(own) for name, own in kept["bits"].items()}
    for name, precision in WAYS:
        key, case = f"{name} {precision}", made(name, precision)
        golden, own = kept["cases"].get(key), case.pop("bits")
        same = golden and golden["numerics"] == case["numerics"]
        reason = moved(case, golden, precision) if same else ""
        if same and bits.get(key, {}).get(here, own) != own:
            reason = reason or "parameters differ in their last bits"
        if reason:
            sys.exit(f"{key}: {reason}; raise a numerics revision first: see CONTRIBUTING.md")
        bits[key] = {**(bits.get(key, {}) if same else {}), here: own}
        cases[key] = golden if same else case
    bits = {key: bits[key] for key in cases}
    FILE.write_text(json.dumps({"numerics": NUMERICS, "cases": cases, "bits": bits}, indent=1) + "\n")


if __name__ == "__main__":
    write()
