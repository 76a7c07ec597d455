"""ClusterTrustBundleAttest: who publishes what a signer's certificates are trusted by, needs `attest` for
that signer."""

from kubeade.api.parts import text
from kubeade.api.resource import Object
from kubeade.apiserver.admission.certificates import GROUP
from kubeade.apiserver.admission.plugin import CREATE, UPDATE, Plugin, new_object, refused
from kubeade.apiserver.seams import AdmissionAttributes, Attributes, Authorizer

_HOUSEKEEPING = ("ownerReferences", "finalizers", "managedFields", "resourceVersion")


class ClusterTrustBundleAttest(Plugin):
    resources = ((GROUP, "clustertrustbundles"),)
    operations = frozenset({CREATE, UPDATE})

    def __init__(self, authorizer: Authorizer) -> None:
        self._authorizer = authorizer

    async def validate(self, attributes: AdmissionAttributes) -> None:
        bundle, old = new_object(attributes), attributes.old_object
        signer = text(bundle, "spec", "signerName")
        if not signer or (old is not None and _essence(bundle) == _essence(old)):
            return
        for name in (signer, f"{signer.partition('/')[0]}/*"):
            question = Attributes(attributes.user, "attest", GROUP, "*", "signers", name=name)
            if (await self._authorizer.authorize(question)).allowed:
                return
        raise refused(attributes, f'user not permitted to attest for signerName "{signer}"')


def _essence(bundle: Object) -> Object:
    """Without what garbage collection and storage may change at any time."""
    metadata = {key: value for key, value in bundle["metadata"].items() if key not in _HOUSEKEEPING}
    return {**bundle, "metadata": metadata}
