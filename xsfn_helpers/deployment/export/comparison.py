"""The same setup made four ways, each on empty accounts, and what the chain says of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from xsfn_helpers.chain.verdicts import Verdict
from xsfn_helpers.common.errors import ToolMissing
from xsfn_helpers.common.language import mark, tr
from xsfn_helpers.common.renderable import Renderable
from xsfn_helpers.deployment.export.deploy import deploy
from xsfn_helpers.deployment.export.routes import Route
from xsfn_helpers.deployment.export.set_up import export_set_up
from xsfn_helpers.deployment.snapshot import decide_links

if TYPE_CHECKING:
    from xsfn_helpers.deployment.deployment import Deployment

BY_HAND: Final = mark("by hand")


@dataclass(frozen=True, slots=True)
class DeployWay:
    """How one way turned out. `missing` names the tool that it lacks; then nothing was tried."""

    name: str
    decisions: tuple[str, ...] = ()
    allowed: int = 0
    checks: str = ""
    run: str = ""
    missing: str = ""

    def __str__(self) -> str:
        if self.missing:
            return tr("… {name}: not tried: {missing}", name=self.name, missing=self.missing)
        return f"✓ {self.name}: {self.result}"

    @property
    def result(self) -> str:
        """Links, checks and run in one line."""
        return tr(
            "{allowed} of {count} links allowed, checks {checks}, run {run}",
            allowed=self.allowed,
            count=len(self.decisions),
            checks=self.checks,
            run=self.run,
        )


@dataclass(frozen=True, slots=True)
class Comparison(Renderable):
    """All ways; `same` when every one that was tried gives each link the same decision by the same statement."""

    ways: tuple[DeployWay, ...]

    @property
    def same(self) -> bool:
        return len({way.decisions for way in self.ways if not way.missing}) == 1

    def __iter__(self) -> Iterator[DeployWay]:
        return iter(self.ways)

    @property
    def heading(self) -> str:
        if self.same:
            text = mark("The setup, created {count} ways: the same decisions by the same statements")
        else:
            text = mark("The setup, created {count} ways: they differ")
        return tr(text, count=len(self.ways))

    def __str__(self) -> str:
        return "\n".join([self.heading, *(f"  {way}" for way in self.ways)])


def compare(deployment: Deployment, routes: Iterable[Route]) -> Comparison:
    """Make the setup by hand and by each of `routes`, check and run each, and leave the accounts empty."""
    ways = [_tried(deployment, tr(BY_HAND), lambda: deployment.set_stage(3))]
    with TemporaryDirectory(prefix="xsfn-export-") as folder:
        for route in routes:
            export = export_set_up(deployment, route.value, Path(folder, route.value))
            try:
                ways.append(_tried(deployment, route.value, lambda: deploy(export, deployment.environment)))  # noqa: B023 - called at once
            except ToolMissing as error:
                ways.append(DeployWay(route.value, missing=error.what))
    return Comparison(tuple(ways))


def _tried(deployment: Deployment, name: str, make: Callable[[], object]) -> DeployWay:
    deployment.clean()
    try:
        make()
        run = deployment.run()
        report = deployment.check(run=run)
        verdicts = decide_links(deployment.environment)
        return DeployWay(
            name,
            decisions=tuple(_decision(verdict) for verdict in verdicts),
            allowed=sum(verdict.allowed for verdict in verdicts),
            checks=tr("{passed} of {count}", passed=sum(check.passed for check in report), count=len(report)),
            run=run.status,
        )
    finally:
        deployment.clean()


def _decision(verdict: Verdict) -> str:
    """What decided, without the line: each way writes a policy down in its own lines."""
    if verdict.decision is None:
        return verdict.evidence
    by = sorted(f"{one.policy.title}, {one.statement.label}" for one in verdict.decision.decided_by)
    return f"{verdict.link.number} {verdict.decision.outcome}: {' and '.join(by)}"
