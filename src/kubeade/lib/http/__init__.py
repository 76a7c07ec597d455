"""HTTP/1.1 without Kubernetes: messages, a server, WebSocket and SPDY framing."""
