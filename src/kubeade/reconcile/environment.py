"""What every controller of a component is given: its own client, the shared copies, dates, ids, events."""

from dataclasses import dataclass

from kubeade.client.client import Client
from kubeade.lib.clock import Clock
from kubeade.lib.ids import Ids
from kubeade.reconcile.events import EventRecorder
from kubeade.reconcile.informer import Informers


@dataclass(frozen=True, slots=True)
class Environment:
    """`client` acts as this controller; `informers` are shared with the others."""

    client: Client
    informers: Informers
    clock: Clock
    ids: Ids
    events: EventRecorder
