"""An extension API server in a pod: `drinks` of shop.example, for whoever the front proxy says asks.

It finds its key, and the authority of front proxies, where its Pod mounts them; it writes nothing.
"""

import json
import os
import ssl
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

GROUP_VERSION = "shop.example/v1"
FILES = Path(sys.argv[1])
RESOURCES = {
    "kind": "APIResourceList",
    "apiVersion": "v1",
    "groupVersion": GROUP_VERSION,
    "resources": [
        {
            "name": "drinks",
            "singularName": "drink",
            "namespaced": True,
            "kind": "Drink",
            "verbs": ["get", "list"],
            "shortNames": ["dr"],
        }
    ],
}


def drink(name, asked_by):
    metadata = {"name": name, "annotations": {"asked-by": asked_by}}
    return {"apiVersion": GROUP_VERSION, "kind": "Drink", "metadata": metadata}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        path = self.path.partition("?")[0].strip("/").split("/")
        user = self.headers.get("X-Remote-User", "")
        if path == ["apis", "shop.example", "v1"]:
            self.answer(RESOURCES)
        elif path[-1] == "drinks":
            items = [drink(name, user) for name in ("cola", "lemonade")]
            self.answer({"apiVersion": GROUP_VERSION, "kind": "DrinkList", "metadata": {}, "items": items})
        elif path[-2:-1] == ["drinks"]:
            self.answer(drink(path[-1], user))
        else:
            self.answer({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 404}, 404)

    def answer(self, value, status=200):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(FILES / "tls.crt", FILES / "tls.key")
context.load_verify_locations(FILES / "front-proxy-ca.crt")
context.verify_mode = ssl.CERT_REQUIRED
server = ThreadingHTTPServer((os.environ["POD_IP"], 8443), Handler)
server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
server.serve_forever()
