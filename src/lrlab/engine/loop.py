"""The one training loop. It knows of no experiment, no sink and no executor.

A policy says which lr and momentum update i uses; rules say when to stop; actions run at chosen steps (evaluate,
save); observers look on. Everything lrlab does is this loop asked a different question.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from lrlab.analysis.divergence import StopReason
from lrlab.engine.batches import BatchStream
from lrlab.engine.precision import GradientOverflow
from lrlab.engine.readback import readback_for
from lrlab.engine.records import Observer, StepRecord
from lrlab.engine.task import Task
from lrlab.optim.hyper import HyperSetter
from lrlab.policies.base import Policy

StopRule = Callable[[float], StopReason | None]  # an update's loss -> whether to stop


class Action(Protocol):
    """Something done between updates."""

    def due(self, step: int) -> bool:
        """Whether to run once `step` updates are done."""

    def __call__(self, step: int) -> StopReason | None:
        """Do it. A reason ends the loop."""


@dataclass(frozen=True, slots=True)
class LoopEnd:
    """Where and why the loop ended: updates done, and the reason."""

    step: int
    reason: StopReason


def run_loop(
    task: Task,
    policy: Policy,
    stream: BatchStream,
    *,
    start: int = 0,
    rules: Sequence[StopRule] = (),
    actions: Sequence[Action] = (),
    observers: Sequence[Observer] = (),
    interrupted: Callable[[], bool] = lambda: False,
) -> LoopEnd:
    """Train from update `start` to the policy's end, or until a rule, an action or the user says stop.

    lr and momentum are written before the update they belong to, so the lr recorded is the lr used. A rule sees
    each update's loss at once on the CPU and one update later on CUDA (see `readback`). A batch that a loss scaler
    skips is no update: the step, and with it the lr, stays; only the stream has moved on.
    """
    setter = HyperSetter(task.optimizer)
    reader = readback_for(task.device)
    own_momentum = setter.momentum()
    task.model.train()

    def look(arrived: tuple[StepRecord, list[float]] | None) -> StopReason | None:
        if arrived is None:
            return None
        record, values = arrived
        record.loss = values[0]
        if task.correct_fn is not None:
            record.accuracy = values[1] / record.samples
        if task.grad_norm:
            record.grad_norm = values[-1]
        for observer in observers:
            observer.on_step(record, task)
        for rule in rules:
            if (reason := rule(record.loss)) is not None:
                return reason
        return None

    def act(done: int) -> StopReason | None:
        due = [action for action in actions if action.due(done)]
        reason = look(reader.drain()) if due else None  # an action acts on the present: first the record on its way
        for action in due if reason is None else ():
            reason = action(done) or reason
        return reason

    for step in range(start, policy.total):
        hyper = policy.at(step)
        setter.set(hyper.lr, hyper.momentum)
        try:
            values, samples = task.update(stream)
        except StopIteration:
            return LoopEnd(step, look(reader.drain()) or StopReason.EXHAUSTED)
        except GradientOverflow:
            return LoopEnd(step, look(reader.drain()) or StopReason.OVERFLOW)
        momentum = own_momentum if hyper.momentum is None else hyper.momentum
        reason = look(reader.push(StepRecord(step, stream.epoch, hyper.lr, momentum, 0.0, None, samples), values))
        del values  # and with it the graph: its memory serves the next step
        if actions and reason is None:
            reason = act(step + 1)
        if reason is None and interrupted():
            reason = look(reader.drain()) or StopReason.INTERRUPTED
        if reason is not None:
            look(reader.drain())
            return LoopEnd(step + 1, reason)
    return LoopEnd(policy.total, look(reader.drain()) or StopReason.END)
