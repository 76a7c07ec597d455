"""etcd's Cluster and Auth services: one member for good, and no authentication but TLS's."""

from kubeade.lib.protobuf.message import Message
from kubeade.store.etcd import messages as m
from kubeade.store.etcd.refusals import AUTH_NOT_ENABLED, Code, Refusal
from kubeade.store.face.service import MEMBER_ID, Desk, Service

MEMBER_NAME = "kubeade"

_AUTH_METHODS = (
    "AuthEnable",
    "UserAdd",
    "UserGet",
    "UserList",
    "UserDelete",
    "UserChangePassword",
    "UserGrantRole",
    "UserRevokeRole",
    "RoleAdd",
    "RoleGet",
    "RoleList",
    "RoleDelete",
    "RoleGrantPermission",
    "RoleRevokePermission",
)


class Membership:
    """Who belongs to this cluster: this member."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    @property
    def service(self) -> Service:
        service = Service("etcdserverpb.Cluster")
        service.unary("MemberList", m.Empty, self.list)
        for name in ("MemberAdd", "MemberRemove", "MemberUpdate", "MemberPromote"):
            service.unary(name, m.Empty, self.refuse)
        return service

    async def list(self, request: m.Empty) -> m.MemberListResponse:
        member = m.Member(MEMBER_ID, MEMBER_NAME, clientURLs=[self._desk.client_url])
        return m.MemberListResponse(self._desk.header(), [member])

    async def refuse(self, request: m.Empty) -> Message:
        message = "kubeade: the ledger has one member; for several, run kubeade on a real etcd (--store etcd)"
        raise Refusal(Code.UNIMPLEMENTED, message)


class Authentication:
    """Who has a client certificate of the ledger's authority may do everything."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    @property
    def service(self) -> Service:
        service = Service("etcdserverpb.Auth")
        service.unary("AuthStatus", m.Empty, self.status)
        service.unary("AuthDisable", m.Empty, self.disable)
        service.unary("Authenticate", m.Empty, self.authenticate)
        for name in _AUTH_METHODS:
            service.unary(name, m.Empty, self.refuse)
        return service

    async def status(self, request: m.Empty) -> m.AuthStatusResponse:
        return m.AuthStatusResponse(self._desk.header())

    async def disable(self, request: m.Empty) -> m.HeaderResponse:
        return m.HeaderResponse(self._desk.header())

    async def authenticate(self, request: m.Empty) -> Message:
        raise AUTH_NOT_ENABLED.anew()

    async def refuse(self, request: m.Empty) -> Message:
        message = "kubeade: users and roles of etcd's own are not supported: TLS client certificates are"
        raise Refusal(Code.UNIMPLEMENTED, message)
