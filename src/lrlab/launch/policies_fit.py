"""Every trial's policy, built before the first trial runs: one that cannot be must not end a run that is half done."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from lrlab.errors import UsageError
from lrlab.launch.assemble import parse_config, total_steps
from lrlab.launch.spec import TrialSpec
from lrlab.policies.build import build_policy

_HINT = "train longer, or change the policy; to see it: lrlab policy show"


def check_policies(specs: Sequence[TrialSpec], first: Mapping[str, Any], batches_per_epoch: int | None) -> None:
    """Build the policy of each spec that trains on the data of the config `first`.

    Raises:
        UsageError: one needs more updates than its trial has, or its values contradict each other; says which.
    """
    for spec in specs:
        if batches_per_epoch is None or spec.config.get("data") != first.get("data"):
            continue
        config = parse_config(spec)
        optimizer = config.optimizer
        try:
            build_policy(
                config.policy,
                total=total_steps(config.train, batches_per_epoch),
                lr=optimizer.lr,
                momentum=optimizer.momentum if optimizer.name == "sgd" else optimizer.beta1,
                steps_per_epoch=Fraction(batches_per_epoch, config.train.accumulate),
            )
        except ValueError as error:
            lead = f"{spec.label}: " if spec.label else ""
            raise UsageError(f"{lead}{error}", hint=_HINT) from error


def updates_of(spec: TrialSpec, batches_per_epoch: int) -> int:
    """Updates of a trial, at most."""
    return total_steps(parse_config(spec).train, batches_per_epoch)
