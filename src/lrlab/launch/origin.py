"""What a checkpoint was made by, and whether one may go on from it here."""

from collections.abc import Mapping
from typing import Any

import torch

from lrlab.config.compare import changes, refusal, rounding
from lrlab.config.explain import config_hash
from lrlab.config.load import load_config
from lrlab.config.schema import Config
from lrlab.errors import CheckpointError
from lrlab.launch.assemble import Trial
from lrlab.runs.index import RunInfo

STRICT_HINT = "to go on all the same, leave --strict-resume out"
_HINT = "continue it with the config it was started with, or start a new run without --resume"


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
        raise CheckpointError(f"the checkpoint was made with another config: {reason}", hint=_HINT)
    if saved["data"] != here["data"]:
        raise CheckpointError(
            f"the checkpoint was made on other images: sha256 {saved['data']}, here {here['data']}",
            hint="put the images back as they were, or start a new run without --resume",
        )
    differ = [
        f"{key} {saved[key]}, here {here[key]}" for key in ("torch", "device", "threads") if saved[key] != here[key]
    ]
    return [_inexact("the checkpoint was made with " + "; ".join(differ))] if differ else []


def check_config(run: RunInfo, wanted: Config, *, strict: bool) -> list[str]:
    """Compare a run's config with the one it is to be continued with.

    Returns:
        Sentences about what is different and may be.

    Raises:
        CheckpointError: they differ in what decides the result; names every difference. With `strict` also where
            they differ in what decides its last bits.
    """
    if run.config_hash in (None, config_hash(wanted)):
        return []
    before = load_config(run.path / "resolved.yaml").config.model_dump(mode="json")
    found = changes(before, wanted.model_dump(mode="json"))
    if reason := refusal(found):
        raise CheckpointError(f"{run.name} was made with another config: {reason}", hint=_HINT)
    if inexact := rounding(found):
        if strict:
            raise CheckpointError(_inexact(inexact), hint=STRICT_HINT)
        return [_inexact(inexact)]
    return [f"{change}; the result is the same" for change in found]


def _inexact(what: str) -> str:
    return f"{what}; what follows is not bit for bit what an uninterrupted run would have given"
