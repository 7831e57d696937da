"""Where a trial runs: device and threads."""

import warnings

import torch

from lrlab.errors import ResourceError


def resolve_device(name: str) -> torch.device:
    """`auto` is CUDA where there is one, else the CPU; `cpu`, `cuda`, `cuda:1` are themselves.

    Raises:
        ResourceError: a CUDA device that is not there; says which are.
    """
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if name == "auto":
        return torch.device("cuda" if count else "cpu")
    device = torch.device(name)
    if device.type == "cuda" and (device.index or 0) >= count:
        there = f"{count} CUDA device{'s' if count != 1 else ''}" if count else "no CUDA device"
        raise ResourceError(
            f"device {name!r} was asked for; this machine has {there}",
            hint="use --device auto, which takes CUDA where it is and the CPU elsewhere",
        )
    return device


def describe_device(device: torch.device) -> dict[str, str | int]:
    """What the run record says of the device: type, name, threads, torch and CUDA versions."""
    return {
        "device": str(device),
        "device_name": torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU",
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "cuda": torch.version.cuda or "",
    }


def cuda_problem() -> str:
    """Why torch reaches no CUDA device, in torch's words where it has some; empty when it does."""
    if torch.version.cuda is None and torch.version.hip is None:
        return "this torch is built without CUDA"
    with warnings.catch_warnings(record=True) as said:  # an old driver is a warning
        warnings.simplefilter("always")
        if torch.cuda.is_available() and torch.cuda.device_count():
            return ""
    return " ".join(str(said[0].message).split()) if said else "torch finds no CUDA device"
