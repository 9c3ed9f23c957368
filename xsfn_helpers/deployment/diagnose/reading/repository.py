"""Evidence from a repository as it lies: templates, cloud assemblies, Terraform, definitions, policies; and exports.

Where a file doesn't tell which account or region it is deployed to, the other files may: one that names a role of this
template by its ARN tells the role's account. What stays unknown gets an account of its own that nobody names, and every
other account that the files name is a guess that must give the same answer (`RepositoryReading.guesses`).
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final

from xsfn_helpers.common.arns import Arn, account_of, machine_arn, role_name
from xsfn_helpers.common.errors import ConfigError
from xsfn_helpers.common.language import listed, mark, tr
from xsfn_helpers.deployment.diagnose.asking.refusal import RefusedCall, events_of, refused_event
from xsfn_helpers.deployment.diagnose.asking.refused_link import supposed_machine
from xsfn_helpers.deployment.diagnose.evidence import DEFINITION, UNKNOWN, Evidence, MachineSeen, NotSeen
from xsfn_helpers.deployment.diagnose.reading.assemble import Assembly
from xsfn_helpers.deployment.diagnose.reading.folder import FolderFiles, FoundFile, Holds, find
from xsfn_helpers.deployment.diagnose.reading.makers import another_tools, how_to_make
from xsfn_helpers.deployment.diagnose.reading.pieces import Pieces, StackNames, StackSite
from xsfn_helpers.deployment.diagnose.reading.raw_files import (
    add_definition,
    add_policy,
    definition_names,
    raw_policies,
    role_of,
)
from xsfn_helpers.deployment.diagnose.reading.source.shown import ShownResources, shown_in
from xsfn_helpers.deployment.diagnose.reading.source_folders import SourceFolders, SourceUnit
from xsfn_helpers.deployment.diagnose.reading.stacks import StackReader
from xsfn_helpers.deployment.diagnose.reading.templates.cloud_assembly import assets_of, stacks_of
from xsfn_helpers.deployment.diagnose.reading.templates.parts import (
    StoredFiles,
    definition_files,
    definition_keys,
    local_files,
    section,
)
from xsfn_helpers.deployment.diagnose.reading.terraform import read_source, read_terraform
from xsfn_helpers.deployment.diagnose.reading.texts import Written
from xsfn_helpers.deployment.diagnose.reading.unknowns import (
    ACCOUNT,
    ENDS,
    REGION,
    SOME_STACK,
    STACK,
    OtherValue,
    Places,
    Regions,
    is_named_after_stack,
    names_spoken_of,
    nearest_first,
    regions_in,
    stack_choices,
    told_names,
)
from xsfn_helpers.deployment.diagnose.tasks import read_tasks

_SYMBOL: Final = re.compile(r"\$\{[^{}]*\}")
_PART: Final = re.compile(r"\*|\$\{")
_STARTED: Final = re.compile(r":stateMachine:([\w+=,.@-]+)")
_STACK_NAME: Final = "AWS::StackName"
_NAMED: Final = re.compile(
    r"arn:aws[\w-]*:(?:iam::(\d{12}):(?=role/|policy/)|states:[\w-]*:(\d{12}):stateMachine:)([\w/+=,.@-]+)"
)
_ACCOUNT: Final = re.compile(r"(?<!\d)\d{12}(?!\d)")
_STAND_IN: Final = "00000000{number:04d}"
_MOST_GUESSES: Final = 40
# What one account tells of another may tell of a third.
_MOST_INFERENCES: Final = 3
_HOW: Final = mark(
    "Export with the AWS CLI and --output json: `aws iam get-account-authorization-details` in each account, and "
    "`aws stepfunctions describe-state-machine` of each state machine."
)


@dataclass(frozen=True, slots=True)
class Told:
    """What was told beside the files: the two accounts, the region, values of templates' parameters."""

    operator: str = ""
    subject: str = ""
    region: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Beside:
    """What was given beside the files: answers as values, what AWS denied, and the ARNs of roles.

    `about` is what AWS's words are about by all likelihood: an execution or a state machine.
    """

    answers: tuple[Mapping[str, Any], ...] = ()
    refused: tuple[RefusedCall, ...] = ()
    roles: tuple[str, ...] = ()
    about: str = ""


