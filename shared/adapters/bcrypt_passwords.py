"""Password hashes with bcrypt."""

from __future__ import annotations

import re
from typing import Final

import bcrypt

from shared.domain.admins import PASSWORD_BYTES_MAX

COST: Final = 12
_NOBODYS_SALT_AND_DIGEST: Final = "." * 53
"""Well-formed, so that bcrypt does all of its work; its answer is thrown away."""


class BcryptPasswords:
    """ports.admin.Passwords; a lower cost is for tests alone."""

    def __init__(self, *, cost: int = COST) -> None:
        self._cost = cost

    def hash(self, password: str) -> str:
        return bcrypt.hashpw(password.encode(), bcrypt.gensalt(self._cost)).decode()

    def is_right(self, password: str, *, password_hash: str) -> bool:
        given = password.encode()
        # Judged all the same, so that an impossible password takes no less time.
        is_possible = len(given) <= PASSWORD_BYTES_MAX and b"\0" not in given
        try:
            is_equal = bcrypt.checkpw(given if is_possible else b"impossible", password_hash.encode())
        except ValueError:  # what is stored is no bcrypt hash: nobody gets in by it
            return False
        return is_equal and is_possible

    def work_for_nothing(self, password: str) -> None:
        self.is_right(password, password_hash=f"$2b${self._cost:02}${_NOBODYS_SALT_AND_DIGEST}")


def cost_of(password_hash: str) -> int:
    """The cost a bcrypt hash was made with; COST for anything else. Unknown accounts then cost the same."""
    found = re.match(r"\$2[aby]\$([0-9]{2})\$", password_hash)
    return int(found[1]) if found else COST
