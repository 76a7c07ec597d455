"""Who each component is: what in a cluster of many machines its client certificate or token would say."""

from kubeade.apiserver.seams import User
from kubeade.client.client import Client
from kubeade.client.shelf import Shelf
from kubeade.client.transport import in_process
from kubeade.lib.http.message import Handler

AUTHENTICATED = "system:authenticated"
MASTERS = "system:masters"
ADMIN = User("kubernetes-admin", groups=(MASTERS, AUTHENTICATED))
API_SERVER = User("system:apiserver", groups=(MASTERS, AUTHENTICATED))
CONTROLLER_MANAGER = User("system:kube-controller-manager", groups=(AUTHENTICATED,))


def node(name: str) -> User:
    """The kubelet of a node."""
    return User(f"system:node:{name}", groups=("system:nodes", AUTHENTICATED))


def component(name: str) -> User:
    """A component that is a user of its own: `system:kube-scheduler`, ..."""
    return User(name, groups=(AUTHENTICATED,))


def controller(name: str) -> User:
    """A controller with a service account of its own, as upstream's run; without a name: their shared
    reader."""
    if not name:
        return CONTROLLER_MANAGER
    groups = ("system:serviceaccounts", "system:serviceaccounts:kube-system", AUTHENTICATED)
    return User(f"system:serviceaccount:kube-system:{name}", groups=groups)


def client_of(handler: Handler, user: User, shelf: Shelf | None = None) -> Client:
    """A client that talks to the API server in this process, and shares what it reads."""
    agent = "kube-apiserver" if user is API_SERVER else user.name.rpartition(":")[2]
    return Client(in_process(handler, user), user_agent=agent, shelf=shelf)
