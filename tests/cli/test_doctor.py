"""`lrlab doctor`: what it says of machines that this one is not, and that it leaves nothing behind."""

import json
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import torch

from lrlab.cli.doctor import diagnosis, machine, packages, places
from lrlab.cli.doctor.check import Check
from lrlab.engine.precision_timing import PrecisionTiming
from lrlab.runs.machine import Cpu

QUICK = PrecisionTiming(fp32_ms=10.0, bf16_ms=5.0, speedup=2.0, rounds=3)
CPU = Cpu("Some CPU", cores=8, allowed=8, quota=float("inf"), bf16=())
LOWEST = {"torch": "2.11", "torchvision": "0.26", "numpy": "2.0", "tensorboard": "2.21"}
FINE = {"torch": "2.14.1+cpu", "torchvision": "0.29", "numpy": "2.4.6", "tensorboard": "2.21.0"}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """No timing here; tests/engine/test_precision_timing.py has it."""
    monkeypatch.setattr("lrlab.engine.precision_timing.time_precisions", lambda device: QUICK)


def levels(checks: Any) -> dict[str, str]:
    return {check.topic: check.level for check in checks}


def test_a_machine_that_has_all_is_usable(lrlab: Any, here: Path) -> None:
    answer = lrlab("doctor")
    assert answer.code == 0 and answer.err == ""
    assert "problem" not in answer.out and f"ok       python            {sys.version.split()[0]}" in answer.out
    assert list(here.iterdir()) == []  # a look, not a visit


def test_a_runs_folder_that_cannot_be_made_is_exit_5_with_what_to_do(lrlab: Any, here: Path) -> None:
    (here / "file").write_text("in the way")
    answer = lrlab("doctor", "--out", "file/runs")
    assert answer.code == 5
    assert f"{here / 'file/runs'} cannot be written: {here / 'file'}: Not a directory" in answer.out
    assert "-> name a folder that can be written: --out DIR" in answer.out
    told = lrlab("doctor", "--out", "file/runs", "--json")
    assert told.code == 5 and json.loads(told.out)["usable"] is False


@pytest.mark.parametrize(
    ("changed", "topic", "level", "words"),
    [
        ({"torch": "2.9.1"}, "torch", "problem", "2.9.1 is older than 2.11"),
        ({"torch": ""}, "torch", "problem", "not installed"),
        ({"numpy": "1.26.4"}, "numpy", "problem", "1.26.4 is older than 2.0"),
        ({"tensorboard": ""}, "tensorboard", "note", "no event files"),
    ],
)
def test_a_package_that_is_missing_or_old(changed: dict[str, str], topic: str, level: str, words: str) -> None:
    found = {check.topic: check for check in packages.package_checks(FINE | changed, LOWEST)}
    assert found[topic].level == level and words in found[topic].found
    assert found[topic].advice == f"pip install -U '{topic}>={LOWEST[topic]}'"
    assert set(levels(packages.package_checks(FINE, LOWEST)).values()) == {"ok"}


def test_versions_compare_by_number() -> None:
    assert packages.older("2.9.1+cpu", "2.11") and packages.older("2.10", "2.11")
    assert not any(packages.older(version, "2.11") for version in ("2.11", "2.11.0", "2.11.0a0+git", "3.0"))


def test_the_versions_asked_for_are_those_of_the_project() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    assert project["requires-python"] == ">=" + ".".join(map(str, packages.PYTHON))
    assert set(packages.required()) == {line.split(">=")[0] for line in project["dependencies"]}
    assert packages.required()["torch"] == "2.11"
    assert packages.python_check((3, 10)).level == "problem"


def test_a_package_that_does_not_import_says_why(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "broken_build.py").write_text("raise RuntimeError('operator torchvision::nms does not exist\\nmore')")
    monkeypatch.syspath_prepend(str(tmp_path))
    check = packages.import_check("broken_build")
    assert check is not None and check.level == "problem"
    assert check.found == "cannot be imported: operator torchvision::nms does not exist"
    assert packages.import_check("json") is None


