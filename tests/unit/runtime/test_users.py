"""Users by id and by name, from the image's own files."""

import pytest

from kubeade.runtime.launcher.users import resolve

FILES = {
    "/etc/passwd": "root:x:0:0::/root:/bin/sh\napp:x:12:34::/srv:/bin/sh\nbroken\n#comment:x:1:1:::\n",
    "/etc/group": "root:x:0:\nstaff:x:50:app,bob\nlemon:x:60:app\nbad:x:y:app\n",
}


def who(user: str = "", group: str = "", groups: tuple[int, ...] = (), policy: str = "Merge", files=FILES):
    wanted = {"user": user, "group": group, "groups": list(groups), "policy": policy}
    found = resolve(wanted, lambda path: files.get(path, ""))
    return found.uid, found.gid, found.groups, found.home


def test_nobody_in_particular_is_root():
    assert who() == (0, 0, [0], "/root")


def test_name_brings_its_groups():
    assert who("app") == (12, 34, [34, 50, 60], "/srv")


def test_id_that_has_a_name_brings_its_groups():
    assert who("12", groups=(7,)) == (12, 34, [7, 34, 50, 60], "/srv")


def test_strict_policy_takes_only_the_pods_groups():
    assert who("app", groups=(7,), policy="Strict") == (12, 34, [7, 34], "/srv")


def test_id_without_a_name_has_group_root():
    assert who("999") == (999, 0, [0], "/")


def test_group_by_name_and_by_id():
    assert who("app", "lemon")[1] == 60
    assert who("app", "77")[1] == 77


def test_without_files_ids_still_work():
    assert who("5", "6", files={}) == (5, 6, [6], "/")


@pytest.mark.parametrize(("user", "group"), [("ghost", ""), ("app", "ghosts"), ("4294967295", "")])
def test_unknown_names_and_impossible_ids_are_refused(user, group):
    with pytest.raises(ValueError, match=r"unable to find|must be below"):
        who(user, group)
