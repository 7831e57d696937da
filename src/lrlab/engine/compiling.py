"""`torch.compile` for a model, by option."""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from lrlab.errors import ResourceError

BACKEND = "inductor"


def compile_in_place(model: nn.Module) -> None:
    """Compile `model` at its next call; its parameters keep their names, so checkpoints are the same as without."""
    model.compile(backend=BACKEND)


def compiled_or_refused(call: Callable[[], Any]) -> Any:
    """What `call`, which makes a compiled model compile, returns.

    Raises:
        ResourceError: the compiler behind `torch.compile` is missing or fails; the first line of its report.
    """
    from torch._dynamo.exc import TorchDynamoException

    try:
        return call()
    except (TorchDynamoException, ImportError) as error:
        reason = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
        raise ResourceError(
            f"train.compile=true, and torch.compile fails here: {reason}",
            hint="install a C++ compiler (on CUDA also triton), or leave train.compile out",
        ) from error


def without_compiling(call: Callable[[], Any]) -> Any:
    """What `call` returns when compiled models run as they are written."""
    with torch.compiler.set_stance("force_eager"):
        return call()
