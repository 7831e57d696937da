"""Every trial's policy, built before the first trial runs: one that cannot be must not end a run that is half done."""

from collections.abc import Sequence
from fractions import Fraction

from lrlab.launch.assemble import parse_config, policy_of, total_steps
from lrlab.launch.spec import TrialSpec


def check_policies(specs: Sequence[TrialSpec], batches_per_epoch: int | None) -> None:
    """Build the policy of each spec whose data are those of the first, which have so many batches.

    Raises:
        UsageError: one needs more updates than its trial has, or its values contradict each other; says which.
    """
    for spec in specs:
        if batches_per_epoch is None or spec.config.get("data") != specs[0].config.get("data"):
            continue
        config = parse_config(spec)
        momentum = config.optimizer.momentum if config.optimizer.name == "sgd" else config.optimizer.beta1
        updates = total_steps(config.train, batches_per_epoch)
        policy_of(spec, momentum, updates, Fraction(batches_per_epoch, config.train.accumulate))


def updates_of(spec: TrialSpec, batches_per_epoch: int) -> int:
    """Updates of a trial, at most."""
    return total_steps(parse_config(spec).train, batches_per_epoch)
