"""One task's chain as a small SVG: the accounts, the roles, and every link with its answer. No Graphviz needed.

A state never shows by colour alone: each link has a mark, its line is solid, dashed or dotted, and the picture's
description says all of it in words.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from xsfn_helpers.common.arns import Arn, account_of, role_name
from xsfn_helpers.common.language import ENGLISH, language, tr
from xsfn_helpers.deployment.diagnose.diagnosis import MARKS
from xsfn_helpers.deployment.diagnose.judge import Answer
from xsfn_helpers.display.full_width import FONTS
from xsfn_helpers.display.markup import escape
from xsfn_helpers.display.palette import (
    ALLOWED_BLUE,
    BORDER,
    BOX,
    CARD,
    INK,
    MUTED,
    PENDING_GREY,
    REFUSED_VERMILION,
    ROLE,
    Colour,
)

if TYPE_CHECKING:
    from xsfn_helpers.deployment.diagnose.diagnosis import TaskDiagnosis
    from xsfn_helpers.deployment.diagnose.evidence import Evidence
    from xsfn_helpers.deployment.diagnose.links import TaskLink

_LOOKS: Final = {
    Answer.ALLOWED: ("allowed", ""),
    Answer.REFUSED: ("refused", "7 5"),
    Answer.UNKNOWN: ("unknown", "2 4"),
    Answer.NOT_ASKED: ("unknown", "2 4"),
}
_WORST: Final = (Answer.REFUSED, Answer.UNKNOWN, Answer.ALLOWED, Answer.NOT_ASKED)
_CLASSES: Final[dict[str, tuple[str, Colour]]] = {
    "card": ("fill", CARD),
    "box": ("fill", BOX),
    "role": ("fill", ROLE),
    "ink": ("fill", INK),
    "muted": ("fill", MUTED),
    "halo": ("stroke", CARD),
    "frame": ("stroke", BORDER),
    "allowed": ("stroke", ALLOWED_BLUE),
    "refused": ("stroke", REFUSED_VERMILION),
    "unknown": ("stroke", PENDING_GREY),
    "allowed-ink": ("fill", ALLOWED_BLUE),
    "refused-ink": ("fill", REFUSED_VERMILION),
    "unknown-ink": ("fill", PENDING_GREY),
}
_LONGEST: Final = 38
# What the six links join: from (x, y) to (x, y), and where their words stand.
_LEFT: Final = 20
_RIGHT: Final = 480


def chain_sketch(diagnosed: TaskDiagnosis, evidence: Evidence) -> str:
    """The picture, with its description inside."""
    title = tr("Access chain of task {task}", task=diagnosed.task.title)
    fonts = "Helvetica,Arial,sans-serif" if language() == ENGLISH else f"Helvetica,Arial,{FONTS},sans-serif"
    # Words last: what is drawn later covers what is there.
    drawn = (*_accounts(diagnosed, evidence), *map(_line, _drawn(diagnosed)), *map(_words, _drawn(diagnosed)))
    parts = "".join(drawn)
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 940 400" role="img" width="940" height="400" '
        f'font-family="{fonts}"><title>{escape(title)}</title>'
        f"<desc>{escape(sketch_words(diagnosed))}</desc><style>{_style()}</style>{parts}</svg>"
    )


def _drawn(diagnosed: TaskDiagnosis) -> tuple[TaskLink, ...]:
    """One link of each number: of several calls the one that is worst off."""
    worst: dict[int, TaskLink] = {}
    for link in diagnosed.links:
        if link.number not in worst or _WORST.index(link.answer) < _WORST.index(worst[link.number].answer):
            worst[link.number] = link
    return tuple(worst.values())


def sketch_words(diagnosed: TaskDiagnosis) -> str:
    """What the picture says, as running text."""
    title = tr("{title}.", title=tr("Access chain of task {task}", task=diagnosed.task.title))
    return " ".join([title, *map(_spoken, diagnosed.links)])


def _spoken(link: TaskLink) -> str:
    asked = {
        "number": link.number,
        "answer": tr(link.answer),
        "asker": link.asker or tr("the task"),
        "action": link.action,
    }
    if not link.resource:
        return tr("Link {number}, {answer}: {asker} requests {action}.", **asked)
    return tr("Link {number}, {answer}: {asker} requests {action} on {resource}.", **asked, resource=link.resource)


def _style() -> str:
    light = "".join(f".{name}{{{part}:{colour.light}}}" for name, (part, colour) in _CLASSES.items())
    dark = "".join(f".{name}{{{part}:{colour.dark}}}" for name, (part, colour) in _CLASSES.items())
    # Words stand out from the lines that they cross.
    return f"{light}@media (prefers-color-scheme:dark){{{dark}}}.words{{paint-order:stroke;stroke-width:6px}}"


def _accounts(diagnosed: TaskDiagnosis, evidence: Evidence) -> Iterator[str]:
    machine, task = evidence.machine, diagnosed.task
    yield _card(_LEFT - 10, tr("account {account}", account=machine.account))
    yield _box(_LEFT + 20, 60, "box", tr("State machine"), machine.name)
    yield _box(_LEFT + 20, 200, "role", tr("its role"), role_name(machine.role_arn) or machine.role_arn)
    call = next((link for link in diagnosed.links if link.number == 3 and link.resource), None)
    child = next((link for link in diagnosed.links if link.number == 6), None)
    account = account_of(task.role_arn) or (account_of(call.resource) if call else "")
    if task.fan_out is not None:
        return
    known = tr("account {account}", account=account) if account else tr("an account known only at run time")
    yield _card(_RIGHT - 10, known)
    if call is not None:
        found = Arn.parse(call.resource)
        name = (found.rest if found else "") or tr("known only at run time")
        yield _box(_RIGHT + 20, 60, "box", tr("what it calls"), name)
    if task.takes_on_a_role:
        name = role_name(task.role_arn) or task.role_arn or tr(task.choice.value)
        yield _box(_RIGHT + 20, 200, "role", tr("the task's role"), name)
    if child is not None:
        name = role_name(child.resource) or tr("not seen")
        yield _box(_RIGHT + 20, 320, "role", tr("the started machine's role"), name)


def _card(x: int, title: str) -> str:
    return (
        f'<rect class="card frame" x="{x}" y="10" width="450" height="382" rx="10"/>'
        f'<text class="muted" x="{x + 16}" y="36" font-size="14">{escape(title)}</text>'
    )


def _box(x: int, y: int, look: str, title: str, name: str) -> str:
    shown = name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"
    return (
        f'<rect class="{look} frame" x="{x}" y="{y}" width="300" height="52" rx="6"/>'
        f'<text class="muted" x="{x + 12}" y="{y + 20}" font-size="12">{escape(title)}</text>'
        f'<text class="ink" x="{x + 12}" y="{y + 40}" font-size="13">{escape(shown)}</text>'
    )


def _line(link: TaskLink) -> str:
    points, _ = _PLACES[link.number]
    look, dashes = _LOOKS[link.answer]
    x2, y2 = points[-1]
    path = " ".join(f"{'M' if index == 0 else 'L'}{x} {y}" for index, (x, y) in enumerate(points))
    dash = f' stroke-dasharray="{dashes}"' if dashes else ""
    if link.answer is Answer.REFUSED:
        end = f'<rect class="{look}-ink" x="{x2 - 8}" y="{y2 - 3}" width="16" height="6"/>'
    else:
        end = f'<circle class="{look}-ink" cx="{x2}" cy="{y2}" r="5"/>'
    return f'<path class="{look}" d="{path}" fill="none" stroke-width="2.5"{dash}/>{end}'


def _words(link: TaskLink) -> str:
    _, (x, y) = _PLACES[link.number]
    look, _ = _LOOKS[link.answer]
    words = f"{link.number} {MARKS[link.answer]} {link.action.partition(':')[2]}"
    return (
        f'<text class="{look}-ink words halo" x="{x}" y="{y}" font-size="13" font-weight="bold">{escape(words)}</text>'
    )


Point = tuple[int, int]
_PLACES: Final[dict[int, tuple[tuple[Point, ...], Point]]] = {
    0: (((200, 196), (200, 118)), (212, 160)),
    1: (((80, 112), (80, 196)), (92, 160)),
    2: (((340, 226), (496, 226)), (350, 216)),
    3: (((520, 200), (520, 118)), (528, 140)),
    4: (((640, 200), (640, 118)), (648, 162)),
    5: (((760, 200), (760, 118)), (768, 184)),
    6: (((800, 86), (910, 86), (910, 346), (806, 346)), (812, 300)),
}
