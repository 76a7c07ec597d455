"""Requests that are passed on: to pods, services and nodes (their `proxy` subresource), and to extension API
servers (aggregation).

`locations` says where to, `addresses` which addresses are never gone to, `headers` what may pass in either
direction, `rewriting` makes links in answers lead back here, and `forward` does it.
"""
