"""temporary"""
from dataclasses import dataclass, field
from pathlib import Path
import yaml
from lrlab.config.schema import Config

@dataclass
class LoadedConfig:
    config: Config
    origins: dict = field(default_factory=dict)
    notes: tuple = ()
    source_text: str | None = None
    path: Path | None = None

def load_config(path, overrides=(), *, flags=()):
    data = yaml.safe_load(Path(path).read_text()) if path else {}
    items = [(o if isinstance(o, str) else o[1]).split("=", 1) for o in overrides]
    for k, v in [(k, yaml.safe_load(v)) for k, v in items] + [(k, v) for _, k, v in flags]:
        d = data
        *head, last = k.split(".")
        for h in head: d = d.setdefault(h, {})
        d[last] = float(v) if isinstance(v, str) and v[:1].isdigit() else v
    for k, n in (("data", "digits"), ("model", "convnet"), ("init", "kaiming_normal"), ("optimizer", "sgd"), ("policy", "onecycle")):
        if k in data: data[k].setdefault("name", n)
    t = data.setdefault("train", {})
    if not t.get("epochs") and not t.get("steps"): t["epochs"] = 10
    return LoadedConfig(Config.model_validate(data), path=path)
