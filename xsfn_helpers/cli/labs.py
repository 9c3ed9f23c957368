"""A lab as the options choose it, with the reader's own documents and their yes."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Final

from xsfn_helpers.cli.parsing import chosen
from xsfn_helpers.common.errors import ConfigError
from xsfn_helpers.common.language import mark, tr

if TYPE_CHECKING:
    from xsfn_helpers.lab.lab import Lab


DOCUMENTS: Final = {
    "execute_role_trust": mark("trust policy of the execute role (stage 1)"),
    "execute_role_permissions": mark("permissions policy of the execute role (stage 1)"),
    "operator_role_permissions": mark("permissions policy of the Operator role (stage 2)"),
    "operator_definition": mark("definition of the Operator state machine (stage 3)"),
}


def open_lab(options: argparse.Namespace, documents: dict[str, str] | None = None) -> Lab:
    """The lab as chosen. The reader's documents are checked first: nothing starts when one of them is wrong."""
    from xsfn_helpers.aws.settings import load_settings
    from xsfn_helpers.chain.blueprint import Blueprint
    from xsfn_helpers.lab.opening import open_lab

    choices = chosen(options)
    if documents:
        Blueprint.recommended(load_settings(choices).scenario).using(**documents)
    lab = open_lab(**choices)
    return lab.using(**documents) if documents else lab


def own_documents(options: argparse.Namespace) -> dict[str, str]:
    """The texts of the reader's own documents, by name. Raises `ConfigError` for a file that can't be read."""
    documents = {}
    for name in DOCUMENTS:
        path: Path | None = getattr(options, name)
        if path is not None:
            try:
                documents[name] = path.read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as error:
                raise ConfigError(
                    tr("The file can't be read: {error}.", error=error), where=f"--{name.replace('_', '-')}"
                ) from error
    return documents


def agree(lab: Lab, options: argparse.Namespace, what: str) -> None:
    """Take --yes for this command alone. Raises `AgreementNeeded` where a yes is needed and nobody has given it."""
    agreement = lab.environment.accounts.agreement
    if options.yes:
        agreement.give_once()
    agreement.check(what, f"{lab.scenario.operator}, {lab.scenario.subject}")


def add_documents(parser: argparse.ArgumentParser) -> None:
    """Options for the reader's own documents."""
    documents = parser.add_argument_group(tr("documents of your own, each a file with JSON"))
    for name, meaning in DOCUMENTS.items():
        documents.add_argument(f"--{name.replace('_', '-')}", type=Path, metavar="FILE", help=tr(meaning))
