"""What a file says below a name: the string that follows an assignment, and its `word: what that is.` parts."""

import ast
import inspect
import re
from collections.abc import Iterable
from itertools import pairwise
from types import ModuleType


def below(module: ModuleType, name: str) -> str:
    """The string below `name = ...`, in one line. Raises ValueError where there is none."""
    body = ast.parse(inspect.getsource(module)).body
    for here, after in pairwise(body):
        targets = here.targets if isinstance(here, ast.Assign) else []
        if any(isinstance(each, ast.Name) and each.id == name for each in targets):
            if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
                return " ".join(str(after.value.value).split())
            break
    raise ValueError(f"{module.__name__}: no words stand below {name}")


def each_of(words: Iterable[str], text: str) -> dict[str, str]:
    """Of each word what `word: what that is.` of the text says; "" of one that is not in it."""
    names = list(words)
    places = sorted((found.start(), found.end(), name) for name in names
                    if (found := re.search(rf"(?:^|(?<=[.;] )){re.escape(name)}: ", text)))  # fmt: skip
    ends = [start for start, _, _ in places[1:]] + [len(text)]
    said = {name: text[end:stop] for (_, end, name), stop in zip(places, ends, strict=True)}
    return {name: re.split(r"\. (?=[A-Z])", said.get(name, ""))[0].strip(" .;") for name in names}
