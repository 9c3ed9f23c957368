"""What of moto's inside the sandbox leans on, and which of it isn't there any more, in plain words.

Run as a program, in a process of its own: it must see moto before the sandbox has corrected anything.
"""

from __future__ import annotations

import ast
import builtins
import importlib
import inspect
import json
import re
import runpy
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any, Final

BRIDGE: Final = Path(__file__).parents[2] / "xsfn_helpers" / "sandbox" / "moto_bridge"
_PARSER: Final = "moto.stepfunctions.parser"
_STATES: Final = f"{_PARSER}.asl.component.state"

# What moto lacks and the sandbox adds.
ADDED: Final = frozenset(
    f"moto.{holder}.{name}"
    for holder, names in (
        (
            "stepfunctions.responses.StepFunctionResponse",
            "delete_state_machine_version get_activity_task list_state_machine_versions publish_state_machine_version "
            "start_sync_execution test_state validate_state_machine_definition",
        ),
        ("iam.responses.IamResponse", "delete_user_permissions_boundary put_user_permissions_boundary"),
    )
    for name in names.split()
)
# What the sandbox reads or calls of moto's objects, by class.
READ: Final[Mapping[str, str]] = {
    f"{_PARSER}.asl.eval.environment.Environment": (
        "_frames _program_state _state_mutex aws_execution_details close_frame delete_frame event_history_context "
        "event_manager is_running next_state_name open_inner_frame program_state program_state_event set_stop "
        "set_timed_out stack states"
    ),
    f"{_PARSER}.asl.eval.test_state.environment.TestStateEnvironment": "inspection_data",
    f"{_PARSER}.asl.eval.states.States": "context_object get_input reset",
    f"{_PARSER}.asl.eval.event.event_manager.EventHistoryContext": "last_published_event_id source_event_id",
    f"{_PARSER}.asl.eval.event.event_manager.EventManager": "add_event get_event_history",
    f"{_PARSER}.asl.component.program.program.Program": "eval start_at timeout_seconds",
    f"{_STATES}.exec.state_parallel.branches_decl.BranchWorkerPool": (
        "_termination_event get_exit_event_details on_terminated wait"
    ),
    f"{_STATES}.exec.state_parallel.branches_decl.BranchesDecl": "programs",
    f"{_STATES}.exec.state_map.iteration.job.JobPool": (
        "_closed_jobs _is_terminated _mutex _notify_on_termination _open_jobs _worker_exception await_jobs "
        "get_closed_jobs"
    ),
    f"{_STATES}.exec.state_map.iteration.job.Job": "job_index job_input job_output job_program",
    f"{_STATES}.exec.state_map.iteration.iteration_worker.IterationWorker": "_eval_input _work_name",
    f"{_STATES}.exec.state_map.iteration.inline_iteration_component.InlineIterationComponent": (
        "_get_iteration_program _launch_worker"
    ),
    f"{_STATES}.exec.state_task.state_task.StateTask": "credentials",
    f"{_STATES}.exec.execute_state.ExecutionState": "_evaluate_with_timeout timeout",
    f"{_STATES}.exec.state_task.service.state_task_service.StateTaskService": (
        "_get_sfn_resource _get_sfn_resource_type resource"
    ),
    f"{_STATES}.exec.state_task.service.state_task_service_aws_sdk.StateTaskServiceAwsSdk": (
        "_get_boto_service_action _get_boto_service_name"
    ),
    f"{_PARSER}.backend.execution.Execution": (
        "account_id error cause exec_status exec_worker execution_arn execution_input name output region_name "
        "role_arn start_date state_machine_arn stop stop_date to_history_output"
    ),
    f"{_PARSER}.backend.execution.BaseExecutionWorkerCommunication": "_reflect_execution_status execution",
    f"{_PARSER}.backend.execution_worker.ExecutionWorker": "env start",
    "moto.stepfunctions.responses.StepFunctionResponse": "_get_param dispatch stepfunction_backend",
    "moto.stepfunctions.models.StateMachine": "aliases executions latest_version latest_version_number versions",
    f"{_PARSER}.models.StepFunctionsParserBackend": (
        "activities describe_state_machine start_execution state_machines tagger"
    ),
    "moto.iam.models.IAMBackend": (
        "access_keys create_access_key create_user groups managed_policies put_user_policy roles tagger users"
    ),
    "moto.iam.models.Role": (
        "arn assume_role_policy_document description managed_policies max_session_duration path "
        "permissions_boundary_arn policies tags"
    ),
    "moto.iam.models.User": "access_keys arn managed_policies path policies region_name",
    "moto.iam.models.ManagedPolicy": "attach_to default_version_id next_version_num versions",
}


def imports(source: str) -> Iterator[tuple[str, str]]:
    """(module, name) of everything that a file's text takes from moto."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "moto":
            yield from ((node.module, alias.name) for alias in node.names)


def missing_import(module: str, name: str, *, wanted_by: str) -> str | None:
    """What to say of `from module import name`, if that fails."""
    try:
        if not hasattr(importlib.import_module(module), name):
            importlib.import_module(f"{module}.{name}")
    except ImportError:
        return f"moto has no {name} in {module} any more, which {wanted_by} imports."
    return None


def missing_attributes(path: str, names: Iterable[str]) -> list[str]:
    """What to say of the `names` that objects of the class at `path` don't have."""
    module, _, name = path.rpartition(".")
    kind = getattr(importlib.import_module(module), name)
    return [f"moto's {name} has no {wanted} any more, which the sandbox reads." for wanted in lacking(kind, names)]


