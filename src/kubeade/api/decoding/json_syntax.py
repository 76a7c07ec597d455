"""What is wrong with a text that should be JSON, in the words of Go's scanner, which clients show to people.

Only texts that a decoder has already refused come here, so this may be slow; it is a state machine over bytes
and does not recurse.
"""

_WHITE = frozenset(b" \t\r\n")
_DIGITS = frozenset(b"0123456789")
_HEX = frozenset(b"0123456789abcdefABCDEF")
_LITERALS = {ord("t"): b"true", ord("f"): b"false", ord("n"): b"null"}
_ESCAPES = {7: "\\a", 8: "\\b", 9: "\\t", 10: "\\n", 11: "\\v", 12: "\\f", 13: "\\r", 39: "\\'", 92: "\\\\"}
_END = "unexpected end of JSON input"
_VALUE = "looking for beginning of value"
_KEY = "looking for beginning of object key string"


class _Wrong(Exception):
    """Carries the message."""


def syntax_error(text: bytes) -> str:
    """The first error's message; "" where there is none."""
    try:
        _Scanner(text).run()
    except _Wrong as wrong:
        return str(wrong)
    return ""


class _Scanner:
    """`expected` says what comes next: value, first item, first key, key, colon, or what follows a value."""

    def __init__(self, text: bytes) -> None:
        self._text = text
        self._at = 0
        self._open: list[int] = []
        self._expected = "value"

    def run(self) -> None:
        while True:
            while self._at < len(self._text) and self._text[self._at] in _WHITE:
                self._at += 1
            if self._at == len(self._text):
                if self._expected == "more" and not self._open:
                    return
                raise _Wrong(_END)
            self._step(self._text[self._at])

    def _step(self, char: int) -> None:
        if self._expected == "more":
            self._after_value(char)
        elif self._expected == "colon":
            self._require(char == ord(":"), "after object key")
            self._take("value")
        elif self._expected in {"key", "first key"}:
            if char == ord("}") and self._expected == "first key":
                self._close()
                return
            self._require(char == ord('"'), _KEY)
            self._string()
            self._expected = "colon"
        elif char == ord("]") and self._expected == "first item":
            self._close()
        else:
            self._value(char)

    def _after_value(self, char: int) -> None:
        if not self._open:
            self._require(False, "after top-level value")
        in_object = self._open[-1] == ord("{")
        if char == ord(","):
            self._take("key" if in_object else "value")
            return
        where = "after object key:value pair" if in_object else "after array element"
        self._require(char == ord("}" if in_object else "]"), where)
        self._close()

    def _value(self, char: int) -> None:
        if char in b"{[":
            self._open.append(char)
            self._take("first key" if char == ord("{") else "first item")
            return
        if char == ord('"'):
            self._string()
        elif char in _LITERALS:
            self._literal(_LITERALS[char])
        else:
            self._require(char in _DIGITS or char == ord("-"), _VALUE)
            self._number()
        self._expected = "more"

    def _string(self) -> None:
        self._at += 1
        while self._at < len(self._text):
            char = self._text[self._at]
            if char == ord('"'):
                self._at += 1
                return
            self._require(char >= 0x20, "in string literal")
            self._at += 1
            if char == ord("\\"):
                self._escape()
        raise _Wrong(_END)

    def _escape(self) -> None:
        code = self._char()
        self._require(code in b'bfnrt\\/"u', "in string escape code")
        self._at += 1
        for _ in range(4 if code == ord("u") else 0):
            self._require(self._char() in _HEX, "in \\u hexadecimal character escape")
            self._at += 1

    def _literal(self, word: bytes) -> None:
        for expected in word:
            self._require(
                self._char() == expected, f"in literal {word.decode()} (expecting '{chr(expected)}')"
            )
            self._at += 1

    def _number(self) -> None:
        if self._char() == ord("-"):
            self._at += 1
            self._require(self._char() in _DIGITS, "in numeric literal")
        if self._char() == ord("0"):
            self._at += 1
        else:
            self._digits("in numeric literal")
        if self._char() == ord("."):
            self._at += 1
            self._digits("after decimal point in numeric literal")
        if self._char() in b"eE":
            self._at += 1
            if self._char() in b"+-":
                self._at += 1
            self._digits("in exponent of numeric literal")

    def _digits(self, where: str) -> None:
        self._require(self._char() in _DIGITS, where)
        while self._char() in _DIGITS:
            self._at += 1

    def _char(self) -> int:
        """The next byte; a blank stands for the end."""
        return self._text[self._at] if self._at < len(self._text) else 0x20

    def _take(self, expected: str) -> None:
        self._at += 1
        self._expected = expected

    def _close(self) -> None:
        self._open.pop()
        self._take("more")

    def _require(self, fits: bool, where: str) -> None:
        if not fits:
            raise _Wrong(f"invalid character '{_shown(self._char())}' {where}")


def _shown(char: int) -> str:
    if char in _ESCAPES:
        return _ESCAPES[char]
    text = chr(char)
    return text if text.isprintable() else f"\\x{char:02x}" if char < 0x80 else f"\\u{char:04x}"
