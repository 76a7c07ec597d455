"""Variables from files: their syntax, and that a file cannot lead the node astray."""

import os

import pytest
from observations import pod, spec_container

from kubeade.kubelet.env_file import SIZE_LIMIT_BYTES, BadEnvFile, parse_env_file, read_env_file
from kubeade.kubelet.environment import ConfigError, EnvironmentInputs, environment

TEXT = """
# what is on the menu
DRINK='lemonade'
  SOUR='yes'   # very
LINES='one
two'
EMPTY=
SPACE= 'lost'
DRINK='water'
QUOTED='a "b" $c \\n'
"""


def test_values_are_what_stands_between_quotes():
    assert parse_env_file(TEXT.replace("EMPTY=\n", "")) == {
        "DRINK": "lemonade",
        "SOUR": "yes",
        "LINES": "one\ntwo",
        "SPACE": "",
        "QUOTED": 'a "b" $c \\n',
    }
    assert parse_env_file("") == {}


@pytest.mark.parametrize(
    "line", ["A=b", "A", "='b'", "A ='b'", "A='b", "A='b'c", 'A="b"', "A="], ids=lambda line: line
)
def test_anything_else_is_refused_with_its_line(line):
    with pytest.raises(BadEnvFile, match="at line 2"):
        parse_env_file(f"X='y'\n{line}\n")


def test_file_is_read_inside_its_volume_only(tmp_path):
    volume = tmp_path / "volume"
    (volume / "deep").mkdir(parents=True)
    (volume / "deep" / "env").write_text("A='b'")
    (tmp_path / "secret").write_text("A='stolen'")
    assert read_env_file(volume, "deep/env") == "A='b'"
    assert read_env_file(volume, "deep/none") is None
    for name, target in (("link", tmp_path / "secret"), ("way", tmp_path)):
        (volume / name).symlink_to(target)
    for path in ("link", "way/secret"):
        with pytest.raises(OSError):
            read_env_file(volume, path)


def test_what_is_no_file_or_too_large_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert read_env_file(tmp_path, "pipe") == ""
    (tmp_path / "large").write_bytes(b"#" * (SIZE_LIMIT_BYTES + 1))
    with pytest.raises(BadEnvFile, match="larger"):
        read_env_file(tmp_path, "large")


def of_file(text, **reference):
    wanted = {"volumeName": "v", "path": "env", "key": "DRINK", **reference}
    container = spec_container(env=[{"name": "CHOICE", "valueFrom": {"fileKeyRef": wanted}}])
    inputs = EnvironmentInputs(pod(container), container, lambda *_: None, read_file=lambda *_: text)
    return environment(inputs)


def test_container_gets_the_variable():
    assert of_file("DRINK='lemonade'") == {"CHOICE": "lemonade"}


def test_missing_file_or_key_is_named_unless_optional():
    for text in (None, "OTHER='x'"):
        assert of_file(text, optional=True) == {}
        with pytest.raises(ConfigError, match='key "DRINK" not found in file "env"'):
            of_file(text)


def test_file_that_cannot_be_parsed_is_an_error_of_the_container():
    with pytest.raises(ConfigError, match="couldn't parse env file"):
        of_file("DRINK", optional=True)