@dataclass(frozen=True, slots=True)
class RepositoryReading:
    """The evidence about one state machine, and the same for other values of what the files don't tell.

    With each goes what has another value in it.
    """

    evidence: Evidence
    guesses: Iterable[tuple[Evidence | None, tuple[str, ...]]] = ()


@dataclass(frozen=True, slots=True)
class _Unit:
    """What is deployed together, into one account: a stack, a Terraform state, or what lies in files by itself."""

    key: str
    file: FoundFile | None
    name: str
    account: str = ""
    region: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    source: SourceUnit | None = None
    # Whether its name is a stand-in for the one that its stack will have.
    is_called_anything: bool = False
    # The alias of the provider of Terraform's that makes it.
    provider: str = ""


@dataclass(frozen=True, slots=True)
class _Spoken:
    """The names in one unit: of its roles, with those of their policies, its state machines, its managed policies."""

    policies: Mapping[str, frozenset[str]]
    runs_as: Mapping[str, str]
    machines: frozenset[str]
    managed: frozenset[str]

    @classmethod
    def of(cls, pieces: Pieces) -> _Spoken:
        roles = {role_name(arn): role for arn, role in pieces.assembled().items()}
        return cls(
            {name: frozenset(one.name for one in role.policies) for name, role in roles.items()},
            {one.name: role_name(one.role_arn) for one in pieces.machines.values()},
            frozenset(pieces.machines),
            frozenset(arn.rpartition("/")[2] for arn in pieces.managed),
        )

    def meant(self, names: set[str], patterns: set[str]) -> set[str]:
        """The names among them that are asked for, whole or as far as they are known."""
        own = self.policies.keys() | self.runs_as.keys()
        for one in own - names if patterns or any("${" in name for name in own) else ():
            plain = _SYMBOL.sub("*", one)
            if any(_may_be(plain, _SYMBOL.sub("*", other)) for other in (names if plain != one else patterns)):
                names = names | {one}
        return own & names


def read_repository(
    paths: Sequence[Path], asked: str | None = None, told: Told | None = None, beside: Beside | None = None
) -> list[RepositoryReading]:
    """What files and folders say of the state machine asked about; of each that assumes a role where none was.

    Raises `ConfigError` where nothing can be read, or what was asked about isn't there.
    """
    told = told or Told()
    return list(_Repository(find(paths, told.parameters), told, beside or Beside()).readings(asked, paths))


def _with_events(beside: Beside, found: FolderFiles) -> Beside:
    """What was given, with what the files of CloudTrail's events say was denied."""
    events = (event for file in found.holding(Holds.EVENTS) for event in events_of(file.written.value))
    told = dict.fromkeys(one for event in events if (one := refused_event(event)) is not None)
    return replace(beside, refused=(*beside.refused, *(one for one in told if one not in beside.refused)))


