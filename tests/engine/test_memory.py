"""Fault 31: out of memory is a sentence with the batch size, the peak and advice."""

import pytest
import torch

from lrlab.engine.memory import memory_explained
from lrlab.errors import ResourceError

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."),
        MemoryError(),
        RuntimeError("[enforce fail at alloc_cpu.cpp:114] DefaultCPUAllocator: can't allocate memory"),
    ],
)
def test_a_failed_allocation_is_explained(error: Exception) -> None:
    with pytest.raises(ResourceError) as caught, memory_explained(CPU, 4096):
        raise error
    assert "batches of 4096 images" in caught.value.message and "GiB at its peak" in caught.value.message
    assert "data.batch_size" in str(caught.value.hint) and caught.value.exit_code == 5
    assert caught.value.__cause__ is error


def test_the_allocators_own_refusal_is_recognised() -> None:
    with pytest.raises(ResourceError), memory_explained(CPU, 1):
        torch.empty(2**62, dtype=torch.uint8)


@pytest.mark.parametrize("error", [RuntimeError("shapes do not match"), ValueError("no")])
def test_any_other_error_passes(error: Exception) -> None:
    with pytest.raises(type(error), match=str(error)), memory_explained(CPU, 1):
        raise error
