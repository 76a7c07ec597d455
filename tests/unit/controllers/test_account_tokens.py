"""Secrets that ask for the token of a service account."""

import base64

from controller_lab import ControllerLab

from kubeade.api.parts import part
from kubeade.api.resource import Object
from kubeade.api.resources import SECRETS, SERVICE_ACCOUNTS


async def token_secret(lab: ControllerLab, account: str) -> Object:
    annotations = {"kubernetes.io/service-account.name": account}
    body = {
        "metadata": {"name": "token", "annotations": annotations},
        "type": "kubernetes.io/service-account-token",
    }
    return await lab.client.create(SECRETS, body, "default")


async def filled(lab: ControllerLab) -> Object:
    async def found() -> Object | None:
        secret = await lab.get(SECRETS, "token")
        return secret if part(secret, "data").get("token") else None

    answer: Object = await lab.until(found)
    return answer


async def test_the_secret_gets_token_authority_and_namespace(lab: ControllerLab) -> None:
    account = await lab.client.create(SERVICE_ACCOUNTS, {"metadata": {"name": "robot"}}, "default")
    await token_secret(lab, "robot")
    secret = await filled(lab)
    data = {key: base64.b64decode(value).decode() for key, value in secret["data"].items()}
    assert (data["ca.crt"], data["namespace"]) == ("PEM", "default")
    assert data["token"].count(".") == 2
    annotations = secret["metadata"]["annotations"]
    assert annotations["kubernetes.io/service-account.uid"] == account["metadata"]["uid"]


async def test_the_secret_goes_with_its_account(lab: ControllerLab) -> None:
    await lab.client.create(SERVICE_ACCOUNTS, {"metadata": {"name": "robot"}}, "default")
    await token_secret(lab, "robot")
    await filled(lab)
    await lab.client.delete(SERVICE_ACCOUNTS, "robot", "default")
    await lab.gone(SECRETS, "token")
