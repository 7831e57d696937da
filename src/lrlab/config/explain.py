"""temporary"""
import hashlib, json
import yaml
def config_hash(c): return hashlib.sha256(json.dumps(c.model_dump(mode="json"), sort_keys=True).encode()).hexdigest()
def dump_resolved(l): return yaml.safe_dump(l.config.model_dump(mode="json"))
