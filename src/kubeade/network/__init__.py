"""The wires: bridge, veth and addresses. An embedded implementation of the CNI treaty."""
