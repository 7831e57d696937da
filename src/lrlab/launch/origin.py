"""What a checkpoint was made by, and whether one may go on from it here."""

from collections.abc import Mapping
from typing import Any

import torch

from lrlab.config.compare import changes, refusal
from lrlab.errors import CheckpointError
from lrlab.launch.assemble import Trial

STRICT_HINT = "to go on all the same, leave --strict-resume out"
HINT = "continue it with the config it was started with, or start a new run without --resume"


def origin_of(trial: Trial) -> dict[str, Any]:
    """Config, data, torch, device and threads of a trial; plain data, kept in its checkpoints."""
    return {
        "config": dict(trial.spec.config),
        "data": trial.facts.fingerprint if trial.facts is not None else None,
        "torch": str(torch.__version__),
        "device": trial.task.device.type,
        "threads": torch.get_num_threads(),
    }


def check_origin(saved: Mapping[str, Any], trial: Trial) -> list[str]:
    """Compare a checkpoint's origin with the trial that wants to go on from it. `saved` is empty in format 1.

    Returns:
        Sentences about what may differ in the last bits.

    Raises:
        CheckpointError: another config or other images; names every difference.
    """
    if not saved:
        return []
    here = origin_of(trial)
    if reason := refusal(changes(saved["config"], here["config"])):
        raise CheckpointError(f"the checkpoint was made with another config: {reason}", hint=HINT)
    if saved["data"] != here["data"]:
        raise CheckpointError(
            f"the checkpoint was made on other images: sha256 {saved['data']}, here {here['data']}",
            hint="put the images back as they were, or start a new run without --resume",
        )
    differ = [
        f"{key} {saved[key]}, here {here[key]}" for key in ("torch", "device", "threads") if saved[key] != here[key]
    ]
    return [inexact("the checkpoint was made with " + "; ".join(differ))] if differ else []


def inexact(what: str) -> str:
    """What going on across such a difference costs, as a sentence."""
    return f"{what}; what follows is not bit for bit what an uninterrupted run would have given"
