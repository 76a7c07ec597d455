"""ServiceAccounts: of the Secrets that they may use only the names are kept."""

from kubeade.api.parts import parts, text
from kubeade.api.resource import Object


def keep_secret_names(account: Object) -> None:
    """All other fields of a reference say nothing here."""
    if account.get("secrets"):
        names = [text(reference, "name") for reference in parts(account, "secrets")]
        account["secrets"] = [{"name": name} if name else {} for name in names]
