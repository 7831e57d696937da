"""Your own model, data set and loss, as a user names them; and every way to name them wrongly."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lrlab.config.load import load_config
from lrlab.experiments.range_test import RangeTest
from lrlab.launch import plugin_import
from lrlab.launch.assemble import assemble
from lrlab.launch.spec import TrialSpec
from lrlab.launch.sweep import run_sweep

pytestmark = pytest.mark.usefixtures("undrawn")
NET = """
from torch import nn

class Net(nn.Module):
    def __init__(self, shape, classes, width=8):
        super().__init__()
        channels, height, side = shape
        self.layers = nn.Sequential(nn.Flatten(), nn.Linear(channels * height * side, width), nn.ReLU(),
                                    nn.Linear(width, classes))

    def forward(self, images):
        return self.layers(images)
"""
TWINS = """
from lrlab.data.digits import load as digits
from lrlab.models.mlp import MLP

def mlp(shape, classes, width):
    return MLP(shape, classes, depth=2, width=width, norm="none", activation="relu")
"""
CONFIG = "plugins: {net: mine:Net}\nmodel: {name: net}\n"
SHORT = ("-q", "range_test.steps=20")


@pytest.fixture(autouse=True)
def forget() -> Iterator[None]:
    """Each test has modules and a path of its own."""
    path = list(sys.path)
    yield
    for name in plugin_import._OWN:
        sys.modules.pop(name, None)
    plugin_import._OWN.clear()
    plugin_import._FOLDERS.clear()
    plugin_import._ASKED.clear()
    sys.path[:] = path


def write(folder: Path, **files: str) -> Path:
    """`mine='...'` becomes mine.py, `config='...'` config.yaml; returns the config."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}{'.yaml' if name == 'config' else '.py'}").write_text(text, encoding="utf-8")
    return folder / "config.yaml"


def newest(root: Path, experiment: str = "range-test") -> Path:
    return max((root / "runs" / experiment).iterdir())


def curve(path: Path | None, *overrides: str) -> list[float]:
    """The raw losses of a short sweep."""
    config = load_config(path, [*overrides, "range_test.steps=20"]).config.model_dump(mode="json")
    return run_sweep(assemble(RangeTest.from_config(config).propose([])[0])).series["loss"]


def test_a_model_beside_its_config_is_found_from_anywhere_and_recorded(lrlab: Any, here: Path) -> None:
    config = write(here / "my project ü", mine=NET, config=CONFIG)
    assert lrlab("range-test", str(config), *SHORT, "model.options.width=5").code in (0, 4)
    run, file = newest(here), config.parent / "mine.py"
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    recorded = json.loads((run / "meta.json").read_text())["plugins"]
    assert recorded == {"net": {"target": "mine:Net", "file": str(file), "sha256": digest}}
    again = load_config(run / "resolved.yaml").config
    assert again.plugins["net"].folder == str(config.parent) and again.init.name == "as_built"


def test_twins_of_built_in_parts_give_the_same_bits(here: Path) -> None:
    config = write(
        here / "twins",
        twins=TWINS,
        config="plugins: {net: twins:mlp, set: twins:digits, loss: torch.nn.functional:cross_entropy}\n"
        "model: {name: net, options: {width: 16}}\ndata: {name: set, batch_size: 32}\ntrain: {loss: loss}\n"
        "init: {name: kaiming_normal}\n",
    )
    built_in = curve(None, "model.name=mlp", "model.width=16")
    assert curve(config) == built_in
    assert curve(config, "init.name=as_built") != built_in
    assert curve(config, "model.options.width=17") != built_in


def test_import_is_the_same_without_a_config_and_the_tuned_copy_trains(lrlab: Any, here: Path) -> None:
    write(here, mine=NET)
    answer = lrlab(
        "range-test", "-q", "--apply", "--import", "net=mine:Net", "model.name=net", "model.options.width=32"
    )
    assert answer.code == 0, answer.err
    tuned = newest(here) / "tuned.yaml"
    text = tuned.read_text()
    assert load_config(tuned).config.plugins["net"].folder == str(here) and "my_net" not in text
    assert lrlab("train", str(tuned), "-q", "train.steps=5").code == 0


