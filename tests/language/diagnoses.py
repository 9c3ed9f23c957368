"""A diagnosis in Japanese: what is broken, why, how to mend it; ids, keys and AWS's own sentences as they are."""

from __future__ import annotations

from collections.abc import Iterator

from tests.deployment.diagnose.bench import diagnose
from tests.language.prose import english_in, is_japanese
from tests.sandbox.world import World
from xsfn_helpers.chain import documents
from xsfn_helpers.common.language import speaking
from xsfn_helpers.deployment.diagnose import Conclusion, Diagnosis


def spared(found: Diagnosis) -> Iterator[str]:
    """The name of the task's state, and AWS's sentences."""
    yield documents.TASK_STATE_NAME
    for link in found.links:
        yield link.aws_says or documents.TASK_STATE_NAME
        if link.judgement is not None and link.judgement.decision.aws_reason:
            yield link.judgement.decision.aws_reason


def check_the_japanese(world: World, link: int) -> None:
    """Diagnosed in Japanese: reasons that reading gives are in the language they were read in."""
    with speaking("ja"):
        found = diagnose(world)
        report, headline, verdict = str(found), found.headline, str(found.verdict)

    assert (found.verdict, verdict) == (Conclusion.BROKEN, "壊れたリンクがある")
    assert found.first_broken is not None
    assert found.first_broken.number == link
    assert "が壊れています" in headline
    assert [text for link in found.links for text in (link.why, link.when) if not is_japanese(text)] == []
    assert all(is_japanese(fix.summary) for fix in found.fixes)
    assert all(is_japanese(change.thing) for fix in found.fixes for change in fix.changes)
    # Four spaces in stand documents and commands.
    told = "\n".join(line for line in report.splitlines() if not line.startswith("    "))
    whys = "\n".join(text for link in found.links for text in (link.when, link.why))
    assert not english_in(f"{told}\n{whys}", spared=spared(found))
