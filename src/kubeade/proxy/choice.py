"""Which endpoint takes the next connection: in turn, or the one this client had before."""

from kubeade.proxy.table import Endpoint, Route

CLIENTS_LIMIT = 10_000


class Chooser:
    """Chooses among a route's endpoints, which may change at any time."""

    def __init__(self, route: Route) -> None:
        self.route = route
        self._turn = 0
        self._clients: dict[str, tuple[Endpoint, float]] = {}

    def candidates(self, client: str, now_seconds: float) -> list[Endpoint]:
        """All endpoints, the one to try first at the front."""
        endpoints = list(self.route.endpoints)
        if not endpoints:
            return []
        known = self._known(client, now_seconds)
        if known in endpoints:
            first = endpoints.index(known)
        else:
            first = self._turn = (self._turn + 1) % len(endpoints)
        return endpoints[first:] + endpoints[:first]

    def chosen(self, client: str, endpoint: Endpoint, now_seconds: float) -> None:
        """The client's connection went to this endpoint; remember it where the Service wants that."""
        if not self.route.affinity_seconds:
            return
        self._clients.pop(client, None)
        if len(self._clients) >= CLIENTS_LIMIT:
            del self._clients[next(iter(self._clients))]
        self._clients[client] = (endpoint, now_seconds)

    def _known(self, client: str, now_seconds: float) -> Endpoint | None:
        """Where the client was last, as long as the Service wants it to come back there."""
        if not self.route.affinity_seconds:
            self._clients.clear()
        endpoint, last_seconds = self._clients.get(client, (None, 0.0))
        return endpoint if now_seconds < last_seconds + self.route.affinity_seconds else None
