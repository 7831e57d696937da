"""Names of run folders: `<UTC yyyymmdd-HHMMSS>-<slug>-<4 hex>`, sorted by name is sorted by time."""

import re
import secrets
import unicodedata
from datetime import UTC, datetime

_NAME = re.compile(r"(\d{8}-\d{6})-[a-z0-9-]+-[0-9a-f]{4}")
_STAMP = "%Y%m%d-%H%M%S"
_LONGEST = 40


def slugify(text: str) -> str:
    """`text` in the letters a-z, digits and single hyphens, at most 40 long; `run` when nothing is left."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain)[:_LONGEST].strip("-") or "run"


def run_name(slug: str) -> str:
    """A new name. The four hex digits come from the system's entropy, so no seeded generator moves."""
    return f"{datetime.now(UTC).strftime(_STAMP)}-{slugify(slug)}-{secrets.token_hex(2)}"


def created_at(name: str) -> datetime | None:
    """The time in a run folder's name; None when it is no such name."""
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    try:
        return datetime.strptime(match[1], _STAMP).replace(tzinfo=UTC)
    except ValueError:
        return None
