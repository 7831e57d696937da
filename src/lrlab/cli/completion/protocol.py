"""How a shell asks: typer's protocol, without a sound when something is wrong, and mended where bash splits words.

bash takes `=` and `:` for ends of words: it sends `policy.name=on` as three words, and puts the answer in the place of
the last. So the words are joined before typer sees them, and what bash has already is taken off the answer.
Source: bash manual, "Programmable Completion" and COMP_WORDBREAKS; typer, "CLI Option autocompletion".
"""

import contextlib
import io
import os
import re
import sys
from collections.abc import Callable, Sequence
from typing import NoReturn

VARIABLE = "_LRLAB_COMPLETE"
_BREAKS = re.compile(r"[=:]+")
_SPECIAL = re.compile(r"([^\w./=:@%+,~-])")  # what bash would not take as it is


def completing() -> bool:
    """Whether a shell asks for words."""
    return os.environ.get(VARIABLE, "").startswith("complete_")


def complete(app: Callable[[], object]) -> NoReturn:
    """Answer the shell. An error is no answer and no message, which would land in the line being typed."""
    answer, code, typed = io.StringIO(), 0, ""
    bash = os.environ[VARIABLE] == "complete_bash"
    with contextlib.suppress(Exception), contextlib.redirect_stdout(answer), contextlib.redirect_stderr(io.StringIO()):
        try:
            typed = _mend_bash() if bash else ""
            app()
        except SystemExit as end:
            code = int(end.code or 0)
    words = [word for word in answer.getvalue().splitlines() if word]
    sys.stdout.write("".join(f"{word}\n" for word in (for_bash(words, typed) if bash else words)))
    sys.exit(code)


def join_words(words: Sequence[str]) -> tuple[list[str], str]:
    """The words up to the one being typed, as they stand in the line; and what bash will keep of the last one."""
    joined: list[str] = []
    kept, glue = "", False
    for place, word in enumerate(words):
        is_break = bool(_BREAKS.fullmatch(word))
        if joined and place > 1 and word and (glue or is_break):
            kept = joined[-1]
            joined[-1] += word
        else:
            kept = ""
            joined.append(word)
        glue = is_break
    kept = joined[-1] if glue else kept
    return joined, kept.partition("=")[2] if kept.startswith("-") else kept  # of --option=value typer sees the value


def for_bash(words: Sequence[str], typed: str) -> list[str]:
    """The words without what stands in the line already, and so written that bash takes them literally."""
    return [_SPECIAL.sub(r"\\\1", word.removeprefix(typed)) for word in words]


def _mend_bash() -> str:
    """Join the words in the environment; what bash keeps of the last one."""
    text, current = os.environ["COMP_WORDS"], int(os.environ["COMP_CWORD"])
    words = text.split("\n") if "\n" in text else text.split(" ")
    joined, kept = join_words(words[: current + 1])
    os.environ["COMP_WORDS"], os.environ["COMP_CWORD"] = "\n".join(joined), str(len(joined) - 1)
    return kept
