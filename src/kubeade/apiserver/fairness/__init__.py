"""Priority and fairness: who waits for whom when there is too much to do (upstream: flowcontrol).

https://kubernetes.io/docs/concepts/cluster-administration/flow-control/
`classification` finds a request's FlowSchema and tells its flow (pure); `level` has a priority level's seats
and queues; `fairness` follows the objects that say all this, and lets requests in.
"""
