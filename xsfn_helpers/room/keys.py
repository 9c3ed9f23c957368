"""The room's secrets: the code that everybody types, and the tokens that their computers keep."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from typing import Final

# Without those that look alike on a projector: 0 O, 1 I L.
_LETTERS: Final = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
_HALF: Final = 4
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{43}")


def new_code() -> str:
    """Something to write on the board, such as `K7QM-X2PD`."""
    half = ["".join(secrets.choice(_LETTERS) for _ in range(_HALF)) for _ in range(2)]
    return "-".join(half)


def same_code(typed: str, code: str) -> bool:
    """Whether the code was meant, however it was typed."""
    return hmac.compare_digest(plain_code(typed).encode(), plain_code(code).encode())


def plain_code(typed: str) -> str:
    """A code without what one may type or leave out."""
    return "".join(one for one in typed.upper() if one.isalnum())


def new_token() -> str:
    return secrets.token_urlsafe(32)


def has_form(token: str) -> bool:
    """Whether this is as long, and of such letters, as `new_token` makes one."""
    return _TOKEN.fullmatch(token) is not None


def kept(token: str) -> str:
    """What is stored of a token: enough to know it again, too little to use it."""
    return hashlib.sha256(token.encode()).hexdigest()


def is_token(token: str, stored: str) -> bool:
    return hmac.compare_digest(kept(token).encode(), stored.encode())
