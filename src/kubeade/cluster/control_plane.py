"""Headquarters, wired: ledger, storage, who may come in, what is admitted, the API server, and its
sockets."""

import asyncio
import logging
import ssl
from dataclasses import replace
from typing import TYPE_CHECKING

from kubeade.api.errors import ApiError
from kubeade.api.validation import ValidationOptions
from kubeade.apiserver.admission.build import build_admission
from kubeade.apiserver.aggregation import Aggregator
from kubeade.apiserver.authentication.authenticator import Authentication, build_authenticator
from kubeade.apiserver.authentication.openid import CONFIGURATION_PATH, KEYS_PATH
from kubeade.apiserver.authorization.authorizer import build_authorizer
from kubeade.apiserver.bootstrap.ensure import bootstrap
from kubeade.apiserver.bootstrap.objects import ClusterConfig, leading_to
from kubeade.apiserver.bootstrap.servers import ApiServers
from kubeade.apiserver.proxying.addresses import AllowedAddresses
from kubeade.apiserver.proxying.locations import Locations
from kubeade.apiserver.server import ApiServer, ApiServerConfig
from kubeade.apiserver.shared_notes import SharedNotes
from kubeade.apiserver.storage import Storage
from kubeade.apiserver.subresources.nodes import Nodes
from kubeade.apiserver.subresources.proxy import add_proxies
from kubeade.apiserver.subresources.streams import add_streams
from kubeade.apiserver.upkeep import keep_current
from kubeade.client.kubeconfig import Credentials, render
from kubeade.cluster.access import Access, AuditFiles
from kubeade.cluster.identities import ADMIN, API_SERVER, MASTERS, client_of
from kubeade.cluster.layout import DataDirectory
from kubeade.cluster.pki import Subject, write_private
from kubeade.cluster.reloading import Close, ReloadedFiles
from kubeade.cluster.rights import find_rights
from kubeade.cluster.roles import KUBELET_CLIENT_USER, component_roles
from kubeade.cluster.settings import CLUSTER_DOMAIN, Settings
from kubeade.cluster.trust import Trust
from kubeade.cluster.users import ConfiguredUsers, further_users
from kubeade.cluster.writer import ClientWriter
from kubeade.lib.clock import Clock
from kubeade.lib.http.client_certificates import ask_for_certificates
from kubeade.lib.http.server import HttpServer
from kubeade.lib.ids import Ids
from kubeade.store.ledger import Ledger, LedgerUnusable

if TYPE_CHECKING:
    from kubeade.apiserver.audit.trail import Auditor
    from kubeade.apiserver.encryption.keeping import EncryptionKeeper

log = logging.getLogger(__name__)

LOOPBACK = "127.0.0.1"
RETRY_SECONDS = 5.0


