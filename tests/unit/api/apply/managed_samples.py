"""Small objects, moments, and a look into managedFields, for the tests of server-side apply."""

T0, T1, T2 = (f"2026-01-01T00:00:0{second}Z" for second in range(3))


def config_map(**data):
    metadata = {"name": "menu", "namespace": "default"}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def owned(obj, manager, operation=None):
    """The fieldsV1 of a manager's entry; None where it has none."""
    entries = obj["metadata"].get("managedFields", [])
    found = [e for e in entries if e["manager"] == manager and operation in (None, e["operation"])]
    assert len(found) < 2
    return found[0]["fieldsV1"] if found else None
