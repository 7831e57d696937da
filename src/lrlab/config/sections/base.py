"""What every section has in common."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

STEPS: JsonDict = {"unit": "steps"}  # optimizer updates; for `json_schema_extra`
Lr = Annotated[float, Field(gt=0)]


class Section(BaseModel):
    """Frozen and strict: no coercion, no unknown keys, no NaN."""

    model_config = ConfigDict(
        frozen=True, strict=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=False
    )
