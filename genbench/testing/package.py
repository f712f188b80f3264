"""The package of a new method: its files, which work as they are and wait for the method's own step."""

from __future__ import annotations

import re
from pathlib import Path

from genbench import files
from genbench.config.settings import RESERVED
from genbench.contract import registry
from genbench.errors import GenbenchError

NAMED = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")

MODULE = '''"""CLASS: a line about the method (Authors YEAR, arXiv NUMBER)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import torch
from genbench.plugin import Kit, Method, Trainer, hookimpl, setting
from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class CLASSConfig:
    """The settings of CLASS."""

    lr: float = setting(1e-3, "Adam's learning rate", source="where it comes from", above=0)


class CLASSTrainer(Trainer):
    """A generator without a critic, by the energy distance: put the method in its place."""

    def __init__(self, config: CLASSConfig, kit: Kit) -> None:
        super().__init__(config, kit)
        self.generator = kit.generator()
        self.optimizer = torch.optim.Adam(self.generator.parameters(), lr=config.lr, betas=(0.5, 0.999))

    def step(self, batches: Iterator[Tensor]) -> Mapping[str, Tensor]:
        """One update of the generator, on one batch."""
        real = next(batches)
        fake = self.generator(self.kit.noise(len(real)))
        gather = self.kit.comm.gather  # a loss over pairs of samples needs the rows of all ranks
        loss = energy_distance(gather(real.flatten(1)), gather(fake.flatten(1)))
        self.kit.comm.descend((self.optimizer, loss))
        return {"loss": loss.detach()}

    def sample(self, z: Tensor) -> Tensor:
        """The generator's samples for latents [n, latent]."""
        samples: Tensor = self.generator(z)
        return samples


def energy_distance(x: Tensor, g: Tensor) -> Tensor:
    """2 E|x - g| - E|x - x'| - E|g - g'| of rows x [n, d] and g [m, d] (Székely and Rizzo 2013), unbiased."""
    n, m = len(x), len(g)
    between, real, fake = (
        torch.cdist(a, b, compute_mode="donot_use_mm_for_euclid_dist").sum() for a, b in ((x, g), (x, x), (g, g))
    )
    return 2 * between / (n * m) - real / (n * (n - 1)) - fake / (m * (m - 1))


METHOD = Method(
    name="NAME",
    trainer=CLASSTrainer,
    config=CLASSConfig,
    paper="Authors YEAR, title, arXiv NUMBER",
)


@hookimpl
def genbench_methods() -> Iterable[Method]:
    """The one method of this plugin."""
    return [METHOD]
'''
TEST = '''"""The plugin keeps the contract of a method."""

from genbench.testing import contract

from MODULE import METHOD

test_contract = contract(METHOD)
'''
PROJECT = """[build-system]
requires = ["setuptools>=77"]
build-backend = "setuptools.build_meta"

[project]
name = "genbench-NAME"
version = "0.1.0"
description = "CLASS, as a method for genbench"
readme = "README.md"
requires-python = ">=3.11"
dependencies = ["genbench>=0.1"]

[project.entry-points."genbench.methods"]
NAME = "MODULE"

# Every variant of the method, so that `genbench list` can show it:
# [project.entry-points."genbench.variants"]
# "NAME/VARIANT" = "MODULE"

[tool.setuptools]
py-modules = ["MODULE"]
"""
README = """# genbench-NAME

CLASS of Authors YEAR ([arXiv NUMBER](https://arxiv.org/abs/NUMBER)) as a method for genbench:
`pip install genbench-NAME`, then name it `NAME`.

The paper's equation goes here, with its number. With x real and G(z) generated, the generator minimises

    2 E|x - G(z)| - E|x - x'| - E|G(z) - G(z')|

## Settings

| setting | default | source |
|---|---|---|
| `lr` | 1e-3 | where it comes from |

## Where this departs from its sources

- The architecture is the study's.

## What was seen

Nothing yet: `genbench run --methods NAME`.
"""


def files_of(name: str) -> dict[str, str]:
    """The text of every file of a method's package by its path in it; raises GenbenchError for a name that a method
    cannot have.
    """
    if not NAMED.fullmatch(name) or name in RESERVED:
        raise GenbenchError(
            f"a method cannot be made under the name '{name}': choose small letters and digits, with single '-' between"
            f" words, beginning with a letter; not one of {', '.join(RESERVED)}"
        )
    module = f"genbench_{name.replace('-', '_')}"
    words = {"CLASS": name.title().replace("-", ""), "MODULE": module, "NAME": name}
    texts = {f"{module}.py": MODULE, "pyproject.toml": PROJECT, "README.md": README, "tests/test_contract.py": TEST}
    return {path: re.sub("|".join(words), lambda found: words[found[0]], text) for path, text in texts.items()}


def write(name: str, place: Path) -> Path:
    """Write the package of a new method into a folder `genbench-NAME` and return it; raises GenbenchError where the
    name is taken, or the folder there.
    """
    texts, folder = files_of(name), place / f"genbench-{name}"
    taken = [entry.origin for entry in registry.installed("methods") if entry.name == name]
    if taken:
        raise GenbenchError(f"there is a method '{name}' already, from {taken[0]}; choose another name")
    try:
        (folder / "tests").mkdir(parents=True)
        for path, text in texts.items():
            with files.creating(folder / path) as file:
                file.write(text.encode())
    except FileExistsError as error:
        raise GenbenchError(f"{folder} is there already; choose another name, or remove it") from error
    except OSError as error:
        raise GenbenchError(f"{folder} cannot be written: {error.strerror}") from error
    return folder
