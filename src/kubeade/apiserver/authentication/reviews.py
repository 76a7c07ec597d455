"""TokenReview and SelfSubjectReview: whose token is this, and who am I."""

from dataclasses import dataclass

from kubeade.api.errors import BadRequest
from kubeade.api.resource import Object
from kubeade.apiserver.authentication.bearer import BearerAuthenticator
from kubeade.apiserver.authentication.jws import InvalidToken
from kubeade.apiserver.authentication.users import user_info
from kubeade.apiserver.seams import Question
from kubeade.lib.clock import Clock
from kubeade.lib.timestamps import format_time


@dataclass(frozen=True, slots=True)
class TokenReviews:
    bearer: BearerAuthenticator

    async def answer(self, question: Question) -> Object:
        """A `Responder`: a token that does not count is an answer too, with the reason in `status.error`."""
        spec = question.body.get("spec") or {}
        if not spec.get("token"):
            raise BadRequest("token is required for TokenReview in authentication")
        try:
            user, audiences = await self.bearer.authenticate(spec["token"], spec.get("audiences") or ())
        except InvalidToken as error:
            shown = f"[invalid bearer token, {error}]" if str(error) != "invalid bearer token" else str(error)
            return {**question.body, "status": {"user": {}, "error": shown}}
        status: Object = {"authenticated": True, "user": user_info(user)}
        if audiences:
            status["audiences"] = list(audiences)
        return {**question.body, "status": status}


@dataclass(frozen=True, slots=True)
class SelfSubjectReviews:
    clock: Clock

    async def answer(self, question: Question) -> Object:
        """A `Responder`."""
        metadata = {"creationTimestamp": format_time(self.clock.now())}
        status = {"userInfo": user_info(question.user)}
        return {**question.body, "metadata": metadata, "status": status}
