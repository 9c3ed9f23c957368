"""The diagnosis as JSON values. Pure.

The schema `xsfn.diagnosis/1`: keys are only ever added. `verdict` is `fine`, `broken` or `unknown`, and `exit_code` 0,
1 or 3 for these; a link's `answer` is `allowed`, `refused`, `unknown` or `not_asked`; what an `unknown` one hangs on is
`open`, what could deny an `allowed` one and wasn't read is `unread`; a change's `before` and `after` are for reading,
its `calls` are what is to be sent. `stand_ins` are ids that stand for accounts that nothing tells; where `role_told` is
false, so does the state machine's role.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from xsfn_helpers.deployment.diagnose.asking.short import short_answer
from xsfn_helpers.deployment.diagnose.diagnosis import Conclusion, about_the_run, fix_notes, headline
from xsfn_helpers.deployment.diagnose.fixes.changes import Correction
from xsfn_helpers.deployment.diagnose.fixes.fix import Fix
from xsfn_helpers.deployment.diagnose.links import TaskLink

if TYPE_CHECKING:
    from xsfn_helpers.deployment.diagnose.diagnosis import Diagnosis, TaskDiagnosis

SCHEMA: Final = "xsfn.diagnosis/1"
# What `xsfn diagnose` ends with; 2 is bad input, as of every command.
EXIT_CODES: Final = {Conclusion.FINE: 0, Conclusion.BROKEN: 1, Conclusion.UNKNOWN: 3}


def diagnosis_json(diagnosis: Diagnosis) -> dict[str, Any]:
    """The whole diagnosis."""
    evidence, execution, first = diagnosis.evidence, diagnosis.execution, diagnosis.first_broken
    return {
        "schema": SCHEMA,
        "asked": evidence.asked,
        "verdict": diagnosis.verdict.name.lower(),
        "ok": diagnosis.ok,
        "exit_code": EXIT_CODES[diagnosis.verdict],
        "headline": headline(diagnosis),
        "answer": list(short_answer(diagnosis)),
        "refused": [
            {"link": one.link, "asker": one.asker, "action": one.action, "resource": one.resource, "said": one.said}
            for one in evidence.refused
        ],
        "state_machine": {
            "arn": evidence.machine.arn,
            "account": evidence.machine.account,
            "role": evidence.machine.role_arn,
            "role_told": evidence.machine.role_told,
            "type": evidence.machine.type,
        },
        "execution": None
        if execution is None
        else {"arn": execution.arn, "status": execution.status, "told": about_the_run(diagnosis)},
        "first_broken": None if first is None else {"task": first.task, **_link(first)},
        "tasks": [_task(task) for task in diagnosis.tasks],
        "fixes": [_fix(fix) for fix in diagnosis.fixes],
        "risks": [
            {
                "id": risk.id,
                "account": risk.account,
                "where": risk.where,
                "message": risk.message,
                "fix": risk.fix,
                "source": risk.source,
            }
            for risk in diagnosis.risks
        ],
        "least_privilege": [{"role": one.role_arn, "policy": one.policy} for one in diagnosis.least],
        "not_seen": [{"account": one.account, "what": one.what, "why": one.why} for one in diagnosis.not_seen],
        "stand_ins": sorted(evidence.stand_ins),
        "not_about_aws": list(evidence.not_about_aws),
        "taken": list(evidence.taken),
    }


def _task(diagnosed: TaskDiagnosis) -> dict[str, Any]:
    task = diagnosed.task
    return {
        "name": task.name,
        "where": task.where,
        "resource": task.resource,
        "credentials": task.choice.value or None,
        "role": task.role_arn or None,
        "from_run": task.from_run,
        "links": [_link(link) for link in diagnosed.links],
        "beyond": list(diagnosed.beyond),
    }


def _link(link: TaskLink) -> dict[str, Any]:
    return {
        "number": link.number,
        "asker": link.asker or None,
        "action": link.action,
        "resource": link.resource or None,
        "accounts": list(link.accounts),
        "when": link.when,
        "answer": link.answer.name.lower(),
        "why": link.why,
        "slip": None
        if link.slip is None
        else {"kind": link.slip.kind.name.lower(), "written": link.slip.written, "meant": link.slip.meant or None},
        "aws_says": link.aws_says or None,
        "open": list(link.open),
        "unread": list(link.unread),
    }


def _fix(fix: Fix) -> dict[str, Any]:
    return {
        "link": fix.link,
        "task": fix.task,
        "summary": fix.summary,
        "notes": list(fix_notes(fix)),
        "mends": fix.mends,
        "continues_as": fix.continues_as or None,
        "changes": [_change(change, typed=not fix.known_later) for change in fix.changes],
    }


def _change(change: Correction, *, typed: bool) -> dict[str, Any]:
    return {
        "account": change.account,
        "thing": change.thing,
        "before": change.before or None,
        "after": change.after or None,
        "diff": list(change.diff),
        "calls": [
            {
                "account": call.account,
                "service": call.service,
                "operation": call.operation,
                "parameters": dict(call.parameters),
                "cli": call.cli if typed else None,
            }
            for call in change.calls
        ],
        "cloudformation": (change.cloudformation if typed else None) or None,
    }