class ControlPlane:
    """The API server of one cluster. `handle` is for clients in this process."""

    def __init__(
        self,
        data: DataDirectory,
        settings: Settings,
        trust: Trust,
        ledger: Ledger,
        clock: Clock,
        ids: Ids,
        access: Access,
    ) -> None:
        self._data = data
        self._settings = settings
        self._trust = trust
        self._clock = clock
        self._access = access
        self._encryption = keeper = _keeper(ledger, access, clock, ids)
        storage = Storage.on(keeper.ledger, keeper.ledger.is_stale) if keeper else Storage.on(ledger)
        self._auditor = _auditor(access.audit, settings.kubernetes_version, clock, ids)
        self._rights = find_rights(access.rights, clock)
        self._authorization = authorization = build_authorizer(storage, self._rights.members)
        self._users = ConfiguredUsers(access.users, trust.tokens().issuers, clock)
        self._request_headers = trust.request_headers()
        authentication = self._authentication(storage, ids, shared=ledger.shared)
        self._legacy_tokens = authentication.legacy_tokens
        self._authenticator = authentication.authenticator
        self._authorities_changed = asyncio.Event()
        trust.renewal.hold("who signs clients", self._renew_authorities)
        notes = SharedNotes(storage) if ledger.shared else None
        admission = build_admission(storage, authorization, ids, clock, settings.service_cidr, notes)
        self._quotas = admission.quotas
        self._webhooks = admission.webhooks
        self._storage = storage
        self._servers: ApiServers | None = None
        self._aggregator = Aggregator(storage, trust.front_proxy(data), clock)
        self.server = ApiServer(
            ApiServerConfig(
                settings.kubernetes_version,
                validation=ValidationOptions(allow_loopback_endpoints=settings.network != "bridge"),
                responders={**authentication.responders, **authorization.responders},
                aggregator=self._aggregator,
                limits=access.limits,
                auditor=self._auditor,
            ),
            storage,
            clock,
            ids,
            authentication.authenticator,
            authorization.authorizer,
            admission.chain,
        )
        self._furnish(authentication)
        self.handle = self.server.handle
        self._writer = ClientWriter(client_of(self.handle, API_SERVER))
        self._http: HttpServer | None = None
        self._files = self._reloaded_files()

    def _authentication(self, storage: Storage, ids: Ids, *, shared: bool) -> Authentication:
        tokens = self._trust.tokens()
        audiences = tuple(tokens.audiences or tokens.issuers)
        further = further_users(self._access.users, self._users, audiences, self._clock)
        self._further = replace(further, refresh=storage.refresh if shared else None)
        return build_authenticator(storage, tokens, self._clock, ids, self._request_headers, self._further)

    def _furnish(self, authentication: Authentication) -> None:
        """What the server answers beside objects: health, streams to nodes, proxies, its tokens' keys."""
        if self._encryption is not None:
            from kubeade.apiserver.encryption.keeping import HEALTH_CHECK

            self.server.health.add_live(HEALTH_CHECK, self._encryption.unhealthy)
        nodes = Nodes(self._storage, self._kubelet_tls)
        add_streams(self.server.subresources, nodes)
        own = self._settings.pod_cidr if self._settings.network == "loopback" else ""
        add_proxies(self.server.subresources, Locations(self._storage, AllowedAddresses(own), nodes))
        for path in (CONFIGURATION_PATH, KEYS_PATH):
            self.server.endpoints.add(path.strip("/"), authentication.documents.answer)

    def _reloaded_files(self) -> ReloadedFiles:
        files, access = ReloadedFiles(), self._access
        if access.users.configuration:
            files.add(access.users.configuration, self._users.reload)
        if access.rights.configuration:
            files.add(access.rights.configuration, self._reload_rights)
        return files

    async def _reload_rights(self) -> Close:
        """Raises ConfigError, OSError."""
        old, self._rights = self._rights, find_rights(self._access.rights, self._clock)
        self._authorization.ask(self._rights.members)
        return old.close

    def _kubelet_tls(self, verified: bool) -> ssl.SSLContext:
        """For asking nodes; unverified only where a request for a log says so."""
        return self._trust.kubelet_context(self._data, Subject(KUBELET_CLIENT_USER), verified=verified)

    def _renew_authorities(self) -> bool:
        """Whether files say now that others sign users or front proxies. Raises OSError, ValueError."""
        found = self._trust.request_headers()
        if found == self._request_headers:
            return False
        self._authenticator.trust(found)
        self._request_headers = found
        self._authorities_changed.set()
        return True

    async def start(self, addresses: list[str], bind: str = "") -> None:
        """Answer on loopback and on `addresses`, or on `bind` alone, of which `addresses` are what others
        see; then make what every cluster has. Raises OSError."""
        if self._encryption is not None:
            await self._encryption.start()
        await self.server.start()
        check_readable(self._storage)
        names = self._names(addresses)
        context = self._trust.api_context(self._data, Subject("kube-apiserver", names=names))
        context.load_verify_locations(cadata=self._request_headers.authority_pem.decode())
        ask_for_certificates(context)
        server = self.server
        self._http = HttpServer(
            self.handle, context, error_page=server.error_page, clock=self._clock, streams=server.streams
        )
        for address in [bind] if bind else dict.fromkeys([LOOPBACK, *addresses]):
            await self._http.start(address, self._settings.api_port)
        if self._trust.admits_own_clients:
            admin = LOOPBACK if bind in ("", "0.0.0.0", "::") else bind  # noqa: S104 - compared, not listened on
            self._write_kubeconfig(admin)
            self._trust.renewal.hold("admin's kubeconfig", lambda: self._write_kubeconfig(admin))
        self._config = ClusterConfig(
            addresses[0] if addresses else LOOPBACK,
            self._settings.api_port,
            self._settings.service_cidr,
            self._trust.client_authority_pem.decode(),
            self._request_headers.published(),
            component_roles(),
            self.server.catalogue.any_version("networking.k8s.io", "servicecidrs") is not None,
        )
        if self._storage.ledger.shared:
            self._servers = ApiServers(self._storage.ledger, (self._config.address, self._config.port))
            await self._servers.enter()
            self._config = leading_to(self._config, await self._servers.all())
        await bootstrap(self._storage, self._writer, self._config, self._clock)

    @property
    def objects(self) -> float:
        """How many there are."""
        return sum(self._storage.cache.counts().values())

    async def keep(self) -> None:
        """Put back what no cluster can be without, until cancelled."""
        async with asyncio.TaskGroup() as group:
            keeping = keep_current(self._storage, self._writer, self._config, self._quotas, self._servers)
            group.create_task(keeping)
            group.create_task(self._aggregator.run(self._writer, self.server.catalogue))
            group.create_task(self._legacy_tokens.run(self._writer))
            group.create_task(self._files.run())
            group.create_task(self._trust.renewal.run())
            group.create_task(self._publish_authorities())
            if self._encryption is not None:
                group.create_task(self._encryption.run())

    async def _publish_authorities(self) -> None:
        """Tell extension API servers of them, too."""
        while True:
            await self._authorities_changed.wait()
            self._authorities_changed.clear()
            headers = self._request_headers
            client_ca_pem = headers.user_authority_pem.decode()
            self._config = replace(
                self._config, client_ca_pem=client_ca_pem, request_headers=headers.published()
            )
            try:
                await bootstrap(self._storage, self._writer, self._config, self._clock)
            except ApiError as error:
                log.warning("extension API servers do not know who signs clients yet: %s", error.message)
                await asyncio.sleep(RETRY_SECONDS)
                self._authorities_changed.set()

    async def stop(self) -> None:
        """End watches, answer what is under way, close the sockets."""
        if self._servers is not None:
            await self._servers.leave()
        await self.server.stop()
        if self._http is not None:
            await self._http.stop()
        await self._webhooks.close()
        for tokens in self._further.tokens:
            await tokens.close()
        await self._rights.close()
        if self._auditor is not None:
            await self._auditor.close()
        if self._encryption is not None:
            await self._encryption.close()

    def _names(self, addresses: list[str]) -> tuple[str, ...]:
        service = ["kubernetes", "kubernetes.default", "kubernetes.default.svc"]
        service.append(f"kubernetes.default.svc.{CLUSTER_DOMAIN}")
        own = ["localhost", LOOPBACK, self._settings.node_name, self._settings.api_service_address]
        return tuple(dict.fromkeys([*service, *own, *addresses]))

    def _write_kubeconfig(self, address: str) -> bool:
        """Whether it had to be."""
        pair = self._trust.authority.issue("admin", Subject(ADMIN.name, (MASTERS,)))
        credentials = Credentials(
            f"https://{address}:{self._settings.api_port}",
            self._trust.authority.certificate_pem,
            pair.certificate_pem,
            pair.key_pem,
        )
        text = render("kubeade", credentials)
        if self._data.kubeconfig.exists() and self._data.kubeconfig.read_bytes() == text:
            return False
        write_private(self._data.kubeconfig, text)
        return True


def _auditor(files: AuditFiles, kubernetes_version: str, clock: Clock, ids: Ids) -> "Auditor | None":
    """Raises ConfigError, OSError."""
    if not files.policy:
        return None
    from kubeade.cluster.auditing import build_auditor

    return build_auditor(files, kubernetes_version, clock, ids)


def check_readable(storage: Storage) -> None:
    """Raises LedgerUnusable for what was encrypted by a configuration that is missing now."""
    for record in storage.cache.records():
        if record.value.startswith(b"k8s:enc:"):
            raise LedgerUnusable(
                f"{record.key.decode()} is encrypted: name the file that says how with "
                "--encryption-provider-config"
            )


def _keeper(ledger: Ledger, access: Access, clock: Clock, ids: Ids) -> "EncryptionKeeper | None":
    """Raises ConfigError, OSError."""
    if not access.encryption:
        return None
    from kubeade.apiserver.encryption.keeping import EncryptionKeeper

    return EncryptionKeeper(ledger, access.encryption, clock, ids, reload=access.encryption_reload)
