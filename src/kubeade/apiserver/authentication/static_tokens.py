"""Users by static token: a CSV file of `token,user,uid,"group1,group2"`, read once (upstream: tokenfile)."""

import csv
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from kubeade.apiserver.authentication.users import authenticated
from kubeade.apiserver.config_file import ConfigError
from kubeade.apiserver.seams import User


class StaticTokens:
    """A `bearer.TokenAuthenticator`. Raises ConfigError, OSError.

    Tokens are looked up by their hash, so that how long it takes tells nothing of them.
    """

    def __init__(self, path: str) -> None:
        self._users: dict[bytes, User] = {}
        with Path(path).open(newline="", encoding="utf-8") as file:
            for number, row in enumerate(csv.reader(file, skipinitialspace=True), start=1):
                self._add(row, f"{path}: line {number}")

    def _add(self, row: list[str], place: str) -> None:
        if not row or row[0].startswith("#"):
            return
        if len(row) < 3:
            raise ConfigError(f"{place}: token, user name and uid are required")
        token, name, uid, *more = row
        if not token:
            raise ConfigError(f"{place}: the token is empty")
        key = _hashed(token)
        if key in self._users:
            raise ConfigError(f"{place}: the token stands in an earlier line, too")
        groups = tuple(group.strip() for group in more[0].split(",") if group.strip()) if more else ()
        self._users[key] = authenticated(User(name, uid, groups))

    async def authenticate(self, token: str, audiences: Sequence[str]) -> tuple[User, tuple[str, ...]] | None:
        user = self._users.get(_hashed(token))
        return None if user is None else (user, ())

    async def close(self) -> None:
        """Nothing is open."""


def _hashed(token: str) -> bytes:
    return sha256(token.encode("utf-8", "surrogateescape")).digest()
