"""What can go wrong on the way to a running container, as the pod's status will name it.

KubeletError
 ├── StartFailure    one container cannot start: its `waiting.reason`; the others go on
 ├── VolumeError     a volume cannot be set up: FailedMount; no container starts
 └── HookFailure     a postStart or preStop hook failed
"""


class KubeletError(Exception):
    """Base of what the kubelet itself runs into."""


class StartFailure(KubeletError):
    """`reason` is CreateContainerConfigError, ErrImagePull, CrashLoopBackOff, RunContainerError, ..."""

    def __init__(self, reason: str, message: str, *, retry_seconds: float = 10.0) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.retry_seconds = retry_seconds


class VolumeError(KubeletError):
    """A volume cannot be set up now; the message says which and why."""


class HookFailure(KubeletError):
    """A lifecycle hook did not succeed."""