def test_a_cpu_that_is_shared_out(monkeypatch: pytest.MonkeyPatch) -> None:
    assert machine.cpu_check(CPU).level == "ok"
    shared = Cpu("Some CPU", cores=8, allowed=4, quota=2.5, bf16=("amx_bf16",))
    check = machine.cpu_check(shared)
    assert check.level == "note" and check.advice == "use at most --jobs 2"
    assert "the affinity allows 4, the control group grants the time of 2.5" in check.found
    assert machine.thread_check(shared, 8, "").level == "note"
    assert machine.thread_check(shared, 1, "1").level == "ok"


def test_cuda_that_is_there_missing_hidden_or_not_built_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    gpu = machine.Gpu("cuda:0", "Some GPU", 80_000_000_000, "9.0")
    assert machine.cuda_checks([gpu], "", in_machine=1)[0].found == "Some GPU, 80.0 GB, compute capability 9.0"
    assert machine.cuda_checks([], "torch finds no CUDA device", in_machine=0)[0].level == "ok"
    (unbuilt,) = machine.cuda_checks([], "this torch is built without CUDA", in_machine=2)
    assert unbuilt.level == "note" and "2 NVIDIA GPUs here, but" in unbuilt.found and "pytorch.org" in unbuilt.advice
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    (hidden,) = machine.cuda_checks([], "torch finds no CUDA device", in_machine=1)
    assert "CUDA_VISIBLE_DEVICES" in hidden.advice


@pytest.mark.parametrize(
    ("speedup", "level", "words"),
    [(1.9, "ok", "1.9 times as fast"), (0.1, "note", "10 times slower"), (1.1, "ok", "as fast as")],
)
def test_which_of_the_machines_this_is(speedup: float, level: str, words: str) -> None:
    check = machine.precision_check("cpu", PrecisionTiming(10.0, 10.0 / speedup, speedup, 5))
    assert check.level == level and words in check.found


def test_a_device_that_does_not_compute_is_a_problem(lrlab: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(device: torch.device) -> PrecisionTiming:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate\nmuch")

    monkeypatch.setattr("lrlab.engine.precision_timing.time_precisions", refuse)
    answer = lrlab("doctor")
    assert answer.code == 5 and "cpu cannot train a small CNN: CUDA out of memory. Tried to allocate\n" in answer.out


def test_sets_that_are_there_missing_or_damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LRLAB_DATA", str(tmp_path))
    (nothing,) = [check for check in places.data_checks(places.find_sets(tmp_path), tmp_path) if check.topic != "data"]
    assert nothing.level == "note" and f"lrlab data get mnist --root {tmp_path}" in nothing.advice
    for name in ("data_batch_1", "test_batch"):
        (tmp_path / "cifar-10-batches-py").mkdir(exist_ok=True)
        (tmp_path / "cifar-10-batches-py" / name).write_bytes(b"")
    for name in ("train", "test", "meta"):
        (tmp_path / "cifar-100-python").mkdir(exist_ok=True)
        (tmp_path / "cifar-100-python" / name).write_bytes(b"")
    checks = {check.topic: check for check in places.data_checks(places.find_sets(tmp_path), tmp_path)}
    assert checks["data root"].found.endswith(": cifar100")
    assert checks["cifar10"].level == "problem" and "lacks data_batch_2" in checks["cifar10"].found


def test_real_sets_are_found(real_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = {one.name: one for one in places.find_sets(real_data)}
    assert found["mnist"].present and found["mnist"].problem == "" and not found["svhn"].present


def test_without_torch_the_rest_is_still_looked_at(monkeypatch: pytest.MonkeyPatch, here: Path) -> None:
    broken = Check("torch", "problem", "cannot be imported: no")
    monkeypatch.setattr(packages, "import_check", lambda name: broken if name == "torch" else None)
    found = diagnosis.diagnose(here / "runs")
    assert not found.usable and "runs folder" in levels(found.checks) and "threads" not in levels(found.checks)
