"""`key=value`, a step at a time: sections, then the keys of one, then the values of one.

A shell puts a space behind the only word that fits. None fits here while the word is unfinished, so a section that is
alone is shown by its keys, and a key that is alone with its values behind it.
"""

from collections.abc import Iterable, Sequence

from lrlab.cli.completion.files import folders
from lrlab.config.key_words import KeyWord, key_words
from lrlab.runs.machine import nvidia_gpus

Word = tuple[str, str]  # what is written, and a sentence about it, which may be empty


def override_words(typed: str, arguments: Iterable[str], *, chosen: dict[str, str] | None = None) -> list[Word]:
    """What may follow `typed`.

    Args:
        typed: the word so far.
        arguments: the other words of the command; `policy.name=wsd` among them leaves the keys of wsd.
        chosen: further names of sections.
    """
    keys = key_words({**_chosen(arguments), **(chosen or {})})
    name, equals, _ = typed.partition("=")
    if equals:
        return _with_values(keys[name], typed) if name in keys else []
    fitting = [key for key in keys.values() if key.name.startswith(typed)]
    sections = dict.fromkeys(key.name.partition(".")[0] for key in fitting)
    if "." not in typed and len(sections) > 1:
        return [(f"{section}." if section not in keys else f"{section}=", "") for section in sections]
    if len(fitting) == 1:
        return [(f"{fitting[0].name}=", fitting[0].sentence), *_with_values(fitting[0], f"{fitting[0].name}=")]
    return [(f"{key.name}=", key.sentence) for key in fitting]


def devices() -> list[str]:
    """What `--device` and `train.device` may be on this machine; asks the driver, not torch."""
    count = nvidia_gpus()
    return ["auto", "cpu", *(["cuda"] if count else []), *(f"cuda:{index}" for index in range(count))]


def _with_values(key: KeyWord, typed: str) -> list[Word]:
    begun = typed.partition("=")[2]
    values: Sequence[str] = key.values
    if key.name == "train.device":
        values = devices()
    elif key.name == "data.root":
        values = folders(begun)
    return [(f"{key.name}={value}", "") for value in values]


def _chosen(arguments: Iterable[str]) -> dict[str, str]:
    """The sections whose names the command line says."""
    pairs = [argument.partition("=") for argument in arguments]
    return {key.removesuffix(".name"): value for key, _, value in pairs if key.endswith(".name") and value}
