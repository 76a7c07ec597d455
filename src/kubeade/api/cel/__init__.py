"""CEL as Kubernetes speaks it: shared by rules of custom resources, match conditions and admission policies.

https://kubernetes.io/docs/reference/using-api/cel/
`environment` compiles and runs; each other module is one of the libraries that Kubernetes adds, or a piece of
syntax that the engine lacks.
"""
