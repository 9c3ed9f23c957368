"""Broken setups: the first broken link is named, in Japanese too, and what is suggested makes the run succeed."""

from __future__ import annotations

import pytest

from tests.deployment.diagnose.bench import check_the_five_lines, diagnose, repair, run
from tests.deployment.diagnose.setups import ONE, TWO, Broken
from tests.language.diagnoses import check_the_japanese
from tests.sandbox.world import World
from xsfn_helpers.deployment.diagnose import Answer, Conclusion

pytestmark = pytest.mark.usefixtures("no_http")


@pytest.mark.parametrize("broken", [*ONE, *TWO], ids=lambda broken: broken.name)
def test_the_first_broken_link_is_named_and_its_fix_makes_the_run_succeed(world: World, broken: Broken) -> None:
    broken.build(world)
    arn = world.scenario.operator_machine_arn

    found = diagnose(world)
    check_the_five_lines(found)
    check_the_japanese(world, broken.link)
    arn, done, after = repair(world, arn, found)
    ended = run(world, arn)

    assert found.verdict is Conclusion.BROKEN
    assert found.first_broken is not None
    assert found.first_broken.number == broken.link, str(found)
    assert found.first_broken.why
    assert found.fix is not None
    assert done
    assert after.verdict is Conclusion.FINE, str(after)
    assert all(link.answer is not Answer.REFUSED for link in after.links)
    assert (ended["status"], ended.get("cause")) == ("SUCCEEDED", None)
