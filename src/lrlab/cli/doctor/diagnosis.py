"""All checks in their order, and the facts behind them."""

import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from lrlab.cli.doctor import machine, packages, places
from lrlab.cli.doctor.check import Check
from lrlab.runs.machine import Cpu, nvidia_gpus, read_cpu


@dataclass
class Diagnosis:
    """What was found.

    Attributes:
        checks: in the order they are printed.
        facts: the same as data, by subject.
    """

    checks: list[Check] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def usable(self) -> bool:
        """Whether all that is needed works."""
        return all(check.level != "problem" for check in self.checks)

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {"usable": self.usable, "checks": [asdict(check) for check in self.checks], **self.facts}


def diagnose(out: Path) -> Diagnosis:
    """Look at everything; `out` is where run folders would be made. Nothing is left behind."""
    found = Diagnosis()
    cpu = read_cpu()
    _look_at_packages(found)
    found.checks.append(machine.cpu_check(cpu))
    _look_at_torch(found, cpu)
    _look_at_disk(found, out)
    return found


def _look_at_packages(found: Diagnosis) -> None:
    versions = packages.installed()
    found.checks += packages.package_checks(versions, packages.required())
    found.facts["packages"] = versions


def _look_at_torch(found: Diagnosis, cpu: Cpu) -> None:
    """Devices, threads and precision; none of it where torch does not start."""
    variable = os.environ.get("OMP_NUM_THREADS", "")
    devices = [{"device": "cpu", "name": cpu.name, "capability": ",".join(cpu.bf16)}]
    found.facts |= {"cpus": {"logical": cpu.cores, "usable": cpu.usable}, "devices": devices, "precision": []}
    broken = [check for name in ("torch", "torchvision") if (check := packages.import_check(name))]
    found.checks += broken
    if any(check.topic == "torch" for check in broken):
        return
    import torch

    from lrlab.engine.device import cuda_problem
    from lrlab.engine.precision_timing import time_precisions

    problem, gpus = cuda_problem(), machine.gpus()
    found.checks += machine.cuda_checks(gpus, problem, in_machine=nvidia_gpus())
    found.checks.append(machine.thread_check(cpu, torch.get_num_threads(), variable))
    devices += [{"device": gpu.device, "name": gpu.name, "capability": gpu.capability} for gpu in gpus]
    found.facts["threads"] = {"torch": torch.get_num_threads(), "omp_num_threads": variable}
    for name in ("cpu", *(gpu.device for gpu in gpus)):
        try:
            timing = time_precisions(torch.device(name))
        except RuntimeError as error:  # of a GPU: its memory is taken, or this torch has no code for it
            found.checks.append(machine.failed_check(name, error))
            continue
        found.checks.append(machine.precision_check(name, timing))
        found.facts["precision"].append({"device": name, **asdict(timing)})


def _look_at_disk(found: Diagnosis, out: Path) -> None:
    root = places.data_root()
    sets, folders = places.find_sets(root), places.places(out, root)
    found.checks += [*places.data_checks(sets, root), *places.place_checks(folders)]
    found.facts["data"] = [asdict(one) for one in sets]
    found.facts["folders"] = {
        name: {"path": str(place.path), "writable": not place.problem, "free_bytes": place.free}
        for name, place in folders.items()
    }
