"""What a statement is about: actions and resources, with IAM's own rules for case, wildcards and ARN parts.

Sources: docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html,
…/reference_policies_elements_resource.html, …/reference-arns.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import cache, lru_cache
from typing import Final

from xsfn_helpers.iam.request import Request
from xsfn_helpers.iam.wildcards import Test, Token, Wild, glob, has_variables, resolve, shortest, tokens_of

RequestTest = Callable[[Request], bool]

_ARN_PARTS: Final = 6


def action_test(patterns: Iterable[str]) -> Test:
    """A test for a lower-case action. Case never counts in actions; `*` and `?` are wildcards."""
    exact = frozenset(pattern.lower() for pattern in patterns if not _is_wild(pattern))
    globs = tuple(glob(tokens_of(p.lower(), wildcards=True, variables=False)) for p in patterns if _is_wild(p))
    if not globs:
        return exact.__contains__
    if len(globs) == 1 and not exact:
        return globs[0]
    return lambda action: action in exact or any(matches(action) for matches in globs)


def resource_test(pattern: str, *, variables: bool, completed: bool) -> RequestTest:
    """A test for a request's resource against one `Resource` element.

    Case counts. The first five colon-separated parts are compared one by one, and a `*` stays inside its part
    unless it is the part's last character, when it may run past the colons; in the sixth part colons are plain
    characters. A pattern of fewer than six parts in an identity-based policy is completed with `*`
    (`completed`). Policy variables count in the sixth part only; one without a value matches no resource.
    """
    if pattern == "*":
        return lambda request: True
    if completed and 1 < pattern.count(":") + 1 < _ARN_PARTS:
        pattern += ":*" * (_ARN_PARTS - 1 - pattern.count(":"))
    *head, last = pattern.split(":", _ARN_PARTS - 1)
    tokens = tokens_of(last, wildcards=True, variables=variables and len(head) == _ARN_PARTS - 1)
    begins, ends = _beginning(pattern), _end(pattern)
    if not has_variables(tokens) and not _is_wild(pattern):
        literal = ":".join((*head, "".join(token for token in tokens if isinstance(token, str))))
        return lambda request: request.resource == literal
    if has_variables(tokens):
        return lambda request: request.resource.startswith(begins) and _with_variables(_parts(head), tokens, request)
    # Most resources are told apart by their beginning: the rest of the pattern is compiled when it is needed.
    if not any(map(_is_wild, head)):
        # What begins like this has the same parts before its last one, letter by letter.
        cut, compiled_last = len(":".join((*head, ""))), cache(lambda: glob(tokens))
        return lambda request: (
            (resource := request.resource).startswith(begins)
            and resource.endswith(ends)
            and compiled_last()(resource[cut:])
        )
    compiled = cache(lambda: (_parts(head), glob(tokens)))
    return lambda request: (
        request.resource.startswith(begins) and request.resource.endswith(ends) and _arn_matches(*compiled(), request)
    )


def _parts(texts: Iterable[str]) -> tuple[_Part, ...]:
    return tuple(_part(text) for text in texts)


def _with_variables(parts: Sequence[_Part], tokens: Sequence[Token], request: Request) -> bool:
    resolved = resolve(tokens, request)
    if resolved is None or shortest(resolved) > len(request.resource):
        return False
    return _arn_matches(parts, glob(resolved), request)


class _Part:
    """One of the first five parts of an ARN pattern."""

    __slots__ = ("matches", "open_ended")

    def __init__(self, text: str) -> None:
        tokens = tokens_of(text, wildcards=True, variables=False)
        self.matches = glob(tokens)
        self.open_ended = bool(tokens) and tokens[-1] is Wild.STAR


_part = lru_cache(maxsize=1_024)(_Part)


def _arn_matches(parts: Sequence[_Part], matches_last: Test, request: Request) -> bool:
    texts = request.resource_parts
    count = len(parts)
    if len(texts) > count:
        # The common case: part by part, and the pattern's last part against all that is left.
        if all(part.matches(text) for part, text in zip(parts, texts, strict=False)):
            left = texts[count] if len(texts) == count + 1 else ":".join(texts[count:])
            if matches_last(left):
                return True
        if ":" in texts[-1] and any(part.open_ended for part in parts):
            return _runs_past_colons(parts, matches_last, request.resource.split(":"))
    return False


def _runs_past_colons(parts: Sequence[_Part], matches_last: Test, texts: Sequence[str]) -> bool:
    """Follow every place where the next pattern part may begin, part by part."""
    places = {0}
    for part in parts:
        nexts: set[int] = set()
        for place in places:
            if place < len(texts) and part.matches(texts[place]):
                nexts.update(range(place + 1, len(texts)) if part.open_ended else (place + 1,))
        places = nexts
    return any(matches_last(":".join(texts[place:])) for place in places if place < len(texts))


_SPECIAL: Final = re.compile(r"[*?]|\$\{")


def _beginning(pattern: str) -> str:
    """What every resource that matches begins with: most others are told apart by it alone."""
    found = _SPECIAL.search(pattern)
    return pattern[: found.start()] if found else pattern


def _end(pattern: str) -> str:
    """What every resource that matches a pattern without variables ends with."""
    return pattern[max(pattern.rfind(special) for special in "*?}") + 1 :]


def _is_wild(text: str) -> bool:
    return "*" in text or "?" in text
