"""`train.compile`: the same names in checkpoints, nearly the same numbers, one sentence where no compiler is."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from trainings import spec_of, train

from lrlab.engine import compiling
from lrlab.engine.checkpoint import CheckpointStore
from lrlab.errors import ResourceError
from lrlab.launch.assemble import assemble
from lrlab.launch.first_batch import check_first_batch
from lrlab.launch.training import Training

COMPILED = "train.compile=true"
STILL = ["model.dropout=0.0", "train.steps=8"]  # a compiled dropout draws other numbers


@pytest.fixture(autouse=True)
def fresh() -> Any:
    torch.compiler.reset()
    yield
    torch.compiler.reset()


@pytest.fixture
def eager_backend(monkeypatch: pytest.MonkeyPatch) -> None:
    """torch.compile without code generation: traced, and run by the same kernels."""
    monkeypatch.setattr(compiling, "BACKEND", "eager")


@pytest.mark.usefixtures("eager_backend")
def test_the_model_is_compiled_and_keeps_its_names() -> None:
    plain, compiled = assemble(spec_of()).task.model, assemble(spec_of(COMPILED)).task.model
    assert list(plain.state_dict()) == list(compiled.state_dict())
    assert plain._compiled_call_impl is None and compiled._compiled_call_impl is not None


@pytest.mark.usefixtures("eager_backend")
@pytest.mark.parametrize(("first", "then"), [([COMPILED], []), ([], [COMPILED])])
def test_checkpoints_are_interchangeable(first: list[str], then: list[str], tmp_path: Path) -> None:
    straight = train(spec_of(*STILL), None)
    train(spec_of(*STILL, *first), tmp_path, stop_after=4)
    trial = assemble(spec_of(*STILL, *then))
    training = Training(trial, CheckpointStore(tmp_path))
    assert training.resume() == []
    result = training.run()
    assert result.metrics["test_loss"] == pytest.approx(straight.metrics["test_loss"], rel=1e-4)


@pytest.mark.usefixtures("eager_backend")
def test_the_check_before_a_run_compiles_and_leaves_no_trace() -> None:
    trial = assemble(spec_of(COMPILED))
    before = {name: tensor.clone() for name, tensor in trial.task.model.state_dict().items()}
    rng = torch.get_rng_state()
    check_first_batch(trial)
    assert torch.equal(torch.get_rng_state(), rng)
    assert all(torch.equal(tensor, before[name]) for name, tensor in trial.task.model.state_dict().items())
    assert all(p.grad is None for p in trial.task.model.parameters()) and trial.stream.consumed == 0


def test_without_a_compiler_it_says_so_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch._inductor.config as inductor

    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))  # nothing compiled earlier serves here
    trial = assemble(spec_of(COMPILED))
    broken: Any = inductor.patch({"cpp.cxx": ("/nonexistent/g++",)})
    with broken, pytest.raises(ResourceError, match=r"torch.compile fails here: .*C\+\+ compiler") as caught:
        check_first_batch(trial)
    assert caught.value.exit_code == 5 and "train.compile" in str(caught.value.hint)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("g++") is None, reason="no C++ compiler: torch.compile is not run with inductor")
def test_inductor_trains_to_nearly_the_same_loss() -> None:
    trial = assemble(spec_of(*STILL, COMPILED))
    check_first_batch(trial)
    result = Training(trial).run()
    straight = train(spec_of(*STILL), None)
    assert result.steps == 8
    assert result.metrics["val_loss"] == pytest.approx(straight.metrics["val_loss"], rel=1e-3)