class _Repository:
    def __init__(self, found: FolderFiles, told: Told, beside: Beside) -> None:
        self._found, self._told, self._beside = found, told, _with_events(beside, found)
        self._pieces: dict[tuple[object, ...], Pieces] = {}
        self._spoken: dict[str, _Spoken] = {}
        self._mentioned: dict[str, frozenset[str]] = {}
        self._assemblies: dict[tuple[object, ...], Assembly] = {}
        self._regions = Regions(told.region) if told.region else regions_in([one.written.text for one in found.files])
        self._sources = SourceFolders(found, told.parameters)
        self._shown: dict[str, ShownResources] = {}
        self._assets = assets_of(found.files)
        self._units = tuple(self._all_units())
        self._definitions = self._own_definitions()
        if self._definitions or found.holding(Holds.POLICY):
            self._units = (*self._units, _Unit("raw", None, ""))

    def readings(self, asked: str | None, paths: Sequence[Path]) -> Iterator[RepositoryReading]:
        if not self._found.files and not self._beside.answers and not self._sources.units:
            self._nothing(paths)
        unknown = {unit.key: _STAND_IN.format(number=n) for n, unit in enumerate(self._units, 1) if not unit.account}
        where = Places({unit.key: unit.account or unknown[unit.key] for unit in self._units}, self._regions.region)
        for _ in range(_MOST_INFERENCES):
            before = where
            where = Places({**where.accounts, **self._inferred(where, unknown)}, where.region)
            if where == before:
                break
        where = replace(where, stacks=self._told_stacks(where, asked))
        open_ = [key for key, account in where.accounts.items() if account == unknown.get(key)]
        assembly = self._assembly(where)
        if asked is None and machine_arn(self._beside.about) in {one.arn for one in assembly.machines()}:
            about = self._beside.about
            asked = about if assembly.tells_of(about) else machine_arn(about)
        machines = self._narrowed(assembly, asked)
        if not machines and (denials := assembly.denials()):
            self._beside = replace(self._beside, refused=denials)
            machines = [supposed_machine(denials[0])]
        if not machines:
            self._no_machine(assembly, paths)
        for machine in machines:
            evidence = self._evidence(assembly, asked, machine, where, open_)
            if machine.lost or not machine.role_told:
                evidence = replace(evidence, made_by=self._made_by(evidence, paths))
            yield RepositoryReading(evidence, self._guesses(asked, machine, where, open_))

    def _narrowed(self, assembly: Assembly, asked: str | None) -> list[MachineSeen]:
        """The state machines asked about; where AWS's words were given, those that the denied role belongs to."""
        if asked is None and (named := self._named()):
            found = [one for one in assembly.machines() if named & _roles_of(one)]
            if found or self._beside.refused:
                return found or [supposed_machine(self._beside.refused[0])]
        return assembly.asked_about(asked)

    def _named(self) -> set[tuple[str, str]]:
        """The roles that were named, by account and name: a session's ARN doesn't tell the path."""
        askers = (one.asker for one in self._beside.refused)
        return {(account_of(arn), role_name(arn)) for arn in (*askers, *self._beside.roles) if role_name(arn)}

    # --- units

    def _all_units(self) -> Iterator[_Unit]:
        consumed: set[Path] = set()
        stacks = [one for file in self._found.holding(Holds.ASSEMBLY) for one in stacks_of(file)]
        for stack in stacks:
            file = self._found.at(stack.template)
            if file is not None and file.holds is Holds.TEMPLATE:
                consumed.add(file.path)
                yield _Unit(file.name, file, stack.name, stack.account, stack.region, stack.parameters)
        templates = [one for one in self._found.holding(Holds.TEMPLATE) if one.path not in consumed]
        nested = {(one.path.parent / name).resolve() for one in templates for name in local_files(one.written.value)}
        own = [file for file in templates if file.path not in nested]
        names = Counter(map(_stack_name, own))
        for file in own:
            name = _stack_name(file)
            # Two stacks of one account have two names: else what is named after them would be taken for the same.
            name = name if names[name] == 1 else _stack_name(file, with_folder=True)
            told = self._told.parameters.get(_STACK_NAME, "")
            yield _Unit(file.name, file, told or name, is_called_anything=not told)
        for file in self._found.holding(Holds.TERRAFORM):
            self._shown[file.name] = shown_in(file.written)
            for alias, (account, region) in sorted(self._shown[file.name].places.items()):
                key = tr("{file} (provider aws.{alias})", file=file.name, alias=alias) if alias else file.name
                yield _Unit(key, file, file.path.stem, account, region, provider=alias)
        for source in self._sources.units:
            yield _Unit(source.key, source.file, source.file.path.name, source.account, source.region, source=source)

    def _own_definitions(self) -> list[FoundFile]:
        """Definitions that no template names."""
        templates = self._found.holding(Holds.TEMPLATE)
        named = {
            (file.path.parent / name).resolve() for file in templates for name in definition_files(file.written.value)
        } | self._sources.named()
        for file in templates:
            put = self._assets.get(file.path.parent, {})
            named |= {put[key].resolve() for key in definition_keys(file.written.value) if key in put}
        return [one for one in self._found.holding(Holds.DEFINITION) if one.path not in named]

    # --- where each is deployed

    def _inferred(self, where: Places, unknown: Mapping[str, str]) -> dict[str, str]:
        """The accounts of units that don't tell it, as far as the other files and the reader's choices do."""
        own: dict[str, set[str]] = defaultdict(set)
        calling, targets, running = set(), set(), set()
        texts = []
        for unit in self._units:
            pieces = self._pieces_of(unit, where, {})
            roles = pieces.assembled()
            own[unit.key] = {arn.partition("::")[2].partition(":")[2] for arn in (*roles, *pieces.managed)}
            own[unit.key] |= {one.name for one in pieces.machines.values()}
            for machine in pieces.machines.values():
                running.add(unit.key)
                for task in _calls(machine):
                    calling.add(unit.key)
                    targets.add(f"role/{role_name(task)}")
                texts.append(machine.definition)
            for role in roles.values():
                texts.append(json.dumps([role.trust, *(one.document for one in role.policies)]))
                texts += [one.arn for one in (*role.policies, role.boundary) if one is not None]
        texts += [one.written.text for one in self._found.holding(Holds.OTHER, Holds.NOTHING_OF_AWS)]
        texts += [arn for one in self._beside.refused for arn in (one.asker, one.resource)]
        # Where no task assumes a role, the state machines are the Operator's all the same.
        calling = calling or running
        named: dict[str, set[str]] = defaultdict(set)
        for text in texts:
            for iam, states, name in _NAMED.findall(text):
                if (account := iam or states) not in unknown.values():
                    named[name].add(account)
        found = {}
        for unit in self._units:
            if unit.key not in unknown:
                continue
            candidates = set().union(*(named[name] for name in own[unit.key] if name in named))
            if unit.key in calling and self._told.operator:
                found[unit.key] = self._told.operator
            elif len(candidates) == 1:
                found[unit.key] = candidates.pop()
            elif unit.key in calling or not self._told.subject:
                continue
            elif calling or own[unit.key] & targets:
                found[unit.key] = self._told.subject
        return found

    def _told_stacks(self, where: Places, asked: str | None) -> dict[str, StackNames]:
        """What stacks are called, and what CloudFormation made in them, by the real names that were given."""
        arns = [one for refused in self._beside.refused for one in (refused.asker, refused.resource)]
        arns += [asked or self._beside.about, *self._beside.roles]
        given = {(account_of(arn), role_name(arn) or _machine_name(arn)) for arn in arns} - {("", "")}
        found = dict[str, StackNames]()
        for account in {account for account, name in given if name}:
            units = [
                (
                    unit.key,
                    StackNames(unit.name),
                    self._pieces_of(unit, where, {}).generated,
                    not unit.is_called_anything,
                )
                for unit in self._units
                if where.accounts[unit.key] == account
            ]
            found |= told_names(units, {name for whose, name in given if whose == account})
        return found

    # --- what they say together

    def _assembly(self, where: Places, units: Sequence[_Unit] | None = None) -> Assembly:
        """What all files say together, or those of some units alone, each deployed to its account."""
        units = self._units if units is None else units
        key = (where.region, *((unit.key, where.accounts[unit.key], where.stacks.get(unit.key)) for unit in units))
        if key not in self._assemblies:
            self._assemblies[key] = self._assembled(where, units)
        return self._assemblies[key]

    def _assembled(self, where: Places, units: Sequence[_Unit]) -> Assembly:
        assembly = Assembly()
        for file in self._found.holding(Holds.OTHER, Holds.EVENTS):
            if sentence := another_tools(file.written.value):
                assembly.unread(file.name, sentence)
                continue
            try:
                assembly.take(file.name, file.written.value)
            except ConfigError:
                raise
            except (TypeError, ValueError, KeyError, AttributeError) as error:
                what = tr("{key} is missing", key=error) if isinstance(error, KeyError) else str(error)
                assembly.unread(file.name, tr("It isn't what it seems to be: {what}.", what=what))
        for answer in self._beside.answers:
            assembly.take(tr("what was given"), answer)
        for name, why in self._found.unread.items():
            assembly.unread(name, why)
        for name, why in self._sources.unread.items():
            assembly.unread(name, why)
        for file in self._found.files:
            if file.holds is Holds.NOTHING_OF_AWS:
                continue
            for remark in file.written.remarks:
                assembly.unread(file.name, remark)
        imports: dict[str, str] = {}
        if any(_imports(unit) for unit in units):
            for unit in self._units:
                if unit.file is not None and unit.file.holds is Holds.TEMPLATE:
                    imports |= self._reader(unit, where, Pieces(), {}).exports()
        for unit in units:
            assembly.add(self._pieces_of(unit, where, imports if _imports(unit) else {}))
        return assembly

    def _pieces_of(self, unit: _Unit, where: Places, imports: Mapping[str, str]) -> Pieces:
        """What one unit says. It is read once for each account that it may be deployed to."""
        beside: Sequence[_Unit | SourceUnit] = self._of_one_file(unit)
        if unit.source is not None:
            beside = self._sources.siblings(unit.source)
        accounts = (where.accounts[unit.key], *(where.accounts[one.key] for one in beside))
        key = (unit.key, accounts, where.region, where.stacks.get(unit.key), frozenset(imports.items()))
        if key not in self._pieces:
            self._pieces[key] = self._read(unit, where, imports)
        return self._pieces[key]

    def _read(self, unit: _Unit, where: Places, imports: Mapping[str, str]) -> Pieces:
        pieces = Pieces()
        if unit.file is None:
            self._read_raw(unit, where, pieces)
        elif unit.source is not None:
            sites = {
                one.alias: StackSite(unit.name, where.accounts[one.key], one.region or where.region)
                for one in self._sources.siblings(unit.source)
            }
            read_source(self._sources.blocks(unit.source, sites), sites[unit.source.alias], pieces)
        elif unit.file.holds is Holds.TERRAFORM:
            beside = {one.provider: self._site(one, where) for one in self._of_one_file(unit)}
            read_terraform(unit.file.name, self._shown[unit.file.name], unit.provider, beside, pieces)
        else:
            self._reader(unit, where, pieces, imports).read()
        return pieces

    def _of_one_file(self, unit: _Unit) -> list[_Unit]:
        """The units of the same state or plan, each of another provider."""
        if unit.file is None or unit.file.holds is not Holds.TERRAFORM:
            return []
        return [one for one in self._units if one.file is unit.file]

    def _reader(self, unit: _Unit, where: Places, pieces: Pieces, imports: Mapping[str, str]) -> StackReader:
        assert unit.file is not None
        folder = unit.file.path.parent

        def load(name: str) -> tuple[str, Written] | None:
            if not name or "://" in name:
                return None
            found = self._found.at(folder / name)
            return None if found is None else (found.name, found.written)

        return StackReader(
            unit.file.name,
            unit.file.written,
            self._site(unit, where),
            pieces,
            load,
            {**unit.parameters, **self._told.parameters},
            self._found.parameters,
            imports,
            StoredFiles(
                {key: str(path) for key, path in self._assets.get(folder, {}).items()},
                tuple(one.name for one in self._definitions),
                lambda name: self._found.unread.get(self._found.name_of((folder / name).resolve()), ""),
                listed=folder in self._assets,
            ),
        )

    def _site(self, unit: _Unit, where: Places) -> StackSite:
        stack = where.stacks.get(unit.key, StackNames(unit.name))
        return StackSite(stack.name, where.accounts[unit.key], unit.region or where.region, stack.made)

    def _read_raw(self, unit: _Unit, where: Places, pieces: Pieces) -> None:
        """Definitions and policies by themselves: a role's account is that of the ARN that a definition names."""
        site = self._site(unit, where)
        text = " ".join(one.written.text for one in self._found.files)
        named: dict[str, set[str]] = defaultdict(set)
        for iam, _, name in _NAMED.findall(text):
            if iam and name.startswith("role/"):
                named[role_name(f"arn:aws:iam::{iam}:{name}")].add(iam)
        called = definition_names(self._definitions)
        policies = raw_policies(self._found.holding(Holds.POLICY), (*named, *called.values()))
        for file in self._definitions:
            role = role_of(file, called[file.path], policies)
            add_definition(file, called[file.path], site.role(role) if role else None, site, pieces)
        taken = {role_name(arn): arn for machine in pieces.machines.values() for arn in _calls(machine)}
        for raw in policies:
            accounts_named = named.get(raw.role, set())
            account = next(iter(accounts_named)) if len(accounts_named) == 1 else site.account
            arn = taken.get(raw.role) or replace(site, account=account).role(raw.role)
            add_policy(raw, arn, pieces)

    # --- evidence

    def _evidence(
        self,
        assembly: Assembly,
        asked: str | None,
        machine: MachineSeen,
        where: Places,
        open_: Sequence[str],
    ) -> Evidence:
        evidence = replace(assembly.evidence_of(asked, machine), refused=self._beside.refused)
        notes, stand_ins = [], []
        for unit in self._units:
            account = where.accounts[unit.key]
            if unit.key in open_ and account in evidence.accounts:
                what = tr("which account {file} is deployed to", file=unit.key if unit.file else tr("the setup"))
                why = tr("no file tells; {account} stands for it, --operator-account-id tells it", account=account)
                notes.append(NotSeen(UNKNOWN, what, why))
                stand_ins.append(account)
        parameters = {name for unit in self._units for name in _parameters_of(unit)}
        taken = (
            tr("{name} is taken for {logical} of {file}, by its name alone.", name=name, logical=path, file=key)
            for key, stack in where.stacks.items()
            for path, name in stack.made
        )
        return replace(
            evidence,
            not_seen=(*evidence.not_seen, *notes),
            stand_ins=frozenset(stand_ins),
            parameters=frozenset(parameters),
            not_about_aws=tuple(self._found.beside),
            taken=tuple(taken),
        )

    def _guesses(
        self, asked: str | None, machine: MachineSeen, where: Places, open_: Sequence[str]
    ) -> Iterator[tuple[Evidence | None, tuple[str, ...]]]:
        """The evidence again with every value that the files speak of in the place of one that they don't tell.

        Ends with None where there are more of them than are looked at.

        Only what has to do with the state machine is moved: where the rest is deployed can't change the answer.
        """
        units = self._related(machine, where)
        choices = [one for one in self._choices(units, where, open_) if one]
        position = self._position(machine, units, where)
        for number, combination in enumerate(nearest_first(choices)):
            if number >= _MOST_GUESSES:
                if sum(map(len, choices)) > _MOST_GUESSES:
                    # Not even every change of one of them was looked at.
                    yield None, tuple(dict.fromkeys(one[0].about for one in choices))
                return
            changed = where.changed(combination)
            twin = self._twin(machine, position, changed)
            assembly = self._assembly(changed, units)
            if any(one.arn == twin for one in assembly.machines()):
                found = next(one for one in assembly.machines() if one.arn == twin)
                evidence = assembly.evidence_of(asked if asked != machine.arn else twin, found, with_gaps=False)
                about = tuple(dict.fromkeys(one.about for one in combination))
                yield replace(evidence, refused=self._beside.refused), about

    def _choices(self, units: Sequence[_Unit], where: Places, open_: Sequence[str]) -> Iterator[list[OtherValue]]:
        """The other values that each of the unknown things may have."""
        files = [unit.file for unit in units if unit.file is not None]
        files += self._found.holding(Holds.OTHER, Holds.EVENTS, Holds.NOTHING_OF_AWS)
        if any(unit.file is None for unit in units):
            files += [*self._definitions, *self._found.holding(Holds.POLICY)]
        mentioned = {account for file in files for account in self._accounts_in(file)}
        mentioned |= {where.accounts[unit.key] for unit in units}
        mentioned |= {account for account in (self._told.operator, self._told.subject) if account}
        for unit in units:
            if unit.key in open_:
                own = where.accounts[unit.key]
                yield [OtherValue(ACCOUNT, unit.key, one) for one in sorted(mentioned - {own})]
        if any(not unit.region for unit in units):
            yield [OtherValue(REGION, "", one) for one in self._regions.others]
        spoken: frozenset[str] | None = None
        for unit in units:
            if unit.file is None or unit.file.holds is not Holds.TEMPLATE:
                continue
            stack = where.stacks.get(unit.key, StackNames(unit.name))
            known = unit.key in where.stacks or not unit.is_called_anything
            some = self._pieces_of(
                unit, where if known else Places(where.accounts, where.region, {unit.key: SOME_STACK}), {}
            )
            if some.generated or (not known and is_named_after_stack(some)):
                spoken = spoken if spoken is not None else self._spoken_of(units, where)
                stacks = stack_choices(stack, some, spoken, is_known=known)
                yield [OtherValue(ENDS if one.name == stack.name else STACK, unit.key, one) for one in stacks]

    def _spoken_of(self, units: Sequence[_Unit], where: Places) -> frozenset[str]:
        """Every name that these units, and what isn't read, speak of."""
        texts = [text for unit in units for text in self._pieces_of(unit, where, {}).texts()]
        texts += [one.written.text for one in self._found.holding(Holds.OTHER, Holds.NOTHING_OF_AWS)]
        return names_spoken_of(texts)

    def _position(self, machine: MachineSeen, units: Sequence[_Unit], where: Places) -> tuple[_Unit, int] | None:
        """The unit that makes a state machine, and which of its state machines it is."""
        for unit in units:
            machines = list(self._pieces_of(unit, where, {}).machines)
            if machine.arn in machines:
                return unit, machines.index(machine.arn)
        return None

    def _twin(self, machine: MachineSeen, position: tuple[_Unit, int] | None, where: Places) -> str:
        """The ARN that the state machine has elsewhere."""
        if position is None:
            return machine.arn
        unit, number = position
        machines = list(self._pieces_of(unit, where, {}).machines)
        return machines[number] if number < len(machines) else machine.arn

    def _accounts_in(self, file: FoundFile) -> frozenset[str]:
        """The accounts that a file names."""
        if file.name not in self._mentioned:
            self._mentioned[file.name] = frozenset(_ACCOUNT.findall(file.written.text))
        return self._mentioned[file.name]

    def _related(self, machine: MachineSeen, where: Places) -> list[_Unit]:
        """The units that tell of anything the state machine has to do with: by name, whatever the account."""
        if not self._spoken:
            self._spoken = {unit.key: _Spoken.of(self._pieces_of(unit, where, {})) for unit in self._units}
        names, managed = _names_of(machine), set[str]()
        found: dict[str, _Unit] = {}
        for _ in self._units:
            before = len(found)
            patterns = {name for name in names if _PART.search(name)}
            for unit in self._units:
                own = self._spoken[unit.key]
                meant = own.meant(names, patterns)
                if machine.arn in own.machines or meant or own.managed & managed:
                    found[unit.key] = unit
                    managed |= {policy for name in meant for policy in own.policies.get(name, ())}
                    names |= {own.runs_as[name] for name in meant if name in own.runs_as}
            if len(found) == before:
                break
        return list(found.values())

    # --- nothing to go on

    def _made_by(self, evidence: Evidence, paths: Sequence[Path]) -> str:
        """What has to be run first; empty where that was done, or nothing shows it."""
        spot = evidence.spots.get((evidence.machine.arn, DEFINITION))
        file = next((one for one in self._found.files if spot is not None and one.name == spot.file), None)
        if self._found.holding(Holds.ASSEMBLY) or (file is not None and file.holds is Holds.TEMPLATE):
            return ""
        return how_to_make(paths, file.path if file is not None else None)

    def _nothing(self, paths: Sequence[Path]) -> None:
        where = str(paths[0]) if paths else ""
        unread = "; ".join(f"{name}: {why.rstrip('.')}" for name, why in list(self._found.unread.items())[:5])
        if unread:
            fix = how_to_make(paths) or tr(_HOW)
            raise ConfigError(tr("No file in it can be used: {files}.", files=unread), where=where, fix=fix)
        if self._found.sources:
            raise ConfigError(
                tr("The Terraform source in it has no role and no state machine that can be read."),
                where=where,
                fix=tr("Give what `terraform show -json` prints, of a plan or of the state."),
            )
        fix = how_to_make(paths) or tr(_HOW)
        raise ConfigError(tr("There is no file in it that is known here."), where=where, fix=fix)

    def _no_machine(self, assembly: Assembly, paths: Sequence[Path]) -> None:
        names = [
            tr("{file} ({what})", file=one.name, what=tr(_KINDS[one.holds]))
            for one in sorted(self._found.files, key=lambda one: one.holds is Holds.OTHER)
            if one.holds is not Holds.NOTHING_OF_AWS
        ]
        names += [
            tr("{file} ({what})", file=one.file.name, what=tr(_KINDS[Holds.SOURCE])) for one in self._sources.units
        ]
        unread = self._found.unread | self._sources.unread
        names += [f"{name} ({why.rstrip('.')})" for name, why in unread.items()]
        told = "; ".join(str(one) for one in assembly.lost())
        other = (another_tools(one.written.value) for one in self._found.holding(Holds.OTHER))
        raise ConfigError(
            tr("No file describes a state machine. Read were: {files}.", files=listed(names[:8]) or tr("none"))
            + (f" {told}." if told else ""),
            fix=how_to_make(paths)
            or next(filter(None, other), "")
            or tr("Add the template, the definition, or the answer of `aws stepfunctions describe-state-machine`."),
        )