@pytest.mark.parametrize(
    "written", ["{net: mine:Net}", "{net: {target: mine:Net}}", "\n  net:\n    target: mine:Net\n"]
)
def test_a_tuned_copy_of_a_config_finds_the_code_that_the_config_found(lrlab: Any, here: Path, written: str) -> None:
    config = write(here / "sub", mine=NET, config=f"plugins: {written}\nmodel: {{name: net, options: {{width: 32}}}}\n")
    assert lrlab("range-test", str(config), "-q", "--apply").code == 0
    tuned = load_config(newest(here) / "tuned.yaml").config
    assert tuned.plugins == load_config(config).config.plugins


def test_only_what_is_named_is_passed(lrlab: Any, here: Path) -> None:
    code = (
        NET + "\ndef plain(): return Net((1, 8, 8), 10)\ndef open_ended(**rest):\n    assert rest == {'a': 1}, rest\n"
    )
    config = write(here, mine=code + "    return plain()\n", config=CONFIG)
    assert lrlab("range-test", str(config), *SHORT, "plugins.net=mine:plain").code in (0, 4)
    arguments = ("plugins.net=mine:open_ended", "model.options.a=1")
    assert lrlab("range-test", str(config), *SHORT, *arguments).code in (0, 4)


def test_a_spec_builds_the_same_trial_in_another_process(here: Path) -> None:
    config = write(here / "sub", mine=NET, config=CONFIG)
    values = load_config(config).config.model_dump(mode="json")
    first = curve(config)[0]  # of any sweep: all begin at the same lr
    spec = here / "spec.json"
    spec.write_text(json.dumps(RangeTest.from_config(values).propose([])[0].to_json()))
    code = (
        "import json, sys\nfrom pathlib import Path\nfrom lrlab.launch.assemble import assemble\n"
        "from lrlab.launch.spec import TrialSpec\n"
        "trial = assemble(TrialSpec.from_json(json.loads(Path(sys.argv[1]).read_text())))\n"
        "print(trial.task.update(trial.stream)[0].item())\n"
    )
    done = subprocess.run([sys.executable, "-P", "-c", code, str(spec)], cwd="/", capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) == first


def test_where_the_code_lies_is_no_part_of_what_a_trial_does() -> None:
    def identity(**plugin: str) -> str:
        return TrialSpec("train", 0, {"plugins": {"net": plugin}, "model": {"name": "net"}}).id

    assert identity(target="m:A", folder="/x") == identity(target="m:A", folder="/y")
    assert identity(target="m:A", folder="/x") != identity(target="m:B", folder="/x")


