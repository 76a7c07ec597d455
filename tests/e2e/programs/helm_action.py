"""One action of Helm's own Go code, its result as JSON: `helm_action.py KUBECONFIG NAMESPACE ACTION ARGUMENTS`.

A process of its own for each, since the Go runtime that the library brings along takes over signals.
"""

import json
import sys

from helm_python import Config, HelmError

kubeconfig, namespace, action, arguments = sys.argv[1:]
with Config(kubeconfig_path=kubeconfig, namespace=namespace) as config:
    try:
        result = getattr(config, action)(**json.loads(arguments))
    except HelmError as error:
        sys.exit(f"{type(error).__name__}: {error}")
sys.stdout.write(json.dumps(result))