def lacking(kind: type, names: Iterable[str]) -> list[str]:
    """The `names` that neither the class has nor its methods give to its objects."""
    source = "\n".join(inspect.getsource(base) for base in kind.__mro__ if base is not object and base.__module__)
    return [name for name in names if not hasattr(kind, name) and not re.search(rf"\b(self\.)?{name}\b ?[:=]", source)]


Seen = dict[str, Any]
_NOTHING: Final = object()


def look() -> Seen:
    """Every module's and class's own attributes in moto, by full name, as they are now."""
    seen: Seen = {}
    for module in [module for name, module in list(sys.modules.items()) if name.partition(".")[0] == "moto"]:
        for name, value in list(vars(module).items()):
            seen[f"{module.__name__}.{name}"] = value
            if isinstance(value, type) and value.__module__ == module.__name__:
                seen |= {f"{module.__name__}.{value.__qualname__}.{key}": own for key, own in vars(value).items()}
    return seen


def corrected(before: Seen, after: Seen) -> list[str]:
    """What to say of corrections that miss: of a name moto doesn't have, or of a function that takes something else."""
    said = []
    for name in sorted(after):
        new = _plain(after[name])
        if (after[name] is before.get(name)) or not callable(new):
            continue
        old = _plain(before[name] if name in before else _inherited(name, before))
        by = getattr(new, "__module__", "the sandbox")
        if old is _NOTHING and name not in ADDED:
            said.append(f"moto has no {name} any more, which {by} replaces.")
        elif old is not _NOTHING and name in ADDED:
            said.append(f"moto has a {name} of its own now, which {by} hides.")
        elif isinstance(old, FunctionType) and (refused := _takes_less(old, new)):
            said.append(f"moto's {name} takes {refused} now, which its replacement in {by} doesn't.")
    return said


def _plain(value: Any) -> Any:
    return value.__func__ if isinstance(value, staticmethod | classmethod) else value


def _inherited(name: str, before: Seen) -> Any:
    """What a class had by inheritance, or a module as a builtin, before it got something of its own."""
    holder, _, attribute = name.rpartition(".")
    if holder in sys.modules:
        return getattr(builtins, attribute, _NOTHING)
    kind = before.get(holder)
    for base in kind.__mro__[1:] if isinstance(kind, type) else ():
        if (full := f"{base.__module__}.{base.__qualname__}.{attribute}") in before:
            return before[full]
        # Another library's class, or Python's own: what the sandbox corrects is moto's alone.
        if base.__module__.partition(".")[0] != "moto" and attribute in vars(base):
            return vars(base)[attribute]
    return _NOTHING


def _takes_less(old: FunctionType, new: Callable[..., Any]) -> str | None:
    """The first argument of `old` that `new` can't be given by name; moto names what it hands over."""
    try:
        parameters = inspect.signature(new).parameters
    except ValueError:
        return None
    if any(one.kind is inspect.Parameter.VAR_KEYWORD for one in parameters.values()):
        return None
    named = [name for name, one in inspect.signature(old).parameters.items() if one.kind is not one.VAR_POSITIONAL]
    return next((name for name in named if name != "self" and name not in parameters), None)


def correct_everything() -> None:
    """Start the sandbox's inside as its process does, without a network."""
    from xsfn_helpers.sandbox import moto_bridge
    from xsfn_helpers.sandbox.guests.evaluator import Evaluator
    from xsfn_helpers.sandbox.journal import Journal

    with tempfile.TemporaryDirectory() as folder:
        journal, _ = Journal.open(Path(folder) / "journal")
        moto_bridge.MotoBridge(frozenset({"111111111111"}), "aws", journal)
        moto_bridge.behave_like_aws(lambda arn, seconds: True, Evaluator())
        clients: Any = None
        moto_bridge.run_tasks_through(clients)
        journal.close()


def main() -> dict[str, list[str]]:
    """What isn't as the sandbox needs it."""
    # Without it, moto's Step Functions would load all of EC2.
    runpy.run_path(str(BRIDGE / "moto_start.py"))
    wanted = [(file.name, *one) for file in sorted(BRIDGE.rglob("*.py")) for one in imports(file.read_text("utf-8"))]
    gone = [missing_import(module, name, wanted_by=file) for file, module, name in wanted]
    if missing := [text for text in gone if text]:
        return {"imports": missing, "reads": [], "corrections": []}
    unread = [text for path, names in READ.items() for text in missing_attributes(path, names.split())]
    before = look()
    modules_before = {name for name, module in sys.modules.items() if isinstance(module, ModuleType)}
    try:
        correct_everything()
    except AttributeError as error:
        return {"imports": [], "reads": unread, "corrections": [f"moto isn't what it was: {error}."]}
    after = {name: value for name, value in look().items() if _was_there(name, modules_before)}
    return {"imports": [], "reads": unread, "corrections": corrected(before, after)}


def _was_there(name: str, modules: set[str]) -> bool:
    """Modules loaded meanwhile are new, not changed."""
    parts = name.split(".")
    return any(".".join(parts[:end]) in modules for end in (len(parts) - 1, len(parts) - 2))


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(), indent=2))
