"""Which certificates of a data directory expire soon, for who looks after the cluster.

A running cluster renews its own long before. What is told of is its authority, what was not renewed because
nothing ran, and a cluster whose clock is wrong.
"""

import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from kubeade.cluster.layout import DataDirectory
from kubeade.lib.certificate import read_certificate

SOON = timedelta(days=30)
_END = "-----END CERTIFICATE-----"


@dataclass(frozen=True, slots=True)
class Expiring:
    file: Path
    not_after: datetime

    def told(self, now: datetime) -> str:
        """One line: which, when, and what to do."""
        days = (self.not_after - now).days
        when = f"expires in {days} days" if self.not_after > now else "has expired"
        if self.file.name == "ca.crt":
            advice = "make a new cluster in time, or bring an authority along: it is not renewed by itself"
        else:
            advice = "start the cluster, or start it again: it is renewed then"
        return f"certificate {self.file} {when} ({self.not_after:%Y-%m-%d}): {advice}"


def expiring(data: DataDirectory, now: datetime) -> list[Expiring]:
    """In order of their names."""
    found = (Expiring(file, not_after) for file, not_after in _certificates(data.pki))
    return [each for each in found if each.not_after - now < SOON]


def _certificates(folder: Path) -> Iterator[tuple[Path, datetime]]:
    for file in sorted([*folder.rglob("*.crt"), *folder.rglob("*.pem")]):
        try:
            pem = file.read_text(encoding="ascii")
            begin = pem.index("-----BEGIN CERTIFICATE-----")
            der = ssl.PEM_cert_to_DER_cert(pem[begin : pem.index(_END, begin) + len(_END)])
            yield file, read_certificate(der).not_after
        except (OSError, ValueError):
            continue
