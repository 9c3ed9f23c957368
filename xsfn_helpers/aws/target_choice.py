"""Which two accounts the notebooks work on, chosen in a form and kept in `xsfn.toml`."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import botocore.session
from botocore.exceptions import BotoCoreError

from xsfn_helpers.aws.settings import CONFIG_FILE, PROFILE_KEYS, Platform, Settings, find_config_file, load_settings
from xsfn_helpers.common.errors import ConfigError
from xsfn_helpers.common.language import LANGUAGES, tr
from xsfn_helpers.common.renderable import Renderable

_KEYS: Final = ("target", *PROFILE_KEYS.values(), "region")


@dataclass(frozen=True, slots=True)
class TargetChoice(Renderable):
    """The choice as it stands; in a notebook, a form to make another one. It counts from the next `open_lab()` on."""

    settings: Settings
    folder: Path

    def choose(self, target: str, **choices: str) -> str:
        """Choose, with the keys `operator_profile`, `subject_profile` and `region`, and say what was kept where.

        Writes `xsfn.toml` in the working folder (from notebooks in another language: in the one above). Raises
        `ConfigError` for a value that can't be, and where the nearest `xsfn.toml` holds other things, too: then it
        tells the lines to put there.
        """
        wanted = {"target": target, **{key: value for key, value in choices.items() if value}}
        load_settings(wanted, environment={}, folder=self.folder)
        lines = [f"{key} = {json.dumps(value)}" for key, value in wanted.items()]
        there = find_config_file(self.folder)
        path = there or self.folder / CONFIG_FILE
        if there is not None and not set(_stored(there)) <= set(_KEYS):
            raise ConfigError(
                tr("The file holds choices of yours besides these, and is left as it is."),
                where=there.name,
                fix=tr("Put these lines into it: {lines}", lines="; ".join(lines)),
            )
        path.write_text("\n".join([*lines, ""]), encoding="utf-8")
        return tr(
            "Kept in {name}: {lines}. It counts from the next open_lab() on, in every notebook.",
            name=path.name,
            lines="; ".join(lines),
        )

    @property
    def profiles(self) -> tuple[str, ...]:
        """The AWS profiles there are."""
        try:
            return tuple(sorted(botocore.session.Session().available_profiles))
        except BotoCoreError:
            return ()

    def __str__(self) -> str:
        where = (
            tr("the sandbox, on this computer") if self.settings.target is Platform.SANDBOX else tr("two AWS accounts")
        )
        return tr(
            "The notebooks work on {where}. The form changes that; so does choose_target().choose('aws', "
            "operator_profile='…', subject_profile='…'), and choose('sandbox').",
            where=where,
        )


def choose_target() -> TargetChoice:
    """The choice as it stands, to be shown and changed. Raises `ConfigError` for settings that can't be."""
    here = Path.cwd()
    # The notebooks of each language are in a folder below the others, and what is chosen is for all of them.
    return TargetChoice(load_settings(), here.parent if here.name in LANGUAGES else here)


def _stored(path: Path) -> Mapping[str, object]:
    return tomllib.loads(path.read_text(encoding="utf-8"))
