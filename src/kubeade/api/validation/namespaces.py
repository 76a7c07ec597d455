"""Rules of Namespaces (upstream: ValidateNamespace)."""

from kubeade.api.parts import part, text, values
from kubeade.api.resource import Object
from kubeade.api.validation.fields import Errors, invalid, messages
from kubeade.api.validation.names import qualified_name

_STANDARD = ("kubernetes", "orphan", "foregroundDeletion")


def namespace(found: Object) -> Errors:
    for finalizer in values(found, "spec", "finalizers"):
        yield from _finalizer(str(finalizer), "spec.finalizers")


def _finalizer(name: str, path: str) -> Errors:
    yield from messages(path, name, qualified_name(name))
    if "/" not in name and name not in _STANDARD:
        detail = "name is neither a standard finalizer name nor is it fully qualified"
        yield invalid(path, name, detail)


def namespace_status(new: Object, _old: Object) -> Errors:
    """The phase says whether the namespace is being deleted."""
    phase = text(new, "status", "phase")
    deleted = part(new, "metadata").get("deletionTimestamp") is not None
    if not deleted and phase != "Active":
        detail = "may only be 'Active' if `deletionTimestamp` is empty"
        yield invalid("status.Phase", phase, detail)
    elif deleted and phase != "Terminating":
        detail = "may only be 'Terminating' if `deletionTimestamp` is not empty"
        yield invalid("status.Phase", phase, detail)


def namespace_finalize(new: Object, _old: Object) -> Errors:
    for index, finalizer in enumerate(values(new, "spec", "finalizers")):
        yield from _finalizer(str(finalizer), f"spec.finalizers[{index}]")
