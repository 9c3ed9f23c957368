"""Small random changes to texts: same for IAM, or just about different."""

from __future__ import annotations

from random import Random


def chance(rng: Random, probability: float) -> bool:
    return rng.random() < probability


def respelled(rng: Random, text: str) -> str:
    """The text in other letter case, now and then."""
    return rng.choice((text, text, text, text.lower(), text.upper(), text.swapcase()))


def wildcarded(rng: Random, text: str) -> str:
    """A pattern with `*` or `?` that matches the text."""
    start = rng.randrange(len(text) + 1)
    end = min(len(text), start + rng.choice((0, 1, 3, 8, len(text))))
    if chance(rng, 0.3) and start < len(text):
        return f"{text[:start]}?{text[start + 1 :]}"
    if chance(rng, 0.5):
        return f"{text[:start]}*"
    return f"{text[:start]}*{text[end:]}"


def near_miss(rng: Random, text: str) -> str:
    """A text that is almost the same: other case, one character more, less or else, or a wildcard too short."""
    if not text:
        return "x"
    at = rng.randrange(len(text))
    return rng.choice(
        (
            f"{text[:at]}x{text[at + 1 :]}",
            f"{text[:at]}{text[at + 1 :]}",
            f"{text[: at + 1]}x{text[at + 1 :]}",
            text.swapcase(),
            f"{text}2",
            f"{text}?",
            text[:-1],
            f"x{text}",
        )
    )
