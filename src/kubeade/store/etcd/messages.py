"""etcd's messages, as far as they are spoken here: names and numbers as in its rpc.proto.

Fields keep their spelling on the wire. Enumerations are their numbers.
"""
# ruff: noqa: N815, RUF012 - the names are etcd's; msgspec copies a default that is an empty list

from typing import Annotated

from kubeade.lib.protobuf.message import Message


class Empty(Message):
    """Any request without fields."""


class ResponseHeader(Message):
    cluster_id: Annotated[int, 1] = 0
    member_id: Annotated[int, 2] = 0
    revision: Annotated[int, 3] = 0
    raft_term: Annotated[int, 4] = 0


class KeyValue(Message):
    key: Annotated[bytes, 1] = b""
    create_revision: Annotated[int, 2] = 0
    mod_revision: Annotated[int, 3] = 0
    version: Annotated[int, 4] = 0
    value: Annotated[bytes, 5] = b""
    lease: Annotated[int, 6] = 0


class Event(Message):
    type: Annotated[int, 1] = 0
    kv: Annotated[KeyValue | None, 2] = None
    prev_kv: Annotated[KeyValue | None, 3] = None


class RangeRequest(Message):
    key: Annotated[bytes, 1] = b""
    range_end: Annotated[bytes, 2] = b""
    limit: Annotated[int, 3] = 0
    revision: Annotated[int, 4] = 0
    sort_order: Annotated[int, 5] = 0
    sort_target: Annotated[int, 6] = 0
    serializable: Annotated[bool, 7] = False
    keys_only: Annotated[bool, 8] = False
    count_only: Annotated[bool, 9] = False
    min_mod_revision: Annotated[int, 10] = 0
    max_mod_revision: Annotated[int, 11] = 0
    min_create_revision: Annotated[int, 12] = 0
    max_create_revision: Annotated[int, 13] = 0


class RangeResponse(Message):
    header: Annotated[ResponseHeader | None, 1] = None
    kvs: Annotated[list[KeyValue], 2] = []
    more: Annotated[bool, 3] = False
    count: Annotated[int, 4] = 0


class PutRequest(Message):
    key: Annotated[bytes, 1] = b""
    value: Annotated[bytes, 2] = b""
    lease: Annotated[int, 3] = 0
    prev_kv: Annotated[bool, 4] = False
    ignore_value: Annotated[bool, 5] = False
    ignore_lease: Annotated[bool, 6] = False


class PutResponse(Message):
    header: Annotated[ResponseHeader | None, 1] = None
    prev_kv: Annotated[KeyValue | None, 2] = None


class DeleteRangeRequest(Message):
    key: Annotated[bytes, 1] = b""
    range_end: Annotated[bytes, 2] = b""
    prev_kv: Annotated[bool, 3] = False


class DeleteRangeResponse(Message):
    header: Annotated[ResponseHeader | None, 1] = None
    deleted: Annotated[int, 2] = 0
    prev_kvs: Annotated[list[KeyValue], 3] = []


class RequestOp(Message):
    request_range: Annotated[RangeRequest | None, 1] = None
    request_put: Annotated[PutRequest | None, 2] = None
    request_delete_range: Annotated[DeleteRangeRequest | None, 3] = None
    request_txn: Annotated["TxnRequest | None", 4] = None


class ResponseOp(Message):
    response_range: Annotated[RangeResponse | None, 1] = None
    response_put: Annotated[PutResponse | None, 2] = None
    response_delete_range: Annotated[DeleteRangeResponse | None, 3] = None
    response_txn: Annotated["TxnResponse | None", 4] = None


class Compare(Message):
    result: Annotated[int, 1] = 0
    target: Annotated[int, 2] = 0
    key: Annotated[bytes, 3] = b""
    version: Annotated[int, 4] = 0
    create_revision: Annotated[int, 5] = 0
    mod_revision: Annotated[int, 6] = 0
    value: Annotated[bytes, 7] = b""
    lease: Annotated[int, 8] = 0
    range_end: Annotated[bytes, 64] = b""


class TxnRequest(Message):
    compare: Annotated[list[Compare], 1] = []
    success: Annotated[list[RequestOp], 2] = []
    failure: Annotated[list[RequestOp], 3] = []


class TxnResponse(Message):
    header: Annotated[ResponseHeader | None, 1] = None
    succeeded: Annotated[bool, 2] = False
    responses: Annotated[list[ResponseOp], 3] = []


class CompactionRequest(Message):
    revision: Annotated[int, 1] = 0
    physical: Annotated[bool, 2] = False


class CompactionResponse(Message):
    header: Annotated[ResponseHeader | None, 1] = None


class HashKVRequest(Message):
    revision: Annotated[int, 1] = 0


class HashKVResponse(Message):
    header: Annotated[ResponseHeader | None, 1] = None
    hash: Annotated[int, 2] = 0
    compact_revision: Annotated[int, 3] = 0
    hash_revision: Annotated[int, 4] = 0


class HashResponse(Message):
    header: Annotated[ResponseHeader | None, 1] = None
    hash: Annotated[int, 2] = 0


class SnapshotResponse(Message):
    header: Annotated[ResponseHeader | None, 1] = None
    remaining_bytes: Annotated[int, 2] = 0
    blob: Annotated[bytes, 3] = b""
    version: Annotated[str, 4] = ""


class WatchCreateRequest(Message):
    key: Annotated[bytes, 1] = b""
    range_end: Annotated[bytes, 2] = b""
    start_revision: Annotated[int, 3] = 0
    progress_notify: Annotated[bool, 4] = False
    filters: Annotated[list[int], 5] = []
    prev_kv: Annotated[bool, 6] = False
    watch_id: Annotated[int, 7] = 0
    fragment: Annotated[bool, 8] = False


