"""Fault 11: a device that is not there is refused with what is; `auto` takes what is there, and it is recorded."""

import pytest
import torch

from lrlab.engine.device import describe_device, resolve_device
from lrlab.errors import ExitCode, ResourceError


@pytest.fixture(params=[0, 1, 2])
def count(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """So many CUDA devices, as far as torch says."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: request.param > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: request.param)
    return int(request.param)


def test_what_is_there_is_taken_and_what_is_not_is_refused(count: int) -> None:
    there = {0: "no CUDA device", 1: "1 CUDA device", 2: "2 CUDA devices"}[count]
    for index, name in enumerate(["cuda:0", "cuda:1", "cuda:2"]):
        if index < count:
            assert resolve_device(name) == torch.device(name)
            continue
        with pytest.raises(ResourceError, match=f"'{name}' was asked for; this machine has {there}$") as caught:
            resolve_device(name)
        assert caught.value.exit_code == ExitCode.RESOURCE and "--device auto" in str(caught.value.hint)
    assert resolve_device("auto").type == ("cuda" if count else "cpu") and resolve_device("cpu").type == "cpu"


def test_the_record_names_the_device_that_was_taken() -> None:
    assert describe_device(torch.device("cpu")).items() >= {"device": "cpu", "device_name": "CPU", "threads": 1}.items()
