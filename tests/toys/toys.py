"""Methods for the tests of the core: they match the first two moments, and can be told to fail in every way."""

import ctypes
import os
import resource
import signal
import time
from dataclasses import dataclass
from pathlib import Path

import torch

from genbench.plugin import Method, Trainer, cite, hookimpl, setting

os.write(1, b"a plugin may print what it likes when it is imported\n")


@dataclass(frozen=True, kw_only=True)
class ToyConfig:
    lr: float = setting(1e-3, "learning rate", source="nowhere", above=0)
    powers: tuple[float, ...] = setting((1.0,), "weights of the moments")
    slow: bool = setting(False, "use less of it")
    linger: str = setting(
        "", "a file; while it is there an update takes 20 ms, so that a trial can be caught while it trains"
    )


class Toy(Trainer):
    def __init__(self, config, kit):
        super().__init__(config, kit)
        self.linger = config.linger
        self.generator = kit.generator()
        self.optimizer = torch.optim.Adam(self.generator.parameters(), lr=config.lr)

    def step(self, batches):
        if self.linger and Path(self.linger).exists():
            time.sleep(0.02)
        real = next(batches)
        fake = self.sample(self.kit.noise(len(real)))
        real, fake = self.kit.comm.gather(real), self.kit.comm.gather(fake)
        loss = (real.mean(0) - fake.mean(0)).square().sum() + (
            real.square().mean(0) - fake.square().mean(0)
        ).square().sum()
        self.kit.comm.descend((self.optimizer, loss))
        return {"loss": loss.detach()}

    def sample(self, z):
        return self.generator(z)


@dataclass(frozen=True, kw_only=True)
class FailConfig:
    how: str = setting("", "raise, nan, kill, segfault, exit, fork, print, leak: what happens at update `at`")
    at: int = setting(5, "the update at which it happens")
    rank: int = setting(-1, "the rank on which it happens; -1: all")
    marker: str = setting(
        "", "a folder; it happens as often as there are files in it, one of which is removed each time"
    )


class Fails(Toy):
    def __init__(self, config, kit):
        super().__init__(ToyConfig(), kit)
        self.config = config
        self.register_buffer("updates", torch.zeros((), dtype=torch.int64))

    def step(self, batches):
        values = super().step(batches)
        self.updates += 1
        if self.updates.item() == self.config.at and self.config.rank in (-1, self.kit.comm.rank) and self.due():
            if self.config.how == "raise":
                raise ValueError("the toy is broken")
            if self.config.how == "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            if self.config.how == "segfault":
                ctypes.string_at(0)
            if self.config.how == "exit":
                os._exit(3)
            if self.config.how == "fork" and os.fork() == 0:
                time.sleep(3600)
            if self.config.how == "print":
                for _ in range(1000):
                    print("x" * 10**6)
            if self.config.how == "leak":
                resource.setrlimit(resource.RLIMIT_AS, (2**33, 2**33))
                self.leaked = [bytes(2**28) for _ in range(64)]
            if self.config.how == "nan":
                return {"loss": torch.tensor(float("nan"))}
        return values

    def due(self):
        if not self.config.marker:
            return True
        for file in Path(self.config.marker).iterdir():
            file.unlink()
            return True
        return False


TOY = Method(
    name="toy",
    trainer=Toy,
    config=ToyConfig,
    paper="none",
    presets={"ring": {"lr": cite(2e-3, "nowhere")}},
    variants={"fast": {"lr": cite(1e-2, "nowhere")}},
)
FAILS = Method(name="toy-fails", trainer=Fails, config=FailConfig, paper="none")


@hookimpl
def genbench_methods():
    return [TOY, FAILS]
