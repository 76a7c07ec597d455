"""What others need to verify our tokens: the OpenID Connect discovery document and the public keys."""

from dataclasses import dataclass

import msgspec

from kubeade.api.errors import NotFound
from kubeade.apiserver.authentication.jws import ServiceAccountKeys
from kubeade.lib.http.message import Request, Response

CONFIGURATION_PATH = "/.well-known/openid-configuration"
KEYS_PATH = "/openid/v1/jwks"


@dataclass(frozen=True, slots=True)
class Document:
    """A ready answer to a GET."""

    content_type: str
    body: bytes
    cache_control: str = "public, max-age=3600"


@dataclass(frozen=True, slots=True)
class OpenIdDocuments:
    """Made on demand, because the keys are read with the first token only."""

    keys: ServiceAccountKeys
    issuer: str
    keys_url: str

    def answer(self, request: Request) -> Response:
        """An endpoint of the server, for both paths. Raises NotFound for any other."""
        document = self.read(request.path)
        if document is None:
            raise NotFound("the server could not find the requested resource")
        headers = [("content-type", document.content_type), ("cache-control", document.cache_control)]
        return Response(200, headers, document.body)

    def read(self, path: str) -> Document | None:
        """The document at this path; None where there is none."""
        match path.removesuffix("/"):
            case "/.well-known/openid-configuration":
                return Document("application/json", self._configuration())
            case "/openid/v1/jwks":
                keys = [key.jwk() for key in self.keys.verifying]
                return Document("application/jwk-set+json", msgspec.json.encode({"keys": keys}))
        return None

    def _configuration(self) -> bytes:
        return msgspec.json.encode(
            {
                "issuer": self.issuer,
                "jwks_uri": self.keys_url,
                "response_types_supported": ["id_token"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": sorted({k.algorithm for k in self.keys.verifying}),
            }
        )
