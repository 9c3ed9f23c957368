"""What would settle an answer that hangs on values which are filled in at deployment. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import Final

from xsfn_helpers.common.language import listed, sentences, tr

SYMBOL: Final = re.compile(r"\$\{([^${}]+)\}")
# What stands for a role that nothing names.
_UNNAMED: Final = "role.of."
# A value by a condition: the condition's name follows, and the parameters that it hangs on.
_EITHER: Final = "Fn.If."
# What a person can give, in the name of an expression of Terraform's.
_VARIABLES: Final = re.compile(r"\b(?:var|terraform)\.\w+")
# What is told by its own name, beside parameters: what another stack exports, and what is looked up.
_TOLD: Final = ("import.", "resolve.")
_MOST: Final = 3


def values_wanted(texts: Iterable[str], parameters: Collection[str]) -> str:
    """What tells the values in these texts, `--parameter` those alone that it takes; empty where there are none."""
    names = {name for text in texts for name in SYMBOL.findall(text) if not name.startswith(_UNNAMED)}
    told = sorted(
        {one for name in names for one in _told_by(name, parameters)}, key=lambda one: (not one.startswith("var."), one)
    )
    later = sorted({_shown(name) for name in names if not _told_by(name, parameters)})
    asked = shown = ""
    if told:
        asked = tr(
            "what {names} will be: give it by --parameter NAME=VALUE (of a template's parameter, or a variable of "
            "Terraform's), or what `terraform show -json` prints of a plan; once it is deployed, the ARN",
            names=_some(told),
        )
    elif later:
        shown = tr(
            "what {names} will be, which is known once it is deployed: give the ARN then; if it is the name of a "
            "resource, one that its template writes settles it",
            names=_some(later),
        )
    return sentences(asked, shown)


def _told_by(name: str, parameters: Collection[str]) -> list[str]:
    """The names by which `--parameter` takes what this value hangs on."""
    if name.startswith(_TOLD):
        return [name]
    if name.startswith(_EITHER):
        return [one for one in name.split(".")[3:] if one in parameters]
    return _VARIABLES.findall(name) or ([name] if name in parameters else [])


def _shown(name: str) -> str:
    """What a value is called to people."""
    return name.split(".")[2] if name.startswith(_EITHER) else name


def _some(names: list[str]) -> str:
    return listed(names[:_MOST]) + (" …" if len(names) > _MOST else "")