# What says how a program is built says nothing of what it makes.
_KINDS: Final = {
    Holds.ASSEMBLY: mark("a CDK cloud assembly"),
    Holds.TEMPLATE: mark("a template"),
    Holds.TERRAFORM: mark("Terraform's resources"),
    Holds.SOURCE: mark("Terraform's source"),
    Holds.DEFINITION: mark("a definition"),
    Holds.POLICY: mark("a policy"),
    Holds.EVENTS: mark("CloudTrail's events"),
    Holds.NOTHING_OF_AWS: mark("not about AWS"),
    Holds.OTHER: mark("an answer of the AWS CLI, or another file"),
}


def _calls(machine: MachineSeen) -> Iterator[str]:
    """The roles that the tasks assume; empty for one that shows only at run time."""
    try:
        tasks = read_tasks(machine.definition)
    except ConfigError:
        return
    for task in tasks:
        if task.takes_on_a_role:
            yield task.role_arn


def _names_of(machine: MachineSeen) -> set[str]:
    """The names of the roles and state machines that a definition speaks of, `*` for what shows only at run time.

    One of which nothing is known isn't among them: whose role it is can't be told, whatever the account.
    """
    names = {machine.name, role_name(machine.role_arn)}
    try:
        tasks = read_tasks(machine.definition)
    except ConfigError:
        return names
    names |= {role_name(task.role_arn or task.known_role) for task in tasks if task.takes_on_a_role}
    names |= set(_STARTED.findall(machine.definition))
    return names - {"", "*"}


def _machine_name(arn: str) -> str:
    found = Arn.parse(arn)
    return found.machine_name if found is not None else ""


def _may_be(one: str, other: str) -> bool:
    return fnmatchcase(one, other) or fnmatchcase(other, one)


def _parameters_of(unit: _Unit) -> list[str]:
    """The names of the parameters, or variables, whose values can be told."""
    if unit.source is not None:
        return [block.labels[1] for _, block in unit.source.parsed.labelled("variable", 1)]
    return list(section(unit.file.written.value, "Parameters")) if unit.file is not None else []


def _imports(unit: _Unit) -> bool:
    return unit.file is not None and "ImportValue" in unit.file.written.text


def _roles_of(machine: MachineSeen) -> set[tuple[str, str]]:
    arns = [machine.role_arn, *(arn for arn in _calls(machine) if arn)]
    return {(account_of(arn), role_name(arn)) for arn in arns}


def _stack_name(file: FoundFile, *, with_folder: bool = False) -> str:
    stem = file.path.name.split(".")[0]
    stem = f"{file.path.parent.name}-{stem}" if with_folder else stem
    return re.sub(r"[^A-Za-z0-9-]+", "-", stem).strip("-") or "stack"
