"""A sign, factor, number, order or detach that is changed in a step is noticed: by the oracles, or by what a step
returns, where golden curves keep that.
"""

import math
import sys
from fnmatch import fnmatchcase
from functools import cache

import golden
import pytest
from mutants import Mutant, folder_of, loaded, mutants, sources
from oracle_cases import CASES, Case
from replayed import CLOSE, replayed

from genbench.contract import registry

pytestmark = [pytest.mark.methods, pytest.mark.slow]
INSTALLED = {entry.name for entry in registry.installed("methods")}
METHODS = sorted({case.label.partition("/")[0] for case in CASES})
EQUIVALENT = {
    "an optimizer moves its own weights alone, whatever else a gradient would reach": [
        "genbench_gan.step: fake not detached",
        "genbench_gram._in_turn: * not detached",
        "genbench_mmdgan_losses.squared_jacobian: total not detached",
        "genbench_ratio._descend: fake not detached",
        "genbench_r3gan.step: of_real not detached",
        "genbench_sliced.step: fake not detached",
        "genbench_sliced._distance: next(self.logit.parameters()) not detached",
    ],
    "it has no graph: it is data, or was made without gradients": [
        "genbench_drift.step: fake not detached",
        "genbench_mmdgan_losses.squared_jacobian: images not detached",
        "genbench_mmdgan_losses.witness_penalty: points not detached",
        "genbench_r3gan._judged: images not detached",
        "genbench_ratio._moved: pool not detached",
        "genbench_sinkhorn.transport: cost not detached",
        "genbench_wgan.slope_penalty: points not detached",
    ],
    "a guard at 0, which no step comes near": [
        "*.clamp_min(1e-12) with 2e-12 for 1e-12",
        "*.clamp_min(1e-30) with 2e-30 for 1e-30",
        "genbench_drift.field: *.clamp_min(0.001) with 0.002 for 0.001",
    ],
    "of the two conditions at most one holds": [
        "genbench_gan.critic_objective: if * after if *",
        "genbench_gram_losses.critic_objective: if * after if *",
        "genbench_ratio_losses.*: if * after if *",
    ],
    "neither reads what the other changes, and they draw from different streams": [
        "genbench_energy.energy_distance: def * after n, m = *",
        "genbench_flow.__init__: self.* after self.*",
        "genbench_mmdgan._generator_step: with torch.no_grad(): after q = *",
        "genbench_mmdgan_losses.squared_jacobian: images = * after total = *",
        "genbench_r3gan.step: with torch.no_grad(): after of_real, on_real = *",
        "genbench_r3gan.step: of_real, on_real = * after of_fake, on_fake = *",
        "genbench_r3gan.step: of_fake = * after if config.loss == 'relativistic':",
        "genbench_sliced._distance: with torch.no_grad(): after f = *",
    ],
    "it is computed in vain, and not used": [
        "genbench_drift.field: fake / unit with Mult",
        "genbench_gram_losses.critic_objective: if * after total = *",
        "genbench_mmdgan._critic_step: if self.config.critic_loss != 'mmd': after mmd, hinge = *",
        "genbench_mmdgan._scale: if self.config.critic_loss != 'scaled': after slopes = *",
        "genbench_sinkhorn.transport: scaled.new_zeros(n, 1) with 2 for 1",
        "genbench_wgan._penalty: if self.config.penalty == 'between': after spread = *",
    ],
    "one batch, or a loss of 0, either way": [
        "genbench_mmdgan.step: if * after if not self.config.fresh_batches:",
        "genbench_gram_losses.critic_objective: 0 * mmd2 with Div",
    ],
    "nothing on one rank; tests/methods/test_ranks.py has two": [
        "genbench_mmdgan._compare: q, p = * after return *",
        "genbench_mmdgan._mmd2: q, p = * after return *",
        "genbench_mmdgan._scale: * / self.kit.comm.world with Mult",
        "genbench_sinkhorn._divergence: x, f = * after epsilon = *",
    ],
    "it is only logged; the plugin's own tests, if any, hold it": [
        "genbench_gram._ratio_difference: *",
        "genbench_gram._in_turn: difference = * after critic_loss = *",
        "genbench_gram_losses.ratio_difference: *",
        "genbench_mmdgan._simultaneous_step: p.detach().std(0) with 1 for 0",
        "genbench_ratio._grow: pool - begun with Add",
        "genbench_sinkhorn.step: scalars* after if self.critic is not None:",
    ],
    "samples alone come here; the plugin's own tests hold the solvers' order and cost": [
        "genbench_flow.__init__: PASSES[[]config.solver] * config.steps with Div",
        "genbench_flow.carried: (velocity + field(x + size * velocity, t + size)) / 2 with *",
        "genbench_flow.carried: velocity + field(x + size * velocity, t + size) with Sub",
        "genbench_flow.carried: x + size * velocity with Sub",
        "genbench_flow.carried: t + size with Sub",
        "genbench_flow.carried: size * velocity with Div",
    ],
}
"""Why a mutant is not noticed, and which ones."""


@pytest.mark.parametrize("method", METHODS)
def test_every_mutant_of_a_step_is_noticed_or_known_to_be_none(method):
    if method not in INSTALLED:
        pytest.skip(f"{method} is not installed: python -m pip install -r requirements-zoo.txt")
    unnoticed = [mutant.name for mutant in mutants(method) if not noticed(method, mutant)]
    known = [pattern for patterns in EQUIVALENT.values() for pattern in patterns]
    assert [name for name in unnoticed if not any(fnmatchcase(name, pattern) for pattern in known)] == []
    own = [pattern for pattern in known if pattern.startswith(sources(method).popitem()[0])]
    assert [pattern for pattern in own if not any(fnmatchcase(name, pattern) for name in unnoticed)] == []


@cache
def run(case: Case) -> tuple[set[tuple[str, int]], list[dict[str, float]]]:
    """The modules and lines of a plugin that a case runs through, and what the steps return."""
    method = case.label.partition("/")[0]
    folder, lines = str(folder_of(method)), set()

    def trace(frame, event, _):
        if not frame.f_code.co_filename.startswith(folder):
            return None
        lines.add((frame.f_globals["__name__"], frame.f_lineno))
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        return lines, [values for _, values in replayed(case, registry.load("methods", method))]
    finally:
        sys.settrace(before)


def noticed(method: str, mutant: Mutant) -> str:
    """What notices a mutant: the case that is not the oracle's, or whose returned values are others; or nothing."""
    cases = [case for case in CASES if case.label.partition("/")[0] == method]
    cases = [case for case in cases if (mutant.module, mutant.line) in run(case)[0]]
    for last in (1, 20):
        for case in cases:
            kept = case.label in golden.CASES
            try:
                changed = loaded(sources(method) | {mutant.module: mutant.source})
                for update, (far, values) in enumerate(replayed(case, changed)):
                    if not far < CLOSE:
                        return f"{case.name} after {update + 1}"
                    if kept and not alike(values, run(case)[1][update]):
                        return f"what {case.name} returns"
                    if update + 1 == last:
                        break
            except Exception as error:
                return f"{case.name}: {type(error).__name__}"
    return ""


def alike(values: dict[str, float], others: dict[str, float]) -> bool:
    return values.keys() == others.keys() and all(
        math.isclose(values[name], others[name], rel_tol=1e-6, abs_tol=1e-12) for name in others
    )
