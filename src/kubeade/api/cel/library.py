"""All functions that Kubernetes adds to CEL, in one table.

https://kubernetes.io/docs/reference/using-api/cel/#cel-options-language-features-and-libraries
Those of the language and of its extensions are `standard`'s.
"""

from kubeade.api.cel.authorizer import FUNCTIONS as AUTHORIZER
from kubeade.api.cel.formats import FORMATS
from kubeade.api.cel.list_functions import LISTS
from kubeade.api.cel.networks import NETWORKS
from kubeade.api.cel.numbers import NUMBERS
from kubeade.api.cel.overload import Overload
from kubeade.api.cel.text import TEXT

LIBRARY: tuple[Overload, ...] = (*LISTS, *TEXT, *NETWORKS, *NUMBERS, *FORMATS, *AUTHORIZER)
