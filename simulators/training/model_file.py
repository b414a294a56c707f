"""The model as a file of the repository that people can read: dsp/hearing/gunshot_model.py."""

from pathlib import Path

from dsp.hearing.classify import INPUTS
from dsp.hearing.trees import Model, Tree

PATH = Path(__file__).parents[2] / "dsp" / "hearing" / "gunshot_model.py"
HEAD = '''"""The numbers of the gunshot model, written by `make train`: do not edit. Meaning: dsp/hearing/trees.py.

The questions are about, by number: {inputs}.
"""

from math import inf

from dsp.hearing.trees import Model, Tree

MODEL = Model(
    bias={bias},
    slope={slope},
    offset={offset},
    trees=(
{trees}
    ),
)  # fmt: skip
'''


def text_of(model: Model) -> str:
    """The file's text; a tree a paragraph."""
    lines = [f"{index} {name}" for index, name in enumerate(INPUTS)]
    named = ",\n".join(", ".join(lines[first : first + 6]) for first in range(0, len(lines), 6))
    trees = "\n".join(_tree(tree) for tree in model.trees)
    return HEAD.format(inputs=named, bias=model.bias, slope=model.slope, offset=model.offset, trees=trees)


def write(model: Model, path: Path = PATH) -> None:
    """Write the file anew. OSError where that cannot be done."""
    path.write_text(text_of(model))


def _tree(tree: Tree) -> str:
    rows = "".join(f"            {row},\n" for row in (tree.columns, tree.thresholds, tree.leaves))
    return f"        Tree(\n{rows}        ),"
