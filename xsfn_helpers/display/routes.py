"""What infrastructure code comes to, as HTML tables: the CDK's grants, and the setup made several ways.

Their text forms are `str(grants)` and `str(comparison)`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from xsfn_helpers.common.language import tr
from xsfn_helpers.display.markup import CELL, CODE, PLAIN_ROW, TABLE, escape, pill
from xsfn_helpers.display.palette import ALLOWED_BLUE, PENDING_GREY, REFUSED_VERMILION

if TYPE_CHECKING:
    from xsfn_helpers.deployment.export.comparison import Comparison, DeployWay
    from xsfn_helpers.deployment.export.grants import DeployerGrant, Grants


def grants_html(grants: Grants) -> str:
    """A row for each statement: whether the chain needs it, its actions and resources, and why not."""
    if grants.missing:
        return f"<p>{escape(str(grants))}</p>"
    return _table(grants.heading, "".join(_grant(grant) for grant in grants))


def comparison_html(comparison: Comparison) -> str:
    """A row for each way: what the links, the checks and a run came to."""
    return _table(comparison.heading, "".join(_way(way) for way in comparison))


def _grant(grant: DeployerGrant) -> str:
    mark = pill(tr("✓ needed"), ALLOWED_BLUE) if grant.opens else pill(tr("✗ not needed"), REFUSED_VERMILION)
    code = f'<code style="{CODE};overflow-wrap:anywhere">'
    what = "<br>".join(f"{code}{escape(line)}</code>" for line in (", ".join(grant.actions), *grant.resources))
    return _row(mark, what, escape(grant.reason))


def _way(way: DeployWay) -> str:
    if way.missing:
        return _row(pill(tr("… not tried"), PENDING_GREY), escape(way.name), escape(way.missing))
    return _row(pill(tr("✓ works"), ALLOWED_BLUE), escape(way.name), escape(way.result))


def _row(*cells: str) -> str:
    return f'<tr style="{PLAIN_ROW}">{"".join(f"""<td style="{CELL}">{cell}</td>""" for cell in cells)}</tr>'


def _table(heading: str, rows: str) -> str:
    return f'<p><b>{escape(heading)}</b></p><table style="{TABLE}"><tbody>{rows}</tbody></table>'
