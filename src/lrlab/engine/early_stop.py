"""Stop a training that no longer gets better."""

import math
from dataclasses import dataclass


@dataclass
class EarlyStop:
    """Says stop once `patience` validations in a row were no better than the best before them.

    Attributes:
        patience: validations to wait; None never stops.
        min_delta: better means ahead of the best by more than this. NaN is never better.
        best: highest value so far; higher is better (a loss comes with its sign turned).
        waited: validations since.

    Source: Prechelt 1998, Early stopping - but when?, LNCS 1524, criterion UP with strips of one validation.
    """

    patience: int | None = None
    min_delta: float = 0.0
    best: float = -math.inf
    waited: int = 0

    def update(self, value: float) -> bool:
        """Take in a validation's value; whether to stop."""
        if value > self.best + self.min_delta:
            self.best, self.waited = value, 0
        else:
            self.waited += 1
        return self.patience is not None and self.waited >= self.patience
