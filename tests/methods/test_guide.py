"""plugins/README.md does what it says: its files are written, its commands run, its examples used."""

import math
import os
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pluggy
import pytest
import torch

from genbench import testing
from genbench.contract import hooks
from genbench.contract.metric import Evaluation

PAGE = (Path(__file__).parents[2] / "plugins" / "README.md").read_text()
FILES = dict(re.findall(r"^`([^`\n]+)`:\n\n```\w+\n(.*?)^```$", PAGE, re.M | re.S))
COMMANDS = [line for block in re.findall(r"^```sh\n(.*?)^```$", PAGE, re.M | re.S) for line in block.splitlines()]


def section(heading):
    """What stands under a heading of the second level."""
    return PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def example(heading):
    """The code of a section as a plugin: its module, and the manager it is registered with."""
    code = re.search(rf"^### {heading}\n.*?^```python\n(.*?)^```$", PAGE, re.M | re.S).group(1)
    module = ModuleType(heading)
    exec(compile(code, heading, "exec"), vars(module))
    manager = pluggy.PluginManager("genbench")
    manager.add_hookspecs(hooks)
    manager.register(module)
    manager.check_pending()
    return manager.hook


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where the page's reader sits, with the files of the page."""
    folder = tmp_path_factory.mktemp("reader")
    for name, content in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return folder


def run(command, folder):
    """A command of the page as it stands there; what it installs goes into a separate folder, from no network."""
    site = folder / "site"
    environment = {
        **os.environ,
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "PYTHONPATH": os.pathsep.join(filter(None, [str(site), os.environ.get("PYTHONPATH")])),
        "PIP_TARGET": str(site),
        "PIP_NO_DEPS": "1",
        "PIP_NO_INDEX": "1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        # pip reads this variable as the value of build_isolation: "0" is what the option --no-build-isolation sets.
        "PIP_NO_BUILD_ISOLATION": "0",
    }
    return subprocess.run(
        command, shell=True, cwd=folder, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )


def test_the_page_holds_a_whole_plugin_of_one_short_module():
    assert set(FILES) == {
        "genbench-distance/genbench_distance.py",
        "genbench-distance/pyproject.toml",
        "genbench-distance/tests/test_contract.py",
    }
    assert len(FILES["genbench-distance/genbench_distance.py"].splitlines()) <= 60


@pytest.mark.slow
@pytest.mark.long
def test_the_page_followed_word_for_word_ends_in_a_study_of_the_method(folder):
    outputs = {}
    for command in COMMANDS:
        done = run(command, folder)
        assert done.returncode == 0, f"{command}\n{done.stdout}"
        outputs[command.split(" ./")[0].split(" --")[0]] = done.stdout
    assert re.search(
        r"^ *distance +genbench-distance 0\.1\.0 +variants: smooth$", outputs["genbench list methods"], re.M
    )
    assert outputs["genbench check distance"].splitlines() == [
        f"ok    {name}: {testing.clause(name)}" for name in testing.CHECKS
    ]
    assert f"{len(testing.CHECKS)} passed" in outputs["python -m pytest genbench-distance"]
    assert {"distance", "distance/smooth"} <= set(outputs["genbench run"].split())
    assert len(list((folder / "results").glob("*/trials/*/record.json"))) == 2


@pytest.mark.slow
def test_the_check_of_the_page_names_what_is_wrong(folder):
    module = folder / "genbench-distance" / "genbench_distance.py"
    broken = folder / "broken" / "genbench_distance.py"
    broken.parent.mkdir()
    good = "loss = energy_distance(gather(real.flatten(1)), gather(fake.flatten(1)), self.config.power)"
    assert good in module.read_text()
    broken.write_text(
        module.read_text().replace(good, "loss = energy_distance(real.flatten(1), fake.flatten(1), self.config.power)")
    )
    information = broken.parent / "genbench_distance-0.1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: genbench-distance\nVersion: 0.1.0\n")
    (information / "entry_points.txt").write_text("[genbench.methods]\ndistance = genbench_distance\n")
    environment = {**os.environ, "PYTHONPATH": str(broken.parent)}
    done = subprocess.run(
        [sys.executable, "-m", "genbench.cli", "check", "distance"],
        cwd=folder,
        env=environment,
        text=True,
        capture_output=True,
    )
    assert done.returncode == 1
    failed = [line for line in done.stdout.splitlines() if line.startswith("FAIL")]
    assert len(failed) == 1
    assert failed[0].startswith("FAIL  ranks: ")
    assert "kit.comm.gather(rows)" in failed[0]


def test_the_page_lists_every_check_with_its_clause():
    listed = re.findall(r"^\| `(\w+)` \| (.+) \|$", section("What the checks check"), re.M)
    assert listed == [(name, testing.clause(name)) for name in testing.CHECKS]


def test_the_page_names_every_hook_that_a_plugin_is_asked_by():
    named = set(re.findall(r"genbench_\w+(?=\()", section("Other kinds of plugins")))
    assert named == {name for name in vars(hooks) if name.startswith("genbench_")}


def test_the_example_of_a_data_set_loads_points():
    ((dataset,),) = example("A data set").genbench_datasets()
    splits = dataset.load(dataset.config())
    assert (dataset.name, splits.shape, splits.is_images) == ("moons", (2,), False)


def test_the_example_of_an_architecture_builds_networks():
    ((architecture,),) = example("An architecture").genbench_architectures()
    net = architecture.config()
    assert architecture.generator(net, (2,), 5)(torch.zeros(3, 5)).shape == (3, 2)
    assert architecture.critic(net, (2,), 1, False)(torch.zeros(3, 2)).shape == (3, 1)
    assert architecture.accepts(net, (2,)) == ""
    assert "vectors" in architecture.accepts(net, (3, 16, 16))


def test_the_example_of_a_metric_measures_a_shift():
    ((metric,),) = example("A metric").genbench_metrics()
    ((dataset,),) = example("A data set").genbench_datasets()
    splits = dataset.load(dataset.config())
    assert metric.accepts(splits) == ""
    assert metric.compute(Evaluation(samples=splits.test + 1, splits=splits)) == pytest.approx(math.sqrt(2), abs=1e-4)


def test_the_example_of_an_extractor_gives_features_and_logits(tmp_path):
    ((extractor,),) = example("An extractor of features").genbench_extractors()
    torch.save(torch.nn.Linear(3, 10).state_dict(), tmp_path / "w.pt")
    features, logits = extractor.build(tmp_path / "w.pt")(torch.full((2, 4, 4, 3), 255, dtype=torch.uint8))
    assert torch.equal(features, torch.ones(2, 3))
    assert logits.shape == (2, 10)


def test_the_example_of_an_observer_keeps_a_diary(tmp_path):
    observer = example("An observer").genbench_observer(results=tmp_path)
    manager = pluggy.PluginManager("genbench")
    manager.add_hookspecs(hooks)
    manager.register(observer)
    manager.check_pending()
    manager.hook.genbench_trial_start(trial=None, directory=tmp_path / "t")
    manager.hook.genbench_trial_log(trial=None, directory=tmp_path / "t", rows=[{"images": 1}, {"images": 2}])
    manager.hook.genbench_trial_end(trial=None, directory=tmp_path / "t", record={"status": "finished"})
    manager.hook.genbench_study_end(study="s", directory=tmp_path)
    assert (tmp_path / "diary.txt").read_text() == "t starts\nt is at 2 images\nt finished\ns is over\n"
