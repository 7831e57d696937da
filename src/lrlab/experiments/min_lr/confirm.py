"""Short one-cycle trainings of the winner and the reference: does a faster start train better?"""

import math
from collections.abc import Generator, Sequence
from dataclasses import dataclass

from lrlab.analysis.paired import PairedComparison, compare_paired
from lrlab.experiments.min_lr.settings import Settings
from lrlab.launch.spec import TrialResult, TrialSpec

METRICS = ("val_accuracy", "val_loss", "train_loss")  # the first that all trainings have


@dataclass(frozen=True)
class Confirmation:
    """Paired trainings.

    Attributes:
        ratio, reference: the candidates trained.
        metric: what was compared: `val_accuracy`; `val_loss` where there is none; of a live model without a
            validation loader `train_loss`, the mean over the last tenth.
        values, reference_values: by seed, those that completed with both.
        comparison: value minus reference; None with fewer than one pair.
        steps: updates of one training.
        trials: all of them, for the cost.
    """

    ratio: float
    reference: float
    metric: str
    values: tuple[float, ...]
    reference_values: tuple[float, ...]
    comparison: PairedComparison | None
    steps: int
    trials: tuple[TrialResult, ...]

    @property
    def worse(self) -> bool:
        """Whether the candidate surely trains worse than the reference."""
        if self.comparison is None or not self.comparison.decisive:
            return False
        return (self.comparison.estimate < 0) == (self.metric == "val_accuracy")


def run_confirmation(
    settings: Settings, ratio: float
) -> Generator[Sequence[TrialSpec], Sequence[TrialResult], Confirmation]:
    """Train from both min-lrs under every seed."""
    arms = (ratio, settings.reference)
    specs = [settings.training(arm, seed) for arm in arms for seed in settings.all_seeds]
    results = yield specs
    count = len(settings.all_seeds)
    completed = [result for result in results if result.status == "completed"]
    metric = next((name for name in METRICS if all(name in result.metrics for result in completed)), METRICS[-1])
    pairs = [
        (mine.metrics[metric], other.metrics[metric])
        for mine, other in zip(results[:count], results[count:], strict=True)
        if all(r.status == "completed" and math.isfinite(r.metrics.get(metric, math.nan)) for r in (mine, other))
    ]
    values, others = tuple(pair[0] for pair in pairs), tuple(pair[1] for pair in pairs)
    images = max((result.val_size for result in completed), default=0)
    resolution = 1 / images if images and metric == "val_accuracy" else 0.0
    comparison = compare_paired(values, others, log=False, resolution=resolution) if pairs else None
    return Confirmation(ratio, settings.reference, metric, values, others, comparison, settings.confirm, tuple(results))