def test_resume_refuses_code_that_has_changed(lrlab: Any, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from lrlab.launch.recording import RowRecorder

    config = write(here, mine=NET, config=CONFIG)

    def dying(*_: Any) -> None:
        raise RuntimeError

    with monkeypatch.context() as patched:
        patched.setattr(RowRecorder, "on_step", dying)
        assert lrlab("train", str(config), "-q", "train.steps=10").code == 1
    run = newest(here, "train")
    write(here, mine=NET + "\n# a thought\n")
    answer = lrlab("train", str(config), "-q", "train.steps=10", "--resume")
    assert answer.code == 2 and "mine.py has changed since this run began (plugins.net)" in answer.err
    write(here, mine=NET)
    assert lrlab("train", "-q", "--resume", run.name).code == 0


def test_two_folders_may_each_have_a_module_of_the_same_name(lrlab: Any, here: Path) -> None:
    wide = NET.replace("width=8", "width=9").replace("class Net", "import parts\nclass Net")
    one = write(here / "one", mine=NET.replace("class Net", "import parts\nclass Net"), parts="size = 1", config=CONFIG)
    two = write(here / "two", mine=wide, parts="size = 2", config=CONFIG)
    curves = [curve(config) for config in (one, two, one)]
    assert curves[0] == curves[2] != curves[1]
    assert sys.modules["parts"].size == 1
    empty = write(here / "three", config=CONFIG)
    assert "there is no module 'mine'" in lrlab("range-test", str(empty)).err


def test_the_path_is_as_before_but_for_the_folder_at_its_end(here: Path) -> None:
    before = list(sys.path)
    curve(write(here / "sub", mine=NET, config=CONFIG))
    assert sys.path == [*before, str(here / "sub")]


FAULTS = [
    (CONFIG, {}, ["config.yaml:1:16", "plugins.net: there is no module 'mine' in"]),
    (CONFIG, {"mime": NET}, ["did you mean 'mime'?"]),
    (CONFIG, {"mine": "import not_there_at_all"}, ["No module named 'not_there_at_all'", "mine.py:1", "install"]),
    (CONFIG, {"mine": "def ("}, ["importing mine failed", "SyntaxError", "mine.py, line 1"]),
    (CONFIG, {"mine": "1 / 0"}, ["importing mine failed at", "mine.py:1: ZeroDivisionError"]),
    (CONFIG, {"mine": "import sys\nsys.exit(3)"}, ["mine.py:2: SystemExit: 3"]),
    (CONFIG, {"mine": "class Nett: pass"}, ["there is no 'Net' in mine", "did you mean 'Nett'?"]),
    (CONFIG.replace("mine:", "random:"), {"random": NET}, ["has a 'random', which is the name of another module"]),
    (CONFIG, {"mine": "Net = 5"}, ["plugins.net is a int, which cannot be called"]),
    (CONFIG, {"mine": "def Net(): return 5"}, ["mine:Net returned int; it must be a torch.nn.Module"]),
    (CONFIG, {"mine": "def Net(): pass"}, ["returned None; it must be a torch.nn.Module"]),
    (CONFIG, {"mine": "import torch\nNet = torch.nn.Linear(2, 2)"}, ["built already", "name its class"]),
    (CONFIG, {"mine": "def Net(depth): pass"}, ["plugins.net needs depth", "set model.options.depth"]),
    (CONFIG, {"mine": "def Net(shape): raise KeyError('x')"}, ["mine:Net failed at", "mine.py:1: KeyError: 'x'"]),
    (
        CONFIG.replace("name: net", "name: net, options: {widht: 3}"),
        {"mine": NET},
        ["model.options: plugins.net takes no 'widht'; it takes: shape, classes, width", "did you mean 'width'?"],
    ),
    (CONFIG, {"mine": "import torch\ndef Net(): return torch.nn.Linear(3, 3)"}, ["does not take images of shape"]),
    (CONFIG, {"mine": NET.replace("return self.layers", "return self.layer")}, ["mine.py:12: AttributeError"]),
    (CONFIG, {"mine": NET.replace("return self.layers(images)", "return (1, 2)")}, ["the model gives a tuple"]),
    (CONFIG, {"mine": NET.replace("width, classes)", "width, 3)")}, ["gives (2, 3) for 2 images, not one score"]),
]
SET = "plugins: {set: mine:load}\ndata: {name: set}\n"
RAW = "from lrlab.data.digits import load as digits\nfrom dataclasses import replace\n"
FAULTS += [
    (SET, {"mine": "def load(section): return [1]"}, ["mine:load returned list; it must be a lrlab.data.images.Raw"]),
    (SET, {"mine": "def load(): return 1"}, ["plugins.set: mine:load failed", "TypeError"]),
    (SET, {"mine": "def load(section, n): return 1"}, ["plugins.set needs n", "data.options.n"]),
    (
        SET,
        {"mine": RAW + "def load(s): return replace(digits(s), class_names=())"},
        ["RawSplits whose class_names are 0"],
    ),
    (SET, {"mine": RAW + "def load(s): return replace(digits(s), train=[1])"}, ["train is a list"]),
    (
        SET,
        {
            "mine": RAW + "def load(s):\n    raw = digits(s)\n"
            "    return replace(raw, test=replace(raw.test, pixels=raw.test.pixels / 255))"
        },
        ["test pixels are torch.float32 of shape (2, 1, 8, 8); they must be torch.uint8"],
    ),
    (
        SET,
        {
            "mine": RAW + "def load(s):\n    raw = digits(s)\n"
            "    return replace(raw, test=replace(raw.test, labels=raw.test.labels.float()))"
        },
        ["test labels are torch.float32 of shape (359,); they must be torch.int64"],
    ),
    (
        SET,
        {
            "mine": RAW + "def load(s):\n    raw = digits(s)\n"
            "    return replace(raw, test=replace(raw.test, pixels=raw.test.pixels[:9]))"
        },
        ["test has 359 labels and fewer images"],
    ),
    (
        SET,
        {
            "mine": RAW + "def load(s):\n    raw = digits(s)\n"
            "    return replace(raw, test=replace(raw.test, pixels=raw.test.pixels[:, :, 1:]))"
        },
        ["test images are (1, 7, 8) and train images (1, 8, 8)"],
    ),
]
LOSS = "plugins: {loss: mine:loss}\ntrain: {loss: loss}\n"
FAULTS += [
    (LOSS, {"mine": "loss = 5"}, ["mine:loss is int; it must be a function (outputs, targets)"]),
    (LOSS, {"mine": "def loss(outputs, targets): return 1.0"}, ["returned float; it must be a scalar tensor"]),
    (LOSS, {"mine": "def loss(outputs, targets): return outputs"}, ["returned a tensor of shape (2, 10)"]),
    (LOSS, {"mine": "def loss(outputs, targets): return outputs.sum().detach()"}, ["a tensor without gradient"]),
    (LOSS, {"mine": "def loss(outputs): return outputs.sum()"}, ["mine:loss failed", "TypeError"]),
    (LOSS.replace("mine:loss", "torch.nn:MSELoss"), {}, ["torch.nn:MSELoss failed", "size"]),
]


@pytest.mark.parametrize(("config", "modules", "words"), FAULTS, ids=range(len(FAULTS)))
def test_what_is_wrong_is_a_sentence_before_anything_is_written(
    lrlab: Any, here: Path, config: str, modules: dict[str, str], words: list[str]
) -> None:
    path = write(here / "sub", config=config, **modules)
    answer = lrlab("range-test", str(path), *SHORT)
    assert answer.code == 2, answer.err
    assert all(word in answer.err for word in words), answer.err
    assert "Traceback" not in answer.err and answer.out == "" and not (here / "runs").exists()


def test_a_crash_of_ones_own_code_in_the_middle_is_not_called_lrlabs(lrlab: Any, here: Path) -> None:
    late = NET.replace("        return self", "        if self.training: raise ValueError('late')\n        return self")
    answer = lrlab("range-test", str(write(here, mine=late, config=CONFIG)), *SHORT)
    assert answer.code == 1 and "ValueError: late" in answer.err
    assert "this is a bug in your own code" in answer.err and "mine.py:12" in answer.err


@pytest.mark.parametrize("command", [["validate", "config.yaml"], ["config", "show", "config.yaml"]])
def test_looking_at_a_config_runs_none_of_its_code(lrlab: Any, here: Path, command: list[str]) -> None:
    write(here, mine="open('owned', 'w')", config=CONFIG)
    assert lrlab(*command).code == 0
    assert lrlab(*command, "--import", "net=mine:Net").code == 0
    assert not (here / "owned").exists()


def test_a_plugin_that_is_not_used_is_not_imported(lrlab: Any, here: Path) -> None:
    config = write(here, mine="open('owned', 'w')", config="plugins: {net: mine:Net}\n")
    answer = lrlab("range-test", str(config), *SHORT)
    assert answer.code in (0, 4) and "nothing uses it" in answer.err and not (here / "owned").exists()
    assert json.loads((newest(here) / "meta.json").read_text())["plugins"] == {}
