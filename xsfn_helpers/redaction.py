"""A text made fit to be sent to somebody else: without account ids, the names of one's own things, ids and keys."""

from __future__ import annotations

import re
from dataclasses import fields
from typing import Final

from xsfn_helpers.scenario import Scenario

_ACCOUNT: Final = re.compile(r"(?<![0-9A-Za-z])[0-9]{12}(?![0-9A-Za-z])")
_UNIQUE_ID: Final = re.compile(r"\b(A[A-Z]{3})[A-Z0-9]{12,}\b")
_UUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_E_MAIL: Final = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")
_SESSION: Final = re.compile(r"(assumed-role/[\w+=,.@-]+)/[\w+=,.@-]+")


def redacted(text: str, scenario: Scenario, lab_id: str) -> str:
    """The same with the article's account ids and names in place of this scenario's.

    What is told stays true of it: equal things stay equal, different ones different, except accounts that are neither
    of the two, which all become 000000000000.
    """
    article = Scenario(region=scenario.region)
    # The longest first: one name may begin with another.
    pairs = [(getattr(scenario, one.name), getattr(article, one.name)) for one in fields(Scenario)]
    pairs = sorted(((mine, its) for mine, its in pairs if mine != scenario.region), key=lambda pair: -len(pair[0]))
    known = re.compile("|".join(re.escape(mine) for mine, _ in pairs))
    by_name = dict(pairs)
    text = _SESSION.sub(r"\1/session", text)
    text = known.sub(lambda found: by_name[found.group()], text)
    kept = {article.operator_account_id, article.subject_account_id}
    text = _ACCOUNT.sub(lambda found: found.group() if found.group() in kept else "0" * 12, text)
    text = _UNIQUE_ID.sub(r"\1…", text)
    text = _E_MAIL.sub("somebody@example.com", _UUID.sub("…", text))
    return text.replace(f'"{lab_id}"', '"lab"') if lab_id else text