class WatchCancelRequest(Message):
    watch_id: Annotated[int, 1] = 0


class WatchRequest(Message):
    create_request: Annotated[WatchCreateRequest | None, 1] = None
    cancel_request: Annotated[WatchCancelRequest | None, 2] = None
    progress_request: Annotated[Empty | None, 3] = None


class WatchResponse(Message):
    header: Annotated[ResponseHeader | None, 1] = None
    watch_id: Annotated[int, 2] = 0
    created: Annotated[bool, 3] = False
    canceled: Annotated[bool, 4] = False
    compact_revision: Annotated[int, 5] = 0
    cancel_reason: Annotated[str, 6] = ""
    fragment: Annotated[bool, 7] = False
    events: Annotated[list[Event], 11] = []


class LeaseGrantRequest(Message):
    TTL: Annotated[int, 1] = 0
    ID: Annotated[int, 2] = 0


class LeaseGrantResponse(Message):
    header: Annotated[ResponseHeader | None, 1] = None
    ID: Annotated[int, 2] = 0
    TTL: Annotated[int, 3] = 0
    error: Annotated[str, 4] = ""


class LeaseRevokeRequest(Message):
    ID: Annotated[int, 1] = 0


class LeaseRevokeResponse(Message):
    header: Annotated[ResponseHeader | None, 1] = None


class LeaseKeepAliveRequest(Message):
    ID: Annotated[int, 1] = 0


class LeaseKeepAliveResponse(Message):
    header: Annotated[ResponseHeader | None, 1] = None
    ID: Annotated[int, 2] = 0
    TTL: Annotated[int, 3] = 0


class LeaseTimeToLiveRequest(Message):
    ID: Annotated[int, 1] = 0
    keys: Annotated[bool, 2] = False


class LeaseTimeToLiveResponse(Message):
    header: Annotated[ResponseHeader | None, 1] = None
    ID: Annotated[int, 2] = 0
    TTL: Annotated[int, 3] = 0
    grantedTTL: Annotated[int, 4] = 0
    keys: Annotated[list[bytes], 5] = []


class LeaseStatus(Message):
    ID: Annotated[int, 1] = 0


class LeaseLeasesResponse(Message):
    header: Annotated[ResponseHeader | None, 1] = None
    leases: Annotated[list[LeaseStatus], 2] = []


class Member(Message):
    ID: Annotated[int, 1] = 0
    name: Annotated[str, 2] = ""
    peerURLs: Annotated[list[str], 3] = []
    clientURLs: Annotated[list[str], 4] = []
    isLearner: Annotated[bool, 5] = False


class MemberListResponse(Message):
    header: Annotated[ResponseHeader | None, 1] = None
    members: Annotated[list[Member], 2] = []


class DefragmentResponse(Message):
    header: Annotated[ResponseHeader | None, 1] = None


class AlarmRequest(Message):
    action: Annotated[int, 1] = 0
    memberID: Annotated[int, 2] = 0
    alarm: Annotated[int, 3] = 0


class AlarmMember(Message):
    memberID: Annotated[int, 1] = 0
    alarm: Annotated[int, 2] = 0


class AlarmResponse(Message):
    header: Annotated[ResponseHeader | None, 1] = None
    alarms: Annotated[list[AlarmMember], 2] = []


class StatusResponse(Message):
    header: Annotated[ResponseHeader | None, 1] = None
    version: Annotated[str, 2] = ""
    dbSize: Annotated[int, 3] = 0
    leader: Annotated[int, 4] = 0
    raftIndex: Annotated[int, 5] = 0
    raftTerm: Annotated[int, 6] = 0
    raftAppliedIndex: Annotated[int, 7] = 0
    errors: Annotated[list[str], 8] = []
    dbSizeInUse: Annotated[int, 9] = 0
    isLearner: Annotated[bool, 10] = False
    storageVersion: Annotated[str, 11] = ""
    dbSizeQuota: Annotated[int, 12] = 0


class AuthStatusResponse(Message):
    header: Annotated[ResponseHeader | None, 1] = None
    enabled: Annotated[bool, 2] = False
    authRevision: Annotated[int, 3] = 0


class LockRequest(Message):
    name: Annotated[bytes, 1] = b""
    lease: Annotated[int, 2] = 0


class LockResponse(Message):
    header: Annotated[ResponseHeader | None, 1] = None
    key: Annotated[bytes, 2] = b""


class UnlockRequest(Message):
    key: Annotated[bytes, 1] = b""


class LeaderKey(Message):
    name: Annotated[bytes, 1] = b""
    key: Annotated[bytes, 2] = b""
    rev: Annotated[int, 3] = 0
    lease: Annotated[int, 4] = 0


class CampaignRequest(Message):
    name: Annotated[bytes, 1] = b""
    lease: Annotated[int, 2] = 0
    value: Annotated[bytes, 3] = b""


class CampaignResponse(Message):
    header: Annotated[ResponseHeader | None, 1] = None
    leader: Annotated[LeaderKey | None, 2] = None


class LeaderRequest(Message):
    name: Annotated[bytes, 1] = b""


class LeaderResponse(Message):
    header: Annotated[ResponseHeader | None, 1] = None
    kv: Annotated[KeyValue | None, 2] = None


class ResignRequest(Message):
    leader: Annotated[LeaderKey | None, 1] = None


class ProclaimRequest(Message):
    leader: Annotated[LeaderKey | None, 1] = None
    value: Annotated[bytes, 2] = b""


class HeaderResponse(Message):
    """Any answer that is only a header."""

    header: Annotated[ResponseHeader | None, 1] = None
