"""What is left of the CPUs, and whether a folder can be written."""

import os
from pathlib import Path

import pytest

from lrlab.runs.machine import Cpu, allowed_cpus, cgroup_quota, nvidia_gpus, read_cpu, read_cpuinfo
from lrlab.runs.writable import look_at

NO_LIMIT = float("inf")


def group(folder: Path, **files: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text)
    return folder


def test_the_tightest_quota_of_the_groups_above_counts(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.write_text("0::/job/step\n")
    group(tmp_path / "cg" / "job" / "step", cpu__max="max 100000\n")
    assert cgroup_quota(tmp_path / "cg", own) == NO_LIMIT
    group(tmp_path / "cg" / "job", cpu__max="150000 100000\n")
    group(tmp_path / "cg", cpu__max="400000 100000\n")
    assert cgroup_quota(tmp_path / "cg", own) == 1.5


def test_version_1_groups(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.write_text("4:cpu,cpuacct:/box\n3:memory:/box\n")
    box = group(tmp_path / "cg" / "cpu" / "box", cpu__cfs_quota_us="50000", cpu__cfs_period_us="100000")
    assert cgroup_quota(tmp_path / "cg", own) == 0.5
    (box / "cpu.cfs_quota_us").write_text("-1")
    assert cgroup_quota(tmp_path / "cg", own) == NO_LIMIT


@pytest.mark.parametrize("text", ["", "garbage", "1 0", "x y"])
def test_a_group_that_makes_no_sense_is_no_limit(tmp_path: Path, text: str) -> None:
    group(tmp_path / "cg", cpu__max=text)
    assert cgroup_quota(tmp_path / "cg", tmp_path / "nothing") == NO_LIMIT


def test_usable_is_what_all_limits_leave() -> None:
    assert Cpu("x", 8, 4, 2.9, ()).usable == 2
    assert Cpu("x", 8, 4, 0.5, ()).usable == 1
    assert Cpu("x", 8, 4, NO_LIMIT, ()).usable == 4


def test_this_machine() -> None:
    cpu = read_cpu()
    assert cpu.name and 1 <= cpu.usable <= cpu.allowed == allowed_cpus() <= cpu.cores == os.cpu_count()


def test_names_and_flags(tmp_path: Path) -> None:
    file = tmp_path / "cpuinfo"
    file.write_text("processor\t: 0\nmodel name\t: Some CPU\nflags\t\t: fpu amx_bf16\n\nmodel name\t: Other\n")
    assert read_cpuinfo(file) == ("Some CPU", frozenset({"fpu", "amx_bf16"}))
    name, flags = read_cpuinfo(tmp_path / "nothing")
    assert name and flags == frozenset()


def test_gpus_of_the_driver(tmp_path: Path) -> None:
    (tmp_path / "0000:01:00.0").mkdir()
    assert nvidia_gpus(tmp_path) == 1 and nvidia_gpus(tmp_path / "nothing") == 0


def test_a_folder_that_can_be_written_is_left_as_it_was(tmp_path: Path) -> None:
    place = look_at(tmp_path / "runs" / "deep")
    assert place.problem == "" and place.free > 0 and not place.exists
    assert list(tmp_path.iterdir()) == [] and look_at(tmp_path).exists


def test_what_stands_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert look_at(tmp_path / "file" / "runs").problem == f"{tmp_path / 'file'}: Not a directory"
    assert look_at(tmp_path / "file").problem == "Not a directory"
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    assert "No such file" in look_at(tmp_path / "gone" / "runs").problem


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_permissions(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    assert look_at(tmp_path / "runs").problem.endswith("Permission denied")
