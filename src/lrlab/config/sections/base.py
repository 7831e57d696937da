"""What every section has in common."""

from pydantic import BaseModel, ConfigDict
from pydantic.config import JsonDict

STEPS: JsonDict = {"unit": "steps"}  # optimizer updates; for `json_schema_extra`


class Section(BaseModel):
    """Frozen and strict: no coercion, no unknown keys, no NaN."""

    model_config = ConfigDict(
        frozen=True, strict=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=False
    )
