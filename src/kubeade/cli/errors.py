"""What a command says when it cannot: one line for the user, and the exit code."""


class CommandError(Exception):
    """The request failed (1), or was not usable (`exit_code=2`). The message says what to do about it."""

    def __init__(self, message: str, *, exit_code: int = 1) -> None:
        super().__init__(message)
        self.exit_code = exit_code
